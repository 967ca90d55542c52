#include "optimal_space.hpp"

#include <algorithm>
#include <optional>

#include "candidates.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/tile_grid.hpp"
#include "fusescape/support/contract.hpp"
#include "optimal_tiles.hpp"
#include "runs.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMostStructures = 8;

/// Of the tensors that could stay on chip, so many at each point between units, and so many in all.
constexpr std::size_t kMostAlive = 4;
constexpr std::size_t kMostKept = 64;

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

/// Which units hold an operator that reads the tensor.
std::vector<std::size_t> readers_of(const Cascade& cascade, const std::vector<Unit>& units, TensorId tensor) {
  std::vector<std::size_t> readers;
  for (std::size_t u = 0; u < units.size(); ++u) {
    const auto& uses = cascade.uses[index_of(tensor)];
    const bool reads = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return std::find(units[u].begin(), units[u].end(), use.op) != units[u].end();
    });
    if (reads) readers.push_back(u);
  }
  return readers;
}

/// Of the plan's only group.
Keeping keeping_of(const Cascade& cascade, Plan plan, std::vector<Retention> kept,
                   const ProfileOptions& options) {
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  FUSESCAPE_EXPECTS(layout.has_value());
  plan.retentions = std::move(kept);  // Their makers and readers may lie outside of the part.
  PlanProfile profile;
  profile.groups.push_back(profile_group(cascade, plan, layout->groups.front(), options));
  const std::vector<EnergyCounts> counts = energy_counts(cascade, plan, *layout, profile, options);
  return {std::move(profile.groups.front()), counts.front()};
}

}  // namespace

void add_way(Plan& plan, const Cascade& cascade, const std::vector<StateUpdate>& updates, const Way& way) {
  if (way.group != nullptr) {
    add_fused_group(plan, cascade, updates, *way.group);
  } else {
    add_group(plan, cascade, *way.alone);
  }
}

/// Those first for which the whole block would save most, where too many are alive.
void OptimalSpace::find_kept(const Cascade& cascade, const std::vector<Unit>& units) {
  std::vector<KeptTensor> found;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    if (!cascade.producer[i] || cascade.tensors[i].kind == TensorKind::kOutput) continue;
    const auto makes = [&](const Unit& unit) {
      return std::find(unit.begin(), unit.end(), *cascade.producer[i]) != unit.end();
    };
    const auto first =
        static_cast<std::size_t>(std::find_if(units.begin(), units.end(), makes) - units.begin());
    const std::vector<std::size_t> readers = readers_of(cascade, units, tensor);
    const Bytes bytes = bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensors[i].type));
    if (readers.empty() || readers.back() <= first || bytes.overflow()) continue;
    found.push_back({tensor, bytes, first, readers.back()});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const KeptTensor& a, const KeptTensor& b) { return a.bytes > b.bytes; });
  std::vector<std::size_t> alive(units.size(), 0);
  bit_.assign(cascade.tensors.size(), 0);
  for (const KeptTensor& one : found) {
    const auto begin = alive.begin() + static_cast<std::ptrdiff_t>(one.first);
    const auto end = alive.begin() + static_cast<std::ptrdiff_t>(one.last);
    const bool room = std::all_of(begin, end, [](std::size_t count) { return count < kMostAlive; });
    if (!room || kept_.size() == kMostKept) continue;
    std::for_each(begin, end, [](std::size_t& count) { ++count; });
    bit_[index_of(one.tensor)] = KeptSet{1} << kept_.size();
    kept_.push_back(one);
  }
  for (SpaceEdge& edge : edges_) {
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      const KeptTensor& one = kept_[i];
      const KeptSet bit = KeptSet{1} << i;
      if (one.first >= edge.first && one.first < edge.last && one.last >= edge.last) edge.made |= bit;
      if (one.first >= edge.first) continue;
      const std::vector<std::size_t> readers = readers_of(cascade, units, one.tensor);
      const bool reads = std::any_of(readers.begin(), readers.end(), [&](std::size_t unit) {
        return unit >= edge.first && unit < edge.last;
      });
      if (reads) edge.read |= bit;
    }
  }
}

OptimalSpace::OptimalSpace(const Planner& planner, const Ingredients& with, const std::stop_token& stop) {
  std::vector<Unit> units;
  for (const OpId op : leaders(planner)) units.push_back(planner.unit(op));
  units_ = units.size();
  updates_ = state_updates(planner.cascade());
  SpaceMaker maker{planner, with, stop};
  if (with.has(Ingredient::kFusion)) {
    const std::vector<std::size_t> cuts = cuts_of(planner.cascade(), units);
    for (auto first = cuts.begin(); first != cuts.end(); ++first) {
      for (auto last = first + 1; last != cuts.end(); ++last) {
        const auto begin = units.begin() + static_cast<std::ptrdiff_t>(*first);
        groups_[{*first, *last}] = maker.groups({begin, units.begin() + static_cast<std::ptrdiff_t>(*last)});
      }
    }
  }
  for (std::size_t u = 0; u < units_; ++u) static_cast<void>(groups_[{u, u + 1}]);
  for (const auto& [ends, groups] : groups_) {
    SpaceEdge& edge = edges_.emplace_back();
    edge.first = ends.first;
    edge.last = ends.second;
    if (edge.last == edge.first + 1) {
      for (const Candidate& one : planner.candidates(units[edge.first].front()))
        edge.ways.push_back({nullptr, &one, &planner.profile(one)});
    }
    for (const FusedGroup& group : groups) edge.ways.push_back({&group, nullptr, nullptr});
  }
  tried_ = maker.tried();
  find_kept(planner.cascade(), units);
}

std::vector<Retention> OptimalSpace::retentions(KeptSet set) const {
  std::vector<Retention> found;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if ((set >> i & 1U) != 0) found.push_back({kept_[i].tensor, kept_[i].bytes});
  }
  return found;
}

Bytes OptimalSpace::reserved(KeptSet set) const {
  Bytes bytes;
  for (const Retention& one : retentions(set)) bytes += one.bytes;
  return bytes;
}

Bytes OptimalSpace::saved(const Way& way, KeptSet own) const {
  Bytes bytes;
  if (own == 0) return bytes;
  for (const TensorTraffic& one : way.profile().tensors) {
    if ((bit_[index_of(one.tensor)] & own) != 0) bytes += one.read + one.written;
  }
  return bytes;
}

const Keeping& OptimalSpace::keeping(const Planner& planner, const Way& way, KeptSet own) const {
  const void* const which = way.group != nullptr ? static_cast<const void*>(way.group) : way.alone;
  {
    const std::lock_guard lock{mutex_};
    const auto known = keeping_.find({which, own});
    if (known != keeping_.end()) return known->second;
  }
  const Cascade& cascade = planner.cascade();
  Plan plan;
  plan.spatial = planner.spatial();
  add_way(plan, cascade, updates_, way);
  Keeping made = keeping_of(cascade, std::move(plan), retentions(own), planner.options());
  const std::lock_guard lock{mutex_};
  return keeping_.try_emplace({which, own}, std::move(made)).first->second;
}

}  // namespace fusescape
