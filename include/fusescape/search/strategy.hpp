// Which fusion strategies are there? One visible table from names to functions that build plans.
//
// To add one: a builder in src/search, a line in strategy.cpp's table, a paragraph in
// docs/model/strategies.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/design.hpp"
#include "fusescape/arch/machine.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/strategy_inputs.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// Why a strategy has no plan for a cascade.
struct Refusal {
  enum class Reason : unsigned char {
    kMissingOperators,  ///< The cascade has no operator of a role that the strategy fuses.
    kDoesNotFit,        ///< Nothing this strategy may build fits the on-chip memory.
    kUnsupported,       ///< No core runs some of the cascade's operators.
    kWiderData,         ///< Some of the cascade's tensors are wider than what a PE computes in.
    kOverflow,          ///< Counts of an operator do not fit 64 bits.
    kIllegal,           ///< The plan breaks a rule on this accelerator.
    kNoEnergy,          ///< Energy is to be minimised, and none is known.
  } reason{};
  std::string message;
  Bytes needed;     ///< With kDoesNotFit.
  Bytes available;  ///< Likewise.
};

/// What the groups of a strategy's plans hold, which bounds them before they are made (`optimal` compares
/// itself with all of them).
enum class StrategyGroups : unsigned char {
  kAlone,    ///< One operator, or one recurrence, each. Tensors may stay on chip between them.
  kUpdates,  ///< Operators of one state update, the others alone. Of what may stay on chip between groups,
             ///< all readers are of the update, too.
  kRuns,     ///< Consecutive operators in loops over ranks that all of their outputs share, or one alone.
             ///< Nothing stays on chip between them.
  kAny,
};

struct Strategy {
  std::string_view name;
  std::string_view summary;
  expected<Plan, Refusal> (*build)(const Planner& planner, const Machine& machine,
                                   const StrategyInputs& inputs);
  StrategyGroups groups = StrategyGroups::kAny;
  bool reads_entropy = false;  ///< Its plans depend on StrategyInputs::entropy.
};

/// The tensors that are wider than what a PE computes in, and the settings that would mend it. Narrower ones
/// are legal: the PEs widen them.
[[nodiscard]] std::optional<Refusal> wider_data(const Cascade& cascade, const Accelerator& accelerator);

/// The operators that no core runs, each with its kind: why no strategy and no plan file runs the cascade
/// here.
[[nodiscard]] std::optional<Refusal> unsupported(const Cascade& cascade, const Machine& machine);

/// The strategy's plan, unless some operator is unsupported, whatever the strategy does with it.
[[nodiscard]] expected<Plan, Refusal> plan_by(const Strategy& strategy, const Planner& planner,
                                              const Machine& machine, const StrategyInputs& inputs = {});

/// Likewise, with the design's prices where energy is to be minimised.
[[nodiscard]] expected<Plan, Refusal> plan_by(const Strategy& strategy, const Planner& planner,
                                              const Design& design, const StrategyInputs& inputs = {});

/// `inputs` with the design's prices, if energy is to be minimised.
[[nodiscard]] StrategyInputs priced(StrategyInputs inputs, const Design& design);

[[nodiscard]] std::span<const Strategy> strategies();

/// nullptr if there is none of this name.
[[nodiscard]] const Strategy* find_strategy(std::string_view name);

}  // namespace fusescape
