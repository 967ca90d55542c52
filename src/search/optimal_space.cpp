#include "optimal_space.hpp"

#include <algorithm>
#include <optional>

#include "candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/tile_grid.hpp"
#include "optimal_tiles.hpp"
#include "runs.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMostStructures = 8;

/// Body tiles between the largest and the smallest are tried if the smallest save one part of so many of the
/// memory.
constexpr std::int64_t kWorthwhileParts = 8;

/// What an operator alone is sure to have in any design with weights that are larger than this.
constexpr Bytes kLittleMemory{std::int64_t{256} * 1024};

using Unit = std::vector<OpId>;
using TokenLoops = std::vector<LoopSpec>;

/// From here on tiles of tokens are tried as finely as others, below in powers of two.
constexpr std::int64_t kFineTokens = 64;
/// Larger tiles of tokens than this are not tried, but all at once: the search costs no more for long inputs.
constexpr std::int64_t kMostTokens = 4096;

std::vector<std::int64_t> token_tiles(std::int64_t extent, bool fine) {
  std::vector<std::int64_t> tiles = tile_grid(extent, 1, Density::kMedium);
  std::erase_if(tiles, [](std::int64_t tile) { return tile >= kFineTokens; });
  for (const std::int64_t tile : tile_grid(extent, 1, fine ? Density::kFine : Density::kMedium)) {
    if (tile >= kFineTokens && tile <= kMostTokens) tiles.push_back(tile);
  }
  return tiles;
}

/// Row-major cuts of the tokens: earlier ranks one by one, one in tiles, later ones whole.
std::vector<TokenLoops> token_loops(const Cascade& cascade, const std::vector<RankId>& tokens, bool fine) {
  std::vector<TokenLoops> cuts{TokenLoops{}};
  TokenLoops before;
  for (const RankId rank : tokens) {
    const std::int64_t extent = cascade.extent(rank).value();
    if (extent == 1) continue;
    for (const std::int64_t tile : token_tiles(extent, fine)) {
      if (tile == extent) continue;
      cuts.push_back(before);
      cuts.back().push_back({rank, tile});
    }
    before.push_back({rank, 1});
  }
  return cuts;
}

/// Makes the groups of one run of units after another.
class SpaceMaker {
 public:
  SpaceMaker(const Planner& planner, const Ingredients& with, const std::stop_token& stop)
      : planner_{planner},
        cascade_{planner.cascade()},
        with_{with},
        stop_{stop},
        updates_{state_updates(cascade_)},
        tiles_{planner, updates_, with.has(Ingredient::kFineTiles)} {
    plan_.spatial = planner.spatial();
  }

  [[nodiscard]] std::vector<FusedGroup> groups(const std::vector<Unit>& units);
  [[nodiscard]] std::size_t tried() const { return tried_; }

 private:
  void add_structure(const Structure& bodies, const TokenLoops& tokens, std::vector<FusedGroup>& found);
  [[nodiscard]] std::optional<FusedGroup> group(const Structure& bodies, const TokenLoops& tokens,
                                                std::vector<std::int64_t> tiles);
  [[nodiscard]] std::vector<std::int64_t> whole(const Structure& bodies) const;
  [[nodiscard]] bool reloads_too_much(const std::vector<Unit>& units, const TokenLoops& tokens) const;
  [[nodiscard]] Bytes weights_of_op(OpId op) const;
  [[nodiscard]] Bytes least_moved_alone(OpId op) const;
  [[nodiscard]] bool try_profile(FusedGroup& group);

  const Planner& planner_;
  const Cascade& cascade_;
  const Ingredients& with_;
  const std::stop_token& stop_;
  std::vector<StateUpdate> updates_;
  TileChoice tiles_;
  Plan plan_;
  std::size_t tried_ = 0;
};

