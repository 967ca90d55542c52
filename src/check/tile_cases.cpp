#include "tile_cases.hpp"

#include <algorithm>
#include <span>

namespace fusescape {
namespace {

/// More trips than this are one case: a first, a last and those between.
constexpr std::int64_t kManyTrips = 3;

int order_of(std::int64_t a, std::int64_t b) {
  return a < b ? -1 : (a == b ? 0 : 1);
}

/// Appends what distinguishes `extent` cut into `tiles`: whether it is one element, how it compares with
/// shifts, how many whole tiles there are, whether one is ragged, and the same of each kind of tile.
void append_cases(const std::set<std::int64_t>& landmarks, std::int64_t extent,
                  std::span<const std::int64_t> tiles, std::vector<int>& cases) {
  cases.push_back(extent == 1 ? 1 : 0);
  for (const std::int64_t mark : landmarks) {
    cases.push_back(order_of(extent, mark));
    cases.push_back(order_of(extent, 2 * mark));
  }
  if (tiles.empty()) return;
  const std::int64_t tile = std::min(tiles.front(), extent);
  cases.push_back(static_cast<int>(std::min(extent / tile, kManyTrips)));
  cases.push_back(extent % tile > 0 ? 1 : 0);
  append_cases(landmarks, tile, tiles.subspan(1), cases);
  if (extent % tile > 0) append_cases(landmarks, extent % tile, tiles.subspan(1), cases);
}

class TileSearch {
 public:
  TileSearch(const RankTiling& tiling, std::int64_t extent, std::int64_t scaled)
      : tiling_{tiling}, extent_{extent}, scaled_{scaled} {
    std::set<std::int64_t> tiles;
    for (const std::vector<std::int64_t>& nest : tiling.nests) tiles.insert(nest.begin(), nest.end());
    tiles.erase(tiles.lower_bound(extent), tiles.end());  // The others are of the full extent.
    tiles_.assign(tiles.rbegin(), tiles.rend());
  }

  [[nodiscard]] std::optional<std::map<std::int64_t, std::int64_t>> run() {
    if (!same_cases({})) return std::nullopt;
    if (!assign(0, scaled_ - 1)) return std::nullopt;
    return found_;
  }

 private:
  /// Larger tiles first, each to the largest that will do.
  bool assign(std::size_t at, std::int64_t most) {
    if (at == tiles_.size()) return true;
    for (std::int64_t tile = most; tile >= 1; --tile) {
      found_[tiles_[at]] = tile;
      if (cases_hold(tiles_[at]) && assign(at + 1, tile - 1)) return true;
    }
    found_.erase(tiles_[at]);
    return false;
  }

  /// Of the nests whose tiles are all assigned, `newest` among them.
  [[nodiscard]] bool cases_hold(std::int64_t newest) const {
    return std::all_of(tiling_.nests.begin(), tiling_.nests.end(), [&](const auto& nest) {
      const auto waits = [&](std::int64_t tile) { return tile < newest; };
      const bool concerned = std::find(nest.begin(), nest.end(), newest) != nest.end();
      return !concerned || std::any_of(nest.begin(), nest.end(), waits) || same_cases(nest);
    });
  }

  [[nodiscard]] bool same_cases(const std::vector<std::int64_t>& nest) const {
    std::vector<std::int64_t> shorter(nest.size());
    std::transform(nest.begin(), nest.end(), shorter.begin(),
                   [&](std::int64_t tile) { return tile < extent_ ? found_.at(tile) : scaled_; });
    std::vector<int> before;
    std::vector<int> after;
    append_cases(tiling_.landmarks, extent_, nest, before);
    append_cases(tiling_.landmarks, scaled_, shorter, after);
    return before == after;
  }

  const RankTiling& tiling_;
  std::int64_t extent_;
  std::int64_t scaled_;
  std::vector<std::int64_t> tiles_;  ///< Descending.
  std::map<std::int64_t, std::int64_t> found_;
};

void add_landmarks(const Cascade& cascade, const Access& access, std::vector<RankTiling>& tilings) {
  for (const Index& index : access.indices) {
    std::set<std::int64_t>& landmarks = tilings[index_of(index.rank)].landmarks;
    if (index.distance > 0) landmarks.insert(index.distance);
    if (reach(cascade, index) > 0) landmarks.insert(reach(cascade, index));
  }
}

}  // namespace

std::vector<RankTiling> rank_tilings(const Cascade& cascade, const Plan& plan) {
  std::vector<RankTiling> tilings(cascade.ranks.size());
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    if (node.kind != NodeKind::kLoop) continue;
    std::vector<std::int64_t> nest;
    for (const PathLoop& loop : loops_above(plan, NodeId{static_cast<std::uint16_t>(i)})) {
      if (loop.rank == node.rank) nest.push_back(loop.tile);
    }
    tilings[index_of(node.rank)].nests.insert(std::move(nest));
  }
  for (const Operator& op : cascade.operators) {
    for (const Access& access : op.inputs) add_landmarks(cascade, access, tilings);
  }
  return tilings;
}

std::optional<std::map<std::int64_t, std::int64_t>> scaled_tiles(const RankTiling& tiling,
                                                                 std::int64_t extent, std::int64_t scaled) {
  return TileSearch{tiling, extent, scaled}.run();
}

}  // namespace fusescape
