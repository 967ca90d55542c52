#include "space_maker.hpp"

#include <algorithm>
#include <array>

#include "candidates.hpp"
#include "fusescape/search/tile_grid.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

/// Structures that are tried with all tokens at once, and with loops over them.
constexpr std::size_t kMostStructures = 27;
constexpr std::size_t kMostInLoops = 8;

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

}  // namespace

std::vector<TokenLoops> token_cuts(const Cascade& cascade, const std::vector<RankId>& tokens, bool fine) {
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

namespace {

/// Groups that no other one outdoes.
class UsefulGroups {
 public:
  /// Of `found` those that none of them, and none that is there already, outdoes.
  void add(std::vector<FusedGroup> found) {
    std::stable_sort(found.begin(), found.end(), is_lighter);
    for (FusedGroup& group : found) {
      const Weights weights = weights_of(group);
      if (frontier_.outdoes(weights)) continue;
      frontier_.add(weights);
      group.packed = PackedWork{group.profile.work};
      group.profile.work = {};
      fit(group.profile);
      groups_.push_back(std::move(group));
    }
  }
  /// Lightest first.
  [[nodiscard]] std::vector<FusedGroup> take() {
    std::stable_sort(groups_.begin(), groups_.end(), is_lighter);
    return std::move(groups_);
  }

 private:
  [[nodiscard]] static bool is_lighter(const FusedGroup& a, const FusedGroup& b) {
    return in_order(weights_of(a)) < in_order(weights_of(b));
  }

  Frontier frontier_;
  std::vector<FusedGroup> groups_;
};

/// Its position among `structures`, or how many these are.
std::size_t place_among(const std::vector<Structure>& structures, const Structure& one) {
  return static_cast<std::size_t>(std::find(structures.begin(), structures.end(), one) - structures.begin());
}

/// Whether a weight that the operator reads has the rank.
bool weighs(const Cascade& cascade, OpId op, RankId rank) {
  const std::vector<Access>& inputs = cascade.op(op).inputs;
  return std::any_of(inputs.begin(), inputs.end(), [&](const Access& input) {
    const Tensor& tensor = cascade.tensor(input.tensor);
    return tensor.kind == TensorKind::kWeight && has_rank(tensor.ranks, rank);
  });
}

}  // namespace

/// Tokens that a state update of the group may take at a time; 1 if it has none of several operators.
std::int64_t SpaceMaker::most_steps(const FusedGroup& group) const {
  std::int64_t most = 1;
  for (const StateUpdate& update : updates_) {
    const bool here = std::any_of(group.bodies.begin(), group.bodies.end(), [&](const Body& body) {
      return update.recurrence.size() > 1 && holds(body.operators, update.recurrence.front());
    });
    std::int64_t tokens = cascade_.extent(update.tokens).value();
    for (const LoopSpec& loop : group.tokens) {
      if (loop.rank == update.tokens) tokens = std::min(tokens, loop.tile);
    }
    if (here) most = std::max(most, tokens);
  }
  return most;
}

/// Tokens at a time with which the state updates of the group, in chains, ask least of the on-chip ports,
/// then of the PEs; what it holds is the same with all of them.
std::int64_t SpaceMaker::best_step(const FusedGroup& group) {
  const std::int64_t most = most_steps(group);
  if (most == 1) return 1;
  StepKey key;
  for (std::size_t i = 0; i < group.bodies.size(); ++i) {
    const bool updates = most_steps({.tokens = {}, .bodies = {group.bodies[i]}, .tiles = {}}) > 1;
    if (updates) key.emplace_back(group.bodies[i].operators, group.tiles[i]);
  }
  const auto [entry, is_new] = steps_.try_emplace(std::move(key), 1);
  if (is_new) {
    FusedGroup tried = group;
    tried.tokens.clear();
    std::optional<std::pair<Bytes, Cycles>> least;
    for (const std::int64_t step : kSteps) {
      tried.step = step;
      if (step > most_steps(tried) || !try_profile(tried)) break;
      const std::pair asked{tried.work.onchip, tried.work.compute};
      if (!least || asked < *least) entry->second = step;
      least = least ? std::min(*least, asked) : asked;
    }
  }
  std::int64_t best = 1;
  for (const std::int64_t step : kSteps) {
    if (step <= std::min(most, entry->second)) best = step;
  }
  return best;
}

void SpaceMaker::build(const FusedGroup& group) {
  plan_.nodes.assign(1, Node{});
  plan_.storages.clear();
  nodes_ = add_fused_group(plan_, cascade_, updates_, group);
}

/// False if it breaks a rule or the hardware cannot do it.
bool SpaceMaker::try_profile(FusedGroup& group) {
  build(group);
  return try_built(group);
}

/// What was built last, likewise.
bool SpaceMaker::try_built(FusedGroup& group) {
  ++tried_;
  layout_ = layouts_.of(plan_);
  if (layout_ == nullptr) return false;
  profile_laid_out(group);
  return true;
}

void SpaceMaker::profile_laid_out(FusedGroup& group) {
  group.profile = profile_group(cascade_, plan_, *layout_, planner_.options(), &memory_);
  group.work = array_work(group.profile, planner_.array());
}

/// None if that is illegal.
std::optional<FusedGroup> SpaceMaker::group(const Structure& bodies, const TokenLoops& tokens,
                                            std::vector<std::int64_t> tiles) {
  FusedGroup group{.tokens = tokens,
                   .bodies = bodies,
                   .tiles = std::move(tiles),
                   .chained = with_.has(Ingredient::kChains)};
  if (group.chained) group.step = best_step(group);
  if (try_profile(group)) return group;
  if (!group.chained) return std::nullopt;
  group.chained = false;
  group.step = 1;
  return try_profile(group) ? std::optional{std::move(group)} : std::nullopt;
}

/// Tiles with which no body loops.
std::vector<std::int64_t> SpaceMaker::whole(const Structure& bodies) const {
  std::vector<std::int64_t> tiles;
  for (const Body& body : bodies) tiles.push_back(body.rank ? cascade_.extent(*body.rank).value() : 1);
  return tiles;
}

/// The group that was tried last; with larger tiles, too, and with single steps if they hold less.
void SpaceMaker::add(FusedGroup group, std::vector<FusedGroup>& found) {
  if (auto larger = enlarged(group)) found.push_back(std::move(*larger));
  if (group.step > 1) {
    FusedGroup single = group;
    single.step = 1;
    if (try_profile(single) && single.profile.peak < group.profile.peak) found.push_back(std::move(single));
  }
  found.push_back(std::move(group));
}

/// The tiles that fill the array, the smallest ones, and what lies between if these save enough memory.
void SpaceMaker::add_structure(const Structure& bodies, const TokenLoops& tokens,
                               std::vector<FusedGroup>& found) {
  const bool loops = with_.has(Ingredient::kSubLoops);
  std::vector<std::int64_t> last = loops ? tiles_.tiles(bodies, tokens, kArraySlack.front()) : whole(bodies);
  std::optional<FusedGroup> largest = group(bodies, tokens, last);
  if (!largest) return;
  const Bytes most = largest->profile.peak;
  add(std::move(*largest), found);
  if (!loops) return;
  for (auto slack = kArraySlack.rbegin(); slack + 1 != kArraySlack.rend(); ++slack) {
    std::vector<std::int64_t> tiles = tiles_.tiles(bodies, tokens, *slack);
    if (tiles == last) continue;
    last = tiles;
    std::optional<FusedGroup> smaller = group(bodies, tokens, std::move(tiles));
    if (!smaller) continue;
    const bool saves = smaller->profile.peak * kWorthwhileParts <= most * (kWorthwhileParts - 1);
    add(std::move(*smaller), found);
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

/// Leading ranks that all outputs share; and of these those before the first one of a weight, if there is
/// one.
std::vector<std::vector<RankId>> SpaceMaker::tokens_of(const std::vector<Unit>& units) const {
  std::vector<OpId> operators;
  for (const Unit& unit : units) operators.insert(operators.end(), unit.begin(), unit.end());
  std::vector<std::vector<RankId>> found{shared_ranks(cascade_, operators)};
  std::vector<RankId> tokens = found.front();
  const auto of_weights = std::find_if(tokens.begin(), tokens.end(), [&](RankId rank) {
    return std::any_of(operators.begin(), operators.end(),
                       [&](OpId op) { return weighs(cascade_, op, rank); });
  });
  if (of_weights == tokens.end()) return found;
  tokens.erase(of_weights, tokens.end());
  found.push_back(std::move(tokens));
  return found;
}

/// With loops over these tokens. `before`: structures that were tried with loops over more ranks.
void SpaceMaker::add_groups(const std::vector<Unit>& units, const std::vector<RankId>& tokens,
                            std::vector<Structure>& before, std::vector<FusedGroup>& first,
                            std::vector<FusedGroup>& more) {
  const std::size_t most = with_.has(Ingredient::kSubLoops) ? kMostStructures : 1;  // Else all are alike.
  std::vector<Structure> structures = structures_of(cascade_, units, tokens, most);
  std::vector<std::size_t> known;  // Where each of them is in `before`.
  known.reserve(structures.size());
  for (const Structure& bodies : structures) known.push_back(place_among(before, bodies));
  const std::size_t first_before = std::min(before.size(), kMostInLoops);
  for (const TokenLoops& loops : token_cuts(cascade_, tokens, with_.has(Ingredient::kFineTiles))) {
    if (reloads_too_much(units, loops)) continue;
    const std::size_t tried = std::min(structures.size(), loops.empty() ? kMostStructures : kMostInLoops);
    for (std::size_t i = 0; i < tried; ++i) {
      if (stop_.stop_requested()) return;
      const bool is_there = known[i] < (i < kMostInLoops ? first_before : before.size());
      if (!is_there) add_structure(structures[i], loops, i < kMostInLoops ? first : more);
    }
  }
  before = std::move(structures);
}

/// What a group is dropped by is not all that its time depends on: structures beyond the first ones drop none
/// of these.
std::vector<FusedGroup> SpaceMaker::groups(const std::vector<Unit>& units) {
  layouts_.forget();
  std::vector<FusedGroup> first;
  std::vector<FusedGroup> more;
  std::vector<Structure> before;
  for (const std::vector<RankId>& tokens : tokens_of(units)) {
    add_groups(units, tokens, before, first, more);
  }
  UsefulGroups useful;
  useful.add(std::move(first));
  useful.add(std::move(more));
  return useful.take();
}

}  // namespace fusescape