/// False if it breaks a rule or the hardware cannot do it.
bool SpaceMaker::try_profile(FusedGroup& group) {
  ++tried_;
  plan_.nodes.assign(1, Node{});
  plan_.storages.clear();
  add_fused_group(plan_, cascade_, updates_, group);
  if (group.chained && !planner_.runs_on_hardware(plan_)) return false;
  const auto layout = lay_out(cascade_, plan_, Coverage::kPart);
  if (!layout) return false;
  group.profile = profile_group(cascade_, plan_, layout->groups.front(), planner_.options());
  group.work = array_work(group.profile, planner_.array());
  return true;
}

/// None if that is illegal.
std::optional<FusedGroup> SpaceMaker::group(const Structure& bodies, const TokenLoops& tokens,
                                            std::vector<std::int64_t> tiles) {
  FusedGroup group{.tokens = tokens,
                   .bodies = bodies,
                   .tiles = std::move(tiles),
                   .chained = with_.has(Ingredient::kChains)};
  if (try_profile(group)) return group;
  if (!group.chained) return std::nullopt;
  group.chained = false;
  return try_profile(group) ? std::optional{std::move(group)} : std::nullopt;
}

/// Tiles with which no body loops.
std::vector<std::int64_t> SpaceMaker::whole(const Structure& bodies) const {
  std::vector<std::int64_t> tiles;
  for (const Body& body : bodies) tiles.push_back(body.rank ? cascade_.extent(*body.rank).value() : 1);
  return tiles;
}

/// The tiles that fill the array, the smallest ones, and what lies between if these save enough memory.
void SpaceMaker::add_structure(const Structure& bodies, const TokenLoops& tokens,
                               std::vector<FusedGroup>& found) {
  const bool loops = with_.has(Ingredient::kSubLoops);
  std::vector<std::int64_t> last = loops ? tiles_.tiles(bodies, tokens, kArraySlack.front()) : whole(bodies);
  std::optional<FusedGroup> largest = group(bodies, tokens, last);
  if (!largest) return;
  const Bytes most = largest->profile.peak;
  found.push_back(std::move(*largest));
  if (!loops) return;
  for (auto slack = kArraySlack.rbegin(); slack + 1 != kArraySlack.rend(); ++slack) {
    std::vector<std::int64_t> tiles = tiles_.tiles(bodies, tokens, *slack);
    if (tiles == last) continue;
    last = tiles;
    std::optional<FusedGroup> smaller = group(bodies, tokens, std::move(tiles));
    if (!smaller) continue;
    const bool saves = smaller->profile.peak * kWorthwhileParts <= most * (kWorthwhileParts - 1);
    found.push_back(std::move(*smaller));
    if (!saves) return;
  }
}

Bytes SpaceMaker::weights_of_op(OpId op) const {
  Bytes weights;
  for (const Access& input : cascade_.op(op).inputs) {
    const Tensor& tensor = cascade_.tensor(input.tensor);
    const bool is_weight = tensor.kind == TensorKind::kWeight;
    if (is_weight) weights += bytes_of(elements_of(cascade_, input.tensor), bits_of(tensor.type));
  }
  return weights;
}

/// Whether the run's weights alone, which come with each tile of the tokens, move more than all its operators
/// do if each runs alone in little memory.
bool SpaceMaker::reloads_too_much(const std::vector<Unit>& units, const TokenLoops& tokens) const {
  Bytes weights;
  Bytes apart;
  for (const Unit& unit : units) {
    for (const OpId op : unit) weights += weights_of_op(op);
    apart += least_moved_alone(unit.front());
  }
  if (weights <= kLittleMemory) return false;
  for (const LoopSpec& loop : tokens) {
    weights = weights * ceil_div(cascade_.extent(loop.rank).value(), loop.tile);
  }
  return weights > apart;
}

Bytes SpaceMaker::least_moved_alone(OpId op) const {
  for (const Candidate& candidate : planner_.candidates(op)) {  // Lightest first.
    if (candidate.weights.held <= kLittleMemory) return candidate.weights.moved;
  }
  return Bytes::overflowed();
}

