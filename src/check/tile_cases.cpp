#include "tile_cases.hpp"

#include <algorithm>
#include <span>
#include <tuple>

namespace fusescape {
namespace {

/// More trips than this are one case: a first, a last and those between.
constexpr std::int64_t kManyTrips = 3;
/// Sizes that are tried for the tiles of one rank before its extent is left as it is.
constexpr int kMostTries = 20'000;

int order_of(std::int64_t a, std::int64_t b) {
  return a < b ? -1 : (a == b ? 0 : 1);
}

/// Two nests over one rank, level by level: do they make the same cases? A level's extents are few, though
/// each ragged tile is cut again: every pair of them is compared once.
class NestComparison {
 public:
  NestComparison(const std::set<std::int64_t>& landmarks, std::span<const std::int64_t> tiles,
                 std::span<const std::int64_t> scaled_tiles)
      : landmarks_{landmarks}, tiles_{tiles}, scaled_tiles_{scaled_tiles} {}

  /// Of `extent` and `scaled`, cut into the tiles of `level` and below: whether they are one element, how
  /// they compare with shifts, how many whole tiles there are, whether one is ragged, and the same of each
  /// kind of tile.
  [[nodiscard]] bool same(std::int64_t extent, std::int64_t scaled, std::size_t level = 0) {
    if (!same_sizes(extent, scaled)) return false;
    if (level == tiles_.size() || !compared_.insert({level, extent, scaled}).second) return true;
    const std::int64_t tile = std::min(tiles_[level], extent);
    const std::int64_t scaled_tile = std::min(scaled_tiles_[level], scaled);
    const std::int64_t rest = extent % tile;
    const std::int64_t scaled_rest = scaled % scaled_tile;
    if (std::min(extent / tile, kManyTrips) != std::min(scaled / scaled_tile, kManyTrips)) return false;
    if ((rest > 0) != (scaled_rest > 0)) return false;
    return same(tile, scaled_tile, level + 1) && (rest == 0 || same(rest, scaled_rest, level + 1));
  }

 private:
  [[nodiscard]] bool same_sizes(std::int64_t extent, std::int64_t scaled) const {
    const auto same_order = [&](std::int64_t mark) {
      return order_of(extent, mark) == order_of(scaled, mark);
    };
    return (extent == 1) == (scaled == 1) &&
           std::all_of(landmarks_.begin(), landmarks_.end(),
                       [&](std::int64_t mark) { return same_order(mark) && same_order(2 * mark); });
  }

  const std::set<std::int64_t>& landmarks_;
  std::span<const std::int64_t> tiles_;
  std::span<const std::int64_t> scaled_tiles_;
  std::set<std::tuple<std::size_t, std::int64_t, std::int64_t>>
      compared_;  ///< Or being compared, and equal so far.
};

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
  /// Larger tiles first, each to the largest that will do and leaves a size for each smaller one.
  bool assign(std::size_t at, std::int64_t most) {
    if (at == tiles_.size()) return true;
    const auto least = static_cast<std::int64_t>(tiles_.size() - at);
    for (std::int64_t tile = most; tile >= least && tries_ < kMostTries; --tile) {
      ++tries_;
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
    return NestComparison{tiling_.landmarks, nest, shorter}.same(extent_, scaled_);
  }

  const RankTiling& tiling_;
  std::int64_t extent_;
  std::int64_t scaled_;
  std::vector<std::int64_t> tiles_;  ///< Descending.
  std::map<std::int64_t, std::int64_t> found_;
  int tries_ = 0;
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
