// Which figures does an evaluation have, what do they mean, and what are they here? One table of all of them.
//
// Every command, CSV column, objective and trade-off reads this table, and nothing else computes a derived
// figure. To add one: a row in src/cost/metrics.cpp. `fusescape list metrics` prints the table.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fusescape/arch/design.hpp"
#include "fusescape/cost/energy.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/generation.hpp"
#include "fusescape/cost/whole_model.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// What figures are read from. The caller keeps what the references and pointers mean.
struct Evaluated {
  const Workload& workload;
  const Design& design;
  const Cost* cost = nullptr;               ///< What one block takes. Null: it does not run on this design.
  const EnergyBreakdown* energy = nullptr;  ///< Energy of one block. Null: not computed.
  const HeadOutcome* head = nullptr;        ///< Final norm and head. Null: not modelled, or not computed.
  /// What each kind of layers takes, if the model is a stack of several, which has no `cost` of one block.
  std::span<const LayerCost> layers{};
  const GenerationTimes* generation = nullptr;  ///< Times of a prompt and what is generated after it; the
                                                ///< rest is its prefill's. Null: no generation.
};

/// numerator / denominator, compared exactly. Expects numerator >= 0 and denominator > 0.
struct Quotient {
  Int128 numerator = 0;
  Int128 denominator = 1;
  friend std::strong_ordering operator<=>(const Quotient& a, const Quotient& b);
  friend bool operator==(const Quotient& a, const Quotient& b) { return (a <=> b) == 0; }
};

/// A bandwidth without a limit: more than any number.
struct Unlimited {};

/// A figure that is known.
struct Figure {
  std::variant<std::int64_t, double, Unlimited> number;  ///< What is printed.
  /// What is compared with other designs, if it is not `number`: seconds where `number` counts cycles of this
  /// design's clock, or the exact quotient that `number` is rounded from.
  std::optional<Quotient> compared{};
};

/// A figure, or why it is null: a clause without a full stop.
using MetricValue = expected<Figure, std::string>;

/// Orders figures of one metric by what is compared, exactly where that is exact.
[[nodiscard]] std::weak_ordering compare(const Figure& a, const Figure& b);

/// What is compared, rounded. Infinite if unlimited.
[[nodiscard]] double magnitude(const Figure& figure);

/// How many times `b` is in `a`, by what is compared. Infinite or NaN where `b` is 0.
[[nodiscard]] double ratio(const Figure& a, const Figure& b);

enum class MetricOf : unsigned char { kBlock, kModel, kDesign };
[[nodiscard]] std::string_view name_of(MetricOf of);

/// What a designer wants. `minimize` takes the least all the same.
enum class Better : unsigned char { kLess, kMore };
[[nodiscard]] std::string_view name_of(Better better);

struct Metric {
  std::string_view name;
  std::string_view unit;  ///< "1" for a pure number.
  MetricOf of{};
  Better better{};
  std::string_view meaning;
  MetricValue (*value)(const Evaluated& evaluated);
  bool reads_energy = false;   ///< Null where Evaluated::energy is.
  bool of_generation = false;  ///< Null, and in no table, where Evaluated::generation is.
};

/// In the order in which reports print them; no two of one name.
[[nodiscard]] std::span<const Metric> metrics();

/// Null if there is none of this name.
[[nodiscard]] const Metric* find_metric(std::string_view name);

/// True if one of the names is that of a metric that reads energy.
[[nodiscard]] bool read_energy(std::span<const std::string> names);

/// Why a figure of one block is null where there is no cost: it does not run, or there are several blocks.
[[nodiscard]] std::string why_no_block(const Evaluated& evaluated);

/// n_layer blocks, or those of all kinds, then final norm and head; or why there are no such sums.
[[nodiscard]] expected<WholeModel, std::string> whole_of(const Evaluated& evaluated);

/// Their energy in pJ.
[[nodiscard]] MetricValue whole_energy_of(const Evaluated& evaluated);

/// Operations weighted with the cycles each takes, over what `pes` could do in `latency`.
[[nodiscard]] double utilization_of(Cycles pe_cycles, std::int64_t pes, Cycles latency);

}  // namespace fusescape
