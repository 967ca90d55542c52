#include "fusescape/search/strategy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "corey_policy.hpp"
#include "fused_groups.hpp"
#include "fusescape/workload/role_types.hpp"
#include "memory_aware.hpp"
#include "optimal_plan.hpp"
#include "resident_states.hpp"
#include "retained.hpp"
#include "retention.hpp"
#include "runs.hpp"

namespace fusescape {
namespace {

using Built = expected<Plan, Refusal>;

Built unfused(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return fused_plan(planner, machine, {});
}

// The schemes of the fine-grained-fusion paper (Mamba's operators): A = {dA, exp} is what makes the decay, B
// = {dB, dBx} what makes the addend, S = {t, h, y} the recurrence and its readers.
constexpr FusedRoles kA{.decay = true};
constexpr FusedRoles kB{.input = true};
constexpr FusedRoles kAS{.decay = true, .state = true};
constexpr FusedRoles kBS{.input = true, .state = true};

template <FusedRoles... Groups>
Built fused(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return fused_plan(planner, machine, {.groups = {Groups...}});
}

Built fuse_all_chain(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return fused_plan(planner, machine, {.groups = {kWholeUpdate}, .intermediates = Intermediates::kRegisters});
}

Built mem_aware(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return memory_aware_plan(planner, machine, SlicesBy::kPublishedRule, Intermediates::kOnChip);
}

Built mem_aware_exact(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return memory_aware_plan(planner, machine, SlicesBy::kFootprint, Intermediates::kOnChip);
}

Built mem_aware_chain(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return memory_aware_plan(planner, machine, SlicesBy::kFootprint, Intermediates::kRegisters);
}

/// Groups of Depth consecutive operators, whatever they are.
template <std::size_t Depth>
Built fixed_depth(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return plan_of_runs(planner, machine, runs_of_depth(planner, Depth));
}

/// Lookahead: so many operators may join at once.
template <std::size_t Lookahead>
Built greedy(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return plan_of_runs(planner, machine, greedy_runs(planner, machine, Lookahead));
}

Built retained(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return retained_plan(planner, machine);
}

// MARCA's buffer policy is not published beyond its mechanisms; these two bracket it.
Built marca_lower(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  return plan_of_runs(planner, machine, elementwise_runs(planner));
}

Built marca_upper(const Planner& planner, const Machine& machine, const StrategyInputs&) {
  Built plan = fused_plan(planner, machine, {});
  if (plan) retain_whole(*plan, planner, machine);
  return plan;
}

constexpr std::array kStrategies{
    Strategy{
        "unfused",
        "every operator alone, in the traffic-least tiling and loop order of those that fit and take about "
        "the least time",
        unfused, StrategyGroups::kAlone},
    Strategy{"pact-a", "fuses A: what makes the decay (Mamba's dA, exp), token by token", fused<kA>,
             StrategyGroups::kUpdates},
    Strategy{"pact-b", "fuses B: what makes the addend (Mamba's dB, dBx)", fused<kB>,
             StrategyGroups::kUpdates},
    Strategy{"pact-a-b", "fuses A, and B, tokens between fused groups kept as they fit", fused<kA, kB>,
             StrategyGroups::kUpdates},
    Strategy{"pact-as", "fuses A with S: the recurrence and its readers (Mamba's t, h, y)", fused<kAS>,
             StrategyGroups::kUpdates},
    Strategy{"pact-bs", "fuses B with S", fused<kBS>, StrategyGroups::kUpdates},
    Strategy{"pact-as-b", "fuses A with S, and B, tokens between them kept as they fit", fused<kAS, kB>,
             StrategyGroups::kUpdates},
    Strategy{"pact-a-bs", "fuses A, and B with S, tokens between them kept as they fit", fused<kA, kBS>,
             StrategyGroups::kUpdates},
    Strategy{
        "fuse-all",
        "fuses A, B and S (Mamba's dA, exp, dB, dBx, t, h, y) token by token, values between them on chip",
        fused<kWholeUpdate>, StrategyGroups::kUpdates},
    Strategy{"fuse-all-chain", "as fuse-all, with the values between operators in PE registers",
             fuse_all_chain, StrategyGroups::kUpdates},
    Strategy{"mem-aware", "as fuse-all, over slices of the channels by the fine-grained-fusion paper's rule",
             mem_aware, StrategyGroups::kUpdates},
    Strategy{"mem-aware-exact", "as mem-aware, with the fewest slices whose real footprint fits",
             mem_aware_exact, StrategyGroups::kUpdates},
    Strategy{"mem-aware-chain", "as mem-aware-exact, with the values between operators in PE registers",
             mem_aware_chain, StrategyGroups::kUpdates},
    Strategy{"fixed-depth-2",
             "groups of 2 consecutive operators, where that is legal, fits and takes no longer than apart",
             fixed_depth<2>, StrategyGroups::kRuns},
    Strategy{"fixed-depth-3", "groups of 3, likewise", fixed_depth<3>, StrategyGroups::kRuns},
    Strategy{"fixed-depth-4", "groups of 4, likewise", fixed_depth<4>, StrategyGroups::kRuns},
    Strategy{"fixed-depth-6", "groups of 6, likewise", fixed_depth<6>, StrategyGroups::kRuns},
    Strategy{"fixed-depth-8", "groups of 8, likewise", fixed_depth<8>, StrategyGroups::kRuns},
    Strategy{"greedy", "operators join the group before them while that saves time", greedy<1>,
             StrategyGroups::kRuns},
    Strategy{"greedy-lookahead", "as greedy, up to three operators at once: the first may save nothing alone",
             greedy<3>, StrategyGroups::kRuns},
    Strategy{
        "retained",
        "every operator alone, in the tilings and with the tensors kept on chip that together move least",
        retained, StrategyGroups::kAlone},
    Strategy{"marca-lower", "MARCA, least time: element-wise chains on chip, in the fastest tiles that fit",
             marca_lower, StrategyGroups::kRuns},
    Strategy{"marca-upper", "MARCA, most time: unfused, with intermediates kept whole where they fit",
             marca_upper, StrategyGroups::kAlone},
    Strategy{
        "corey",
        "COREY's published rule: operators join the group before them while a score of entropy, intensity "
        "and depth is high; tiles from entropy",
        corey_plan, StrategyGroups::kRuns, true},
    Strategy{"optimal",
             "the partition into groups of token loops around bodies, chains in registers and whole tensors "
             "kept between groups, that has least of what is minimised; never more than another strategy",
             optimal_plan},
};

}  // namespace

namespace {

/// Sums that are kept in a wider type than the PEs add in.
std::optional<Refusal> wider_sums(const Cascade& cascade, const Accelerator& accelerator) {
  const DataType adders = facts(accelerator.pe_type).accumulator;
  for (const Tensor& tensor : cascade.tensors) {
    if (!tensor.accumulator || bits_of(*tensor.accumulator) <= bits_of(adders)) continue;
    return Refusal{Refusal::Reason::kWiderData,
                   fmt::format("{} sums on {} PEs, which add in {}.\nA narrower accumulator_dtype would do.",
                               name_of(*tensor.accumulator), name_of(accelerator.pe_type), name_of(adders)),
                   {},
                   {}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> wider_data(const Cascade& cascade, const Accelerator& accelerator) {
  const auto wider = [&](const Tensor& tensor) {
    return bits_of(tensor.type) > bits_of(accelerator.pe_type);
  };
  const auto& tensors = cascade.tensors;
  const auto first = std::find_if(tensors.begin(), tensors.end(), wider);
  if (first == tensors.end()) return wider_sums(cascade, accelerator);
  const auto count = std::count_if(first, tensors.end(), wider);
  const auto widest = std::max_element(first, tensors.end(), [](const Tensor& a, const Tensor& b) {
    return bits_of(a.type) < bits_of(b.type);
  });
  // Tensors of one type have it from the workload; single ones say their own, or have it from their role in a
  // model.
  const bool all = count == static_cast<std::ptrdiff_t>(tensors.size());
  const std::string_view pes = name_of(accelerator.pe_type);
  return Refusal{
      Refusal::Reason::kWiderData,
      fmt::format("{0} data on {1} PEs: {2}{3} {4} wider than what a PE computes in.\n"
                  "Narrower data (--set {5}={1}{6}) or wider PEs (--set pe_type={0}) would do.",
                  name_of(widest->type), pes, first->name,
                  count > 1 ? fmt::format(" and {} more", count - 1) : "", count > 1 ? "are" : "is",
                  all ? "dtype" : fmt::format("tensors.{}.type", first->name),
                  all ? ""
                      : fmt::format("{}; of a model, {}", count > 1 ? ", and so on" : "",
                                    type_setting(cascade, *first))),
      {},
      {}};
}

std::optional<Refusal> unsupported(const Cascade& cascade, const Machine& machine) {
  std::vector<std::string> names;
  for (const Operator& op : cascade.operators) {
    if (machine.engines[static_cast<std::size_t>(op.kind)].cycles_per_op > 0) continue;
    names.push_back(fmt::format("{} ({})", op.name, name_of(op.kind)));
  }
  if (names.empty()) return std::nullopt;
  return Refusal{
      Refusal::Reason::kUnsupported, fmt::format("no core runs {}", fmt::join(names, ", ")), {}, {}};
}

expected<Plan, Refusal> plan_by(const Strategy& strategy, const Planner& planner, const Machine& machine,
                                const StrategyInputs& inputs) {
  if (auto refusal = unsupported(planner.cascade(), machine)) return unexpected{std::move(*refusal)};
  const Cascade& cascade = planner.cascade();
  auto plan = strategy.build(planner, beside_states(cascade, machine), inputs);
  if (!plan) plan.error() = with_states(std::move(plan.error()), cascade, machine);
  const bool lacks = !plan && plan.error().reason == Refusal::Reason::kMissingOperators;
  if (lacks) plan.error().message += fmt::format(": {} needs one", strategy.name);
  return plan;
}

StrategyInputs priced(StrategyInputs inputs, const Design& design) {
  if (reads_energy(inputs.minimize)) {
    inputs.prices = prices_of(design.accelerator, design.technology.get());
  }
  return inputs;
}

expected<Plan, Refusal> plan_by(const Strategy& strategy, const Planner& planner, const Design& design,
                                const StrategyInputs& inputs) {
  if (!reads_energy(inputs.minimize)) return plan_by(strategy, planner, design.machine, inputs);
  return plan_by(strategy, planner, design.machine, priced(inputs, design));
}

std::span<const Strategy> strategies() {
  return kStrategies;
}

const Strategy* find_strategy(std::string_view name) {
  for (const Strategy& strategy : kStrategies) {
    if (strategy.name == name) return &strategy;
  }
  return nullptr;
}

}  // namespace fusescape
