#include "optimal_tiles.hpp"

#include <algorithm>

#include "candidates.hpp"
#include "fusescape/search/tile_grid.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kSixteenths = 16;
/// Bytes through on-chip ports beyond the least, in 16ths, that no tile is refused for: ports may be ample.
constexpr std::int64_t kOnchipSlack = 4;

/// Of an array that is `least` wide somewhere, tiles that fill it there and halves of it; all if the rank is
/// shorter. Expects tiles in ascending order, the extent last.
void keep_even(std::vector<std::int64_t>& tiles, std::int64_t least) {
  const std::int64_t extent = tiles.back();
  if (least <= 1 || least >= extent) return;
  for (std::int64_t half = least; half >= 1; half /= 2) tiles.push_back(half);
  std::erase_if(tiles, [&](std::int64_t tile) {
    return tile != extent && tile % least != 0 && (tile > least || (least / tile) * tile != least);
  });
}

bool within(const ArrayWork& work, const ArrayWork& least, const ArrayWork& group, std::int64_t slack) {
  const std::int64_t onchip = std::max(slack, kOnchipSlack);
  return (work.compute - least.compute) * kSixteenths <= group.compute * slack &&
         (work.onchip - least.onchip) * kSixteenths <= group.onchip * onchip;
}

}  // namespace

TileChoice::TileChoice(const Planner& planner, const std::vector<StateUpdate>& updates, bool fine)
    : planner_{planner}, updates_{updates}, fine_{fine}, work_(planner.cascade().operators.size()) {
  for (const StateUpdate& update : updates) roles_.push_back(operators_of(update));
}

bool TileChoice::is_stepped(OpId op, RankId rank) const {
  for (std::size_t i = 0; i < updates_.size(); ++i) {
    const bool around = std::find(roles_[i].begin(), roles_[i].end(), op) != roles_[i].end();
    if (around && updates_[i].tokens == rank) return true;
  }
  return false;
}

/// How many elements of its rank fill the array, each once: of one of its operators.
std::vector<std::int64_t> TileChoice::sizes_along(const Body& body) const {
  std::vector<std::int64_t> sizes;
  for (const OpId op : body.operators) {
    const SpatialMapping& mapping = planner_.spatial()[index_of(op)];
    const Engine& engine = planner_.array().engines[static_cast<std::size_t>(planner_.cascade().op(op).kind)];
    const std::int64_t size = size_along(planner_.cascade(), mapping, engine, *body.rank);
    if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
  }
  return sizes;
}

std::vector<std::int64_t> TileChoice::every(const Body& body) const {
  if (!body.rank) return {1};
  const std::int64_t extent = planner_.cascade().extent(*body.rank).value();
  if (!fine_) return tile_grid(extent, 1, Density::kMedium);
  std::vector<std::int64_t> tiles;
  for (const std::int64_t size : sizes_along(body)) {
    const std::vector<std::int64_t> more = tile_grid(extent, size);
    tiles.insert(tiles.end(), more.begin(), more.end());
  }
  std::sort(tiles.begin(), tiles.end());
  tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
  return tiles;
}

std::vector<std::int64_t> TileChoice::grid(const Body& body) const {
  std::vector<std::int64_t> tiles = every(body);
  if (!fine_) return tiles;
  std::vector<std::int64_t> sizes = sizes_along(body);
  std::erase(sizes, 1);
  if (!sizes.empty()) keep_even(tiles, *std::min_element(sizes.begin(), sizes.end()));
  std::sort(tiles.begin(), tiles.end());
  tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
  return tiles;
}

/// Of all operators of the body, chains apart.
ArrayWork TileChoice::work(const Body& body, const std::vector<LoopSpec>& tokens, std::int64_t tile) {
  ArrayWork sum;
  std::vector<LoopSpec> loops;
  for (const OpId op : body.operators) {
    auto& work = work_[index_of(op)];
    if (!work) work.emplace(planner_.cascade(), planner_.spatial(), planner_.array(), op);
    loops.clear();
    for (const LoopSpec& loop : tokens) {
      loops.push_back({loop.rank, is_stepped(op, loop.rank) ? 1 : loop.tile});
    }
    if (body.rank) loops.push_back({*body.rank, tile});
    const ArrayWork one = work->of(loops);
    sum.compute += one.compute;
    sum.onchip += one.onchip;
  }
  return sum;
}

const TileChoice::Options& TileChoice::options_of(const Body& body, const std::vector<LoopSpec>& tokens) {
  Key key{body.operators, body.rank.value_or(RankId{}), {}};
  for (const LoopSpec& loop : tokens) std::get<2>(key).emplace_back(loop.rank, loop.tile);
  const auto [entry, is_new] = options_.try_emplace(std::move(key));
  Options& options = entry->second;
  if (!is_new) return options;
  options.tiles = body.rank ? grid(body) : std::vector<std::int64_t>{1};
  options.least = {Cycles::overflowed(), Bytes::overflowed()};
  for (const std::int64_t tile : options.tiles) {
    const ArrayWork one = options.works.emplace_back(work(body, tokens, tile));
    options.least.compute = std::min(options.least.compute, one.compute);
    options.least.onchip = std::min(options.least.onchip, one.onchip);
  }
  return options;
}

std::vector<std::int64_t> TileChoice::tiles(const Structure& bodies, const std::vector<LoopSpec>& tokens,
                                            std::int64_t slack) {
  ArrayWork group;
  for (const Body& body : bodies) {
    const ArrayWork& least = options_of(body, tokens).least;
    group.compute += least.compute;
    group.onchip += least.onchip;
  }
  std::vector<std::int64_t> chosen;
  for (const Body& body : bodies) {
    const Options& options = options_of(body, tokens);
    const auto first = std::find_if(options.works.begin(), options.works.end(), [&](const ArrayWork& one) {
      return within(one, options.least, group, slack);
    });
    const bool none = first == options.works.end();
    chosen.push_back(none ? options.tiles.back()
                          : options.tiles[static_cast<std::size_t>(first - options.works.begin())]);
  }
  return chosen;
}

std::int64_t TileChoice::enlarged(const Body& body, const std::vector<LoopSpec>& tokens, std::int64_t tile,
                                  std::int64_t most) {
  const Options& options = options_of(body, tokens);
  std::int64_t found = tile;
  const auto at = std::find(options.tiles.begin(), options.tiles.end(), tile);
  if (at == options.tiles.end()) return found;
  const ArrayWork& asked = options.works[static_cast<std::size_t>(at - options.tiles.begin())];
  for (std::size_t i = 0; i + 1 < options.tiles.size() && options.tiles[i] <= most; ++i) {
    const ArrayWork& work = options.works[i];
    const bool no_more = work.compute <= asked.compute && work.onchip <= asked.onchip;
    if (no_more) found = std::max(found, options.tiles[i]);
  }
  return found;
}

}  // namespace fusescape
