// Which loops run operators best? Candidates made once per workload, when first asked for, and chosen per
// design point.
//
// A candidate's profile does not depend on capacity, bandwidth or clock, and which candidates are worth
// keeping depends on the array only, so a Planner serves every design point with the same cores, on any
// number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/engines.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/search/candidate.hpp"
#include "fusescape/search/objective.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// What the choice of a tiling may cost, in parts of the least time (docs/adr/tiling-of-single-operators.md):
inline constexpr std::int64_t kPartForBytes = 16;       ///< a sixteenth for fewer bytes,
inline constexpr std::int64_t kPartForEvenTiles = 128;  ///< a 128th for equal tiles.

[[nodiscard]] constexpr bool at_most_a_part_above(Ticks time, Ticks least, std::int64_t parts) {
  return time * parts <= least * (parts + 1);
}

/// Whether the choice of a tiling takes `time` for no longer than `least`.
[[nodiscard]] constexpr bool about(Ticks time, Ticks least) {
  return at_most_a_part_above(time, least, kPartForBytes);
}

class OptimalSpace;
class KnownCandidates;

/// The best on machines whose memories are of these sizes, both included, and whose DRAM ports are as fast as
/// that of the machine that was asked for, in cycles per byte.
struct BestWithin {
  Bytes from{};
  Bytes to{};
  const Candidate* best = nullptr;  ///< None if none fits.
  /// On-chip ports may be faster than that machine's; else they must be as fast.
  bool with_faster_ports = false;

  [[nodiscard]] bool has(Bytes capacity) const { return from <= capacity && capacity <= to; }
};

class Planner {
 public:
  /// Once `stop` is requested, candidates that are not made yet may be missing: whatever is planned from
  /// then on is legal, but not the best. Planners that have one `known` make candidates of equal operators
  /// once.
  Planner(const Cascade& cascade, const Accelerator& accelerator, std::stop_token stop = {},
          std::shared_ptr<KnownCandidates> known = {});
  Planner(const Planner&) = delete;
  Planner& operator=(const Planner&) = delete;
  Planner(Planner&& other) noexcept;
  Planner& operator=(Planner&& other) noexcept;
  ~Planner();

  [[nodiscard]] const Cascade& cascade() const { return *cascade_; }
  [[nodiscard]] const std::vector<SpatialMapping>& spatial() const { return spatial_; }
  [[nodiscard]] const ProfileOptions& options() const { return options_; }
  [[nodiscard]] const ArrayModel& array() const { return array_; }

  /// True if the plans of this planner are right for `accelerator`, too.
  [[nodiscard]] bool serves(const Accelerator& accelerator) const;

  /// The ways to run the unit of `op` alone: the operator, or the whole recurrence that it is in. Lightest
  /// first; of the orders of one tiling the one that moves least, without those that another is no worse than
  /// in each of its Weights.
  [[nodiscard]] const std::vector<Candidate>& candidates(OpId op) const;

  /// All nests that are tried for the unit of `op`, without profiles: candidates(op) are the useful ones.
  [[nodiscard]] std::vector<Candidate> nests(OpId op) const;

  /// The legal ways to run consecutive units as one group, values between them on chip, in the order in which
  /// they are tried: loops over the outer ranks that all of them share (batch, tokens), largest tiles first.
  [[nodiscard]] const std::vector<Candidate>& fused(const std::vector<OpId>& operators) const;

  /// The groups that `optimal` chooses from.
  [[nodiscard]] const OptimalSpace& optimal_space(const Ingredients& with = {}) const;

  /// Whether the cores run what `plan` asks of them, whatever it holds: plan/spatial.hpp.
  [[nodiscard]] bool runs_on_hardware(const Plan& plan) const;

  /// The operators that cannot be separated from `op`: its recurrence, or itself.
  [[nodiscard]] const std::vector<OpId>& unit(OpId op) const { return units_[unit_[index_of(op)]]; }

  /// Of candidates(op) the one that moves the fewest bytes, of those that fit and take about the time of the
  /// fastest of them that fits; of equals the fastest, then the first; but rather equal tiles than long and
  /// short ones in turn. None if none fits (docs/adr/tiling-of-single-operators.md).
  [[nodiscard]] const Candidate* best(OpId op, const Machine& machine) const {
    return best_within(op, machine).best;
  }

  /// The same, and on which other machines of this array it is. They have the machine's kinds of ports and
  /// its launch.
  [[nodiscard]] BestWithin best_within(OpId op, const Machine& machine) const;

  /// Its group laid out and profiled, once. Expects a candidate of this planner, or one that try_profile
  /// found legal.
  [[nodiscard]] const GroupProfile& profile(const Candidate& candidate) const;

  /// Fills the candidate's profile and weights; false, and neither, if its nest is illegal.
  [[nodiscard]] bool try_profile(Candidate& candidate) const;

  /// On-chip bytes below which nothing runs `op` alone.
  [[nodiscard]] Bytes least_footprint(OpId op) const;

 private:
  struct Made;

  const Cascade* cascade_;
  std::vector<SpatialMapping> spatial_;
  ProfileOptions options_;
  ArrayModel array_;
  std::vector<Core> cores_;
  std::stop_token stop_;
  std::vector<std::size_t> unit_;  ///< Per operator.
  std::vector<std::vector<OpId>> units_;
  std::shared_ptr<KnownCandidates> known_;
  std::unique_ptr<Made> made_;  ///< Candidates that have been asked for.
};

/// Adds `candidate` to `plan` as a group.
NodeId add_group(Plan& plan, const Cascade& cascade, const Candidate& candidate);

}  // namespace fusescape
