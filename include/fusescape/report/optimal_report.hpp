// How did `optimal` find its plan, how far is that from what nothing undercuts, and why?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/report/document.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// What lies between a latency and its bound, in cycles, each rounded up.
struct GapReport {
  Cycles waits;           ///< Tiles and transfers of the plan's groups wait for each other.
  Cycles busier;          ///< Its busiest resources are busy so much longer than in the bound's partition,
  std::string partition;  ///< which is this.
};

/// One of the plans that none beats in both latency and energy.
struct TradeOffReport {
  Cycles latency;
  double energy_pj = 0.0;
  Bytes moved;
  std::string winner;
};

struct OptimalReport {
  std::string over;      ///< The class,
  bool whole = false;    ///< all of which was laid out.
  std::string winner;    ///< The strategy whose plan it is.
  std::string minimize;  ///< A metric; the next three are in its unit.
  Value value;
  Value bound;                           ///< What no plan of groups that were laid out undercuts.
  Value physical;                        ///< cost/physical_limit.hpp; empty: it has no such figure.
  double gap = 0.0;                      ///< value / bound - 1.
  std::optional<Cycles> simulated;       ///< None: the plan does not simulate.
  std::int64_t laid_out = 0;             ///< Groups, of which the class has many more by its tiles.
  std::int64_t compared = 0;             ///< Plans of other strategies.
  std::optional<GapReport> parts{};      ///< What a latency's gap consists of.
  std::vector<TradeOffReport> trades{};  ///< If they were asked for.
};

/// The same search with a little more of something.
struct MarginalReport {
  std::string change;
  Value value;  ///< What is minimised, in its unit; empty: no plan runs.
};

/// Why the plan is the best one. Cycles, each rounded up.
struct OptimalExplanation {
  std::string minimize;
  Value value;
  std::vector<MarginalReport> marginal;
  struct Next {
    Value value;
    Cycles latency;
    Bytes moved;
    std::string groups;
    std::string instead_of;
  };
  std::optional<Next> next{};  ///< The best plan of another partition. None: there is none.
  Cycles latency;              ///< Latency of the best plan,
  Bytes moved;                 ///< as this.
  struct Split {
    std::int64_t unfused = 0;
    std::int64_t traffic = 0;
    std::int64_t work = 0;
    std::int64_t overlap = 0;
  };
  std::optional<Split> split{};  ///< Parts of the gain over `unfused`; a part may be negative.
};

[[nodiscard]] Findings findings_of(const OptimalExplanation& explanation);

/// A gap beyond this is explained in text.
inline constexpr double kExplainedGap = 0.05;

/// The object `optimal` of JSON.
[[nodiscard]] Record record_of(const OptimalReport& optimal);

/// Adds a line or a few.
void add_lines(const OptimalReport& optimal, Lines& lines);

/// latency_cycles, energy_pj, dram_bytes, winner: a row each.
[[nodiscard]] Table trade_off_table(const OptimalReport& optimal);

}  // namespace fusescape
