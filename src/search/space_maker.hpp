// How are the groups of one run of units made, that `optimal` chooses from?
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include "fusescape/search/planner.hpp"
#include "fusescape/workload/roles.hpp"
#include "known_layouts.hpp"
#include "optimal_group.hpp"
#include "optimal_tiles.hpp"

namespace fusescape {

/// A class of at most so many groups is laid out whole, and none is dropped.
inline constexpr std::size_t kMostWhole = 1024;

/// Tokens that a state update in one chain may take at a time.
inline constexpr std::array<std::int64_t, 7> kSteps{1, 2, 4, 8, 16, 64, 256};

/// Row-major cuts of the tokens, outermost loop first: earlier ranks one by one, one in tiles, later ones
/// whole. `fine`: else in powers of two.
[[nodiscard]] std::vector<std::vector<LoopSpec>> token_cuts(const Cascade& cascade,
                                                            const std::vector<RankId>& tokens, bool fine);

/// Makes the groups of one run of units after another.
class SpaceMaker {
 public:
  SpaceMaker(const Planner& planner, const Ingredients& with, const std::stop_token& stop)
      : planner_{planner},
        cascade_{planner.cascade()},
        with_{with},
        stop_{stop},
        updates_{state_updates(cascade_)},
        tiles_{planner, updates_, with.has(Ingredient::kFineTiles)},
        layouts_{planner} {
    plan_.spatial = planner.spatial();
  }

  /// The useful ones.
  [[nodiscard]] std::vector<FusedGroup> groups(const std::vector<std::vector<OpId>>& units);
  /// All there are, each once.
  [[nodiscard]] std::vector<FusedGroup> every_group(const std::vector<std::vector<OpId>>& units);
  /// How many plans that are, legal or not, chains apart; of more than `most` it is known only that there are
  /// more.
  [[nodiscard]] std::size_t count(const std::vector<std::vector<OpId>>& units, std::size_t most) const;
  [[nodiscard]] std::size_t tried() const { return tried_; }

 private:
  [[nodiscard]] std::int64_t most_steps(const FusedGroup& group) const;
  [[nodiscard]] std::int64_t best_step(const FusedGroup& group);
  /// False: no more are asked for.
  using Visit = std::function<bool(const FusedGroup&)>;
  using PlanKey = std::vector<std::int64_t>;
  bool visit_tilings(const Structure& bodies, const std::vector<LoopSpec>& tokens,
                     std::vector<std::int64_t>& tiles, const Visit& visit) const;
  bool visit_cuts(const Structure& bodies, const std::vector<std::vector<LoopSpec>>& cuts,
                  const Visit& visit) const;
  bool visit_all(const std::vector<std::vector<OpId>>& units, std::size_t most_structures,
                 const Visit& visit) const;
  void add_new(FusedGroup group, std::set<PlanKey>& seen, std::vector<FusedGroup>& found);
  [[nodiscard]] std::vector<std::int64_t> every_tile(const Body& body) const;
  [[nodiscard]] std::vector<std::vector<RankId>> tokens_of(const std::vector<std::vector<OpId>>& units) const;
  void add_groups(const std::vector<std::vector<OpId>>& units, const std::vector<RankId>& tokens,
                  std::vector<Structure>& before, std::vector<FusedGroup>& first,
                  std::vector<FusedGroup>& more);
  void add(FusedGroup group, std::vector<FusedGroup>& found);
  void add_structure(const Structure& bodies, const std::vector<LoopSpec>& tokens,
                     std::vector<FusedGroup>& found);
  [[nodiscard]] std::optional<FusedGroup> group(const Structure& bodies, const std::vector<LoopSpec>& tokens,
                                                std::vector<std::int64_t> tiles);
  [[nodiscard]] std::vector<std::int64_t> whole(const Structure& bodies) const;
  [[nodiscard]] bool reloads_too_much(const std::vector<std::vector<OpId>>& units,
                                      const std::vector<LoopSpec>& tokens) const;
  [[nodiscard]] Bytes weights_of_op(OpId op) const;
  [[nodiscard]] Bytes least_moved_alone(OpId op) const;
  void build(const FusedGroup& group);
  [[nodiscard]] bool try_profile(FusedGroup& group);
  [[nodiscard]] bool try_built(FusedGroup& group);
  void profile_laid_out(FusedGroup& group);
  [[nodiscard]] std::optional<FusedGroup> enlarged(const FusedGroup& group);
  [[nodiscard]] std::optional<std::vector<std::int64_t>> larger_tiles(const FusedGroup& group);
  [[nodiscard]] bool loops(const FusedGroup& group, std::size_t body) const;

  /// Per body with a state update its operators and its tile.
  using StepKey = std::vector<std::pair<std::vector<OpId>, std::int64_t>>;

  const Planner& planner_;
  const Cascade& cascade_;
  const Ingredients& with_;
  const std::stop_token& stop_;
  std::vector<StateUpdate> updates_;
  TileChoice tiles_;
  KnownLayouts layouts_;  ///< Of the run of units that is at hand.
  Plan plan_;             ///< What try_profile() has tried last,
  const GroupLayout* layout_ = nullptr;
  std::vector<NodeId> nodes_;              ///< the nodes of its bodies,
  HeldOnChip memory_;                      ///< and what it holds on chip.
  std::map<StepKey, std::int64_t> steps_;  ///< What best_step() has found.
  std::size_t tried_ = 0;
};

}  // namespace fusescape