std::vector<FusedGroup> SpaceMaker::groups(const std::vector<Unit>& units) {
  std::vector<OpId> operators;
  for (const Unit& unit : units) operators.insert(operators.end(), unit.begin(), unit.end());
  const std::vector<RankId> tokens = shared_ranks(cascade_, operators);
  std::vector<FusedGroup> found;
  const std::size_t most = with_.has(Ingredient::kSubLoops) ? kMostStructures : 1;  // Else all are alike.
  const std::vector<Structure> structures = structures_of(cascade_, units, tokens, most);
  for (const TokenLoops& loops : token_loops(cascade_, tokens, with_.has(Ingredient::kFineTiles))) {
    if (reloads_too_much(units, loops)) continue;
    for (const Structure& bodies : structures) {
      if (stop_.stop_requested()) return found;
      add_structure(bodies, loops, found);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const FusedGroup& a, const FusedGroup& b) {
    return in_order(weights_of(a.profile, a.work)) < in_order(weights_of(b.profile, b.work));
  });
  Frontier frontier;
  std::vector<FusedGroup> kept;
  for (FusedGroup& group : found) {
    const Weights weights = weights_of(group.profile, group.work);
    if (frontier.outdoes(weights)) continue;
    frontier.add(weights);
    kept.push_back(std::move(group));
  }
  return kept;
}

/// The units before which a run may begin or end: contractions and those after them, not within element-wise
/// operators.
std::vector<std::size_t> cuts_of(const Cascade& cascade, const std::vector<Unit>& units) {
  const std::vector<OpId> around_states = operators_around_states(cascade);
  std::vector<std::size_t> cuts{0};
  for (std::size_t at = 1; at < units.size(); ++at) {
    if (contracts(cascade, around_states, units[at]) || contracts(cascade, around_states, units[at - 1])) {
      cuts.push_back(at);
    }
  }
  cuts.push_back(units.size());
  return cuts;
}

}  // namespace

/// Runs of units that begin and end at cuts.
void OptimalSpace::make_groups(const Planner& planner, const Ingredients& with,
                               const std::vector<std::vector<OpId>>& units, const std::stop_token& stop) {
  SpaceMaker maker{planner, with, stop};
  const std::vector<std::size_t> cuts = cuts_of(planner.cascade(), units);
  for (auto first = cuts.begin(); first != cuts.end(); ++first) {
    for (auto last = first + 1; last != cuts.end(); ++last) {
      const auto begin = units.begin() + static_cast<std::ptrdiff_t>(*first);
      groups_[{*first, *last}] = maker.groups({begin, units.begin() + static_cast<std::ptrdiff_t>(*last)});
    }
  }
  tried_ = maker.tried();
}

OptimalSpace::OptimalSpace(const Planner& planner, const Ingredients& with, const std::stop_token& stop)
    : updates_{state_updates(planner.cascade())} {
  std::vector<Unit> units;
  for (const OpId op : leaders(planner)) units.push_back(planner.unit(op));
  units_ = units.size();
  if (with.has(Ingredient::kFusion)) make_groups(planner, with, units, stop);
  for (std::size_t u = 0; u < units_; ++u) static_cast<void>(groups_[{u, u + 1}]);
  for (const auto& [ends, groups] : groups_) {
    SpaceEdge edge{.first = ends.first, .last = ends.second};
    const OpId op = units[edge.first].front();
    const bool alone = edge.last == edge.first + 1;
    for (std::size_t i = 0; alone && i < planner.candidates(op).size(); ++i) {
      const Candidate& candidate = planner.candidates(op)[i];
      edge.ways.push_back({nullptr, &candidate, &planner.profile(candidate)});
    }
    for (const FusedGroup& group : groups) edge.ways.push_back({&group, nullptr, nullptr});
    edges_.push_back(std::move(edge));
  }
  find_kept(planner.cascade(), units);
  for (SpaceEdge& edge : edges_) mark_kept(planner.cascade(), units, edge);
}

}  // namespace fusescape
