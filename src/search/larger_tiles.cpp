// Which bodies of a group may have larger tiles for nothing, since another one needs more memory?
#include <algorithm>

#include "fusescape/plan/places.hpp"
#include "space_maker.hpp"

namespace fusescape {
namespace {

/// Larger tiles of bodies leave at least so many,
constexpr std::int64_t kLeastTiles = 8;
/// and are tried if what moves while bodies have their turns, and what less does then, are more than one part
/// of so many of all traffic.
constexpr std::int64_t kWorthwhileMore = 32;

}  // namespace

bool SpaceMaker::loops(const FusedGroup& group, std::size_t body) const {
  const std::optional<RankId>& rank = group.bodies[body].rank;
  return rank && Elements{group.tiles[body]} < cascade_.extent(*rank);
}

/// Of each body of the group that was tried last the largest tile that needs no more memory than the group
/// does anyway, nor asks more of the array, and leaves at least kLeastTiles. None if slots then hold little
/// more.
std::optional<std::vector<std::int64_t>> SpaceMaker::larger_tiles(const FusedGroup& group) {
  std::vector<Allocation> memory = memory_.allocations;
  const std::vector<Bytes>& alive = memory_.alive;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!loops(group, i)) continue;
    for (Allocation& one : memory) {
      if (is_above(plan_, nodes_[i], one.node)) one.bytes = Bytes{};
    }
  }
  const std::vector<Bytes> beside = bytes_alive(plan_, layout_->node, std::move(memory));
  std::vector<std::int64_t> tiles = group.tiles;
  Bytes more;  // Held by slots, once.
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::size_t node = index_of(nodes_[i]);
    const Bytes own = alive[node] - beside[node];
    if (!loops(group, i) || own == Bytes{}) continue;
    const std::int64_t most = cascade_.extent(*group.bodies[i].rank).value() / kLeastTiles;
    const std::int64_t room = (group.profile.peak - beside[node]).value() / own.value();
    const std::int64_t times = std::min(room, most / tiles[i] + 1);
    tiles[i] = tiles_.enlarged(group.bodies[i], group.tokens, tiles[i], std::min(tiles[i] * times, most));
    more += own * (tiles[i] / group.tiles[i] - 1);
  }
  for (const LoopSpec& loop : group.tokens) {
    more = more * ceil_div(cascade_.extent(loop.rank).value(), loop.tile);
  }
  const Bytes moved = group.profile.dram_read + group.profile.dram_write;
  if (more * kWorthwhileMore <= moved) return std::nullopt;
  return tiles;
}

/// The group that was tried last, with larger tiles of its bodies: what they stream comes earlier, and leaves
/// later, than their turns. None if that is little.
std::optional<FusedGroup> SpaceMaker::enlarged(const FusedGroup& group) {
  if (group.profile.peak.overflow() || group.tokens.empty() || !with_.has(Ingredient::kSubLoops))
    return std::nullopt;
  const Weights weights = weights_of(group);
  if (weights.exposed * kWorthwhileMore <= weights.moved) return std::nullopt;
  auto tiles = larger_tiles(group);
  if (!tiles) return std::nullopt;
  FusedGroup larger = group;
  larger.tiles = std::move(*tiles);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (loops(group, i)) plan_.nodes[index_of(nodes_[i])].tile = larger.tiles[i];
  }
  ++tried_;
  layout_ = layouts_.of(plan_);
  if (layout_ == nullptr) return std::nullopt;
  profile_laid_out(larger);
  return larger;
}

}  // namespace fusescape
