// Which groups does `optimal` choose from? Made once per workload and array, shared by all its design points.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "competitors.hpp"
#include "fusescape/cost/energy.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/strategy_inputs.hpp"
#include "optimal_group.hpp"

namespace fusescape {

/// Sets of tensors that may stay on chip between groups: bits in the order of OptimalSpace::kept().
using KeptSet = std::uint64_t;

/// What a way moves of one tensor that the cascade makes.
struct MadeTraffic {
  KeptSet bit = 0;  ///< 0: the tensor is none of OptimalSpace::kept().
  Bytes moved;      ///< Over the DRAM port, both ways.
  Bytes size;       ///< Of the whole tensor.
};

/// One way to run some units: a group of the space, or a candidate of an operator alone.
struct Way {
  const FusedGroup* group = nullptr;
  const Candidate* alone = nullptr;
  const GroupProfile* profile_alone = nullptr;

  // Of the profile, which lies elsewhere, what most ways are refused by:
  bool countable = false;
  Bytes held{};   ///< GroupProfile::peak.
  Bytes moved{};  ///< Both ways.
  PerPorts transfers{};
  PerPorts waits{};  ///< Moved while no tile runs, at least, if nothing is kept.
  ArrayWork work{};
  Bytes made{};                  ///< Of `moved`, tensors that the cascade makes.
  std::uint32_t first_made = 0;  ///< Into OptimalSpace's list of all ways' MadeTraffic.
  std::uint32_t made_count = 0;

  /// Its work apart, which may be packed: StepPricing has it whole.
  [[nodiscard]] const GroupProfile& profile() const {
    return group != nullptr ? group->profile : *profile_alone;
  }
};

/// A tensor that some unit makes and later ones read.
struct KeptTensor {
  TensorId tensor{};
  Bytes bytes;            ///< All of it.
  std::size_t first = 0;  ///< The unit that makes it,
  std::size_t last = 0;   ///< and the last one that reads it.
};

/// Units [first, last), and the ways to run them as one group.
struct SpaceEdge {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<Way> ways{};
  KeptSet read = 0;   ///< Made before, and read by some of these units.
  KeptSet made = 0;   ///< Made by them, and read by later ones.
  KeptSet later = 0;  ///< Read after them, whoever makes it.
};

/// What a way is while tensors that it makes or reads stay on chip, whole.
struct Keeping {
  GroupProfile profile;
  EnergyCounts counts;
};

class SpaceMaker;

/// Groups of consecutive units, in cascade order.
class OptimalSpace {
 public:
  OptimalSpace(const Planner& planner, const Ingredients& with, const std::stop_token& stop);

  [[nodiscard]] std::size_t units() const { return units_; }
  /// By their first unit, then by their last one.
  [[nodiscard]] const std::vector<SpaceEdge>& edges() const { return edges_; }
  /// Outputs apart; of those alive at once the four largest.
  [[nodiscard]] const std::vector<KeptTensor>& kept() const { return kept_; }
  /// Groups that have been laid out.
  [[nodiscard]] std::size_t tried() const { return tried_; }
  /// Whether all groups of the class are there: none was left out or dropped.
  [[nodiscard]] bool whole() const { return whole_; }

  [[nodiscard]] const std::vector<StateUpdate>& updates() const { return updates_; }
  [[nodiscard]] const CompetitorFloors& floors() const { return *floors_; }
  /// `source`, with the numbers that it makes up for this cascade once and for all.
  [[nodiscard]] EntropySource with_numbers(const EntropySource& source, const Cascade& cascade) const;
  [[nodiscard]] std::vector<Retention> retentions(KeptSet set) const;
  [[nodiscard]] Bytes reserved(KeptSet set) const;

  /// Without tensors of which nothing moves.
  [[nodiscard]] std::span<const MadeTraffic> made(const Way& way) const {
    return std::span{made_}.subspan(way.first_made, way.made_count);
  }
  /// DRAM traffic that keeping `own` saves `way` at the most.
  [[nodiscard]] Bytes saved(const Way& way, KeptSet own) const;
  /// Made when first asked for. `own`: of the tensors that the way reads or makes.
  [[nodiscard]] const Keeping& keeping(const Planner& planner, const Way& way, KeptSet own) const;

 private:
  void make_groups(SpaceMaker& maker, const Cascade& cascade, const std::vector<std::vector<OpId>>& units);
  void find_kept(const Cascade& cascade, const std::vector<std::vector<OpId>>& units);
  void mark_kept(const Cascade& cascade, const std::vector<std::vector<OpId>>& units, SpaceEdge& edge) const;
  void note_figures(const Cascade& cascade, Way& way);

  std::size_t units_ = 0;
  bool whole_ = false;
  std::vector<StateUpdate> updates_;
  std::vector<std::vector<Candidate>> nests_;  ///< Per unit, if the class is there as a whole.
  std::map<std::pair<std::size_t, std::size_t>, std::vector<FusedGroup>> groups_;
  std::vector<SpaceEdge> edges_;
  std::optional<CompetitorFloors> floors_;
  std::vector<KeptTensor> kept_;
  std::vector<KeptSet> bit_;       ///< Per tensor; 0: it is none of kept_.
  std::vector<MadeTraffic> made_;  ///< Of all ways, one after another.
  std::size_t tried_ = 0;
  mutable std::mutex mutex_;  ///< Guards the maps, not their values, which stay where they are.
  mutable std::map<std::string, GivenEntropy> entropies_;  ///< By what they are described as.
  mutable std::map<std::pair<const void*, KeptSet>, Keeping> keeping_;
};

/// Adds the way to `plan` as a group.
void add_way(Plan& plan, const Cascade& cascade, const std::vector<StateUpdate>& updates, const Way& way);

}  // namespace fusescape
