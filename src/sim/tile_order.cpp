#include "tile_order.hpp"

#include <algorithm>

#include "fusescape/sim/eviction.hpp"

namespace fusescape {
namespace {

struct Body {
  int loop = kNoLoop;
  Elements length;
};

void add_positions(const GroupProgram& program, TileOrder& order) {
  std::vector<Body> open(1);
  for (const ProgramStep& step : program.steps.front()) {
    const auto id = static_cast<std::size_t>(step.id);
    if (step.kind == ProgramStep::Kind::kTile) {
      order.offset[id] = open.back().length.value();
      open.back().length += Elements{1};
    } else if (step.kind == ProgramStep::Kind::kLoop) {
      order.first[id] = open.back().length.value();
      open.push_back({step.id, {}});
    } else {
      const NestLoop& loop = program.loops[id];
      const std::int64_t over =
          loop.outer == kNoLoop
              ? loop.whole
              : program.loops[static_cast<std::size_t>(program.loop_above(step.id, loop.outer))].tile;
      const Elements length = open.back().length * ceil_div(over, loop.tile);
      order.stride[id] = open.back().length.value();
      order.length[id] = length.value();
      open.pop_back();
      open.back().length += length;
    }
    order.overflow = order.overflow || open.back().length.overflow();
    if (order.overflow) return;
  }
}

/// Position of the first time that `tile` runs in the current iteration of the `loops` outermost loops,
/// `later` iterations of the innermost of them on.
std::int64_t first_in(const TileOrder& order, const TileSpec& tile, std::int64_t offset, int loops,
                      std::int64_t later, const Odometer& at) {
  std::int64_t position = offset;
  for (int depth = 0; depth < tile.loops(); ++depth) {
    const auto l = static_cast<std::size_t>(tile.path[static_cast<std::size_t>(depth)]);
    const std::int64_t index = depth < loops ? at[depth].index + (depth + 1 == loops ? later : 0) : 0;
    position += order.first[l] + index * order.stride[l];
  }
  return position;
}

}  // namespace

TileOrder tile_order(const GroupProgram& program) {
  const std::size_t loops = program.loops.size();
  TileOrder order;
  order.first.resize(loops);
  order.stride.resize(loops);
  order.length.resize(loops);
  order.offset.resize(program.tiles.size());
  order.users.resize(program.buffers.size());
  add_positions(program, order);
  for (std::size_t t = 0; t < program.tiles.size(); ++t) {
    for (const TouchSpec& touch : program.tiles[t].touches) {
      const int host = program.buffers[static_cast<std::size_t>(touch.buffer)].host;
      std::vector<int>& users = order.users[static_cast<std::size_t>(host)];
      if (users.empty() || users.back() != static_cast<int>(t)) users.push_back(static_cast<int>(t));
    }
  }
  for (const BufferSpec& buffer : program.buffers) {
    const bool made_anew = buffer.role != BufferRole::kFetched && !buffer.stored;
    order.keys.push_back(made_anew ? outermost(buffer.loops()) : buffer.keys);
  }
  return order;
}

PositionRange positions_of(const TileOrder& order, const GroupProgram& program, int loop,
                           const Odometer& at) {
  const auto own = static_cast<std::size_t>(loop);
  PositionRange range;
  for (; loop != kNoLoop; loop = program.loops[static_cast<std::size_t>(loop)].above) {
    const auto l = static_cast<std::size_t>(loop);
    range.begin += order.first[l] + at[program.loops[l].depth].index * order.stride[l];
  }
  const std::int64_t gone = at[program.loops[own].depth].index * order.stride[own];
  range.end = range.begin + order.length[own] - gone;
  return range;
}

std::int64_t next_use(const TileOrder& order, const GroupProgram& program, int buffer, int tile,
                      const Odometer& at) {
  const auto b = static_cast<std::size_t>(buffer);
  const int above = program.buffers[b].loops();
  const std::vector<int>& users = order.users[b];
  const TileSpec& now = program.tiles[static_cast<std::size_t>(tile)];
  const auto first = [&](int user, int loops, std::int64_t later) {
    const auto u = static_cast<std::size_t>(user);
    return first_in(order, program.tiles[u], order.offset[u], loops, later, at);
  };
  const auto next = std::upper_bound(users.begin(), users.end(), tile);
  for (int loops = now.loops();; --loops) {
    const int end =
        loops == 0 ? static_cast<int>(program.tiles.size()) : program.loop(now.path, loops - 1).end_tile;
    if (next != users.end() && *next < end) return first(*next, loops, 0);
    if (loops == 0) return kNeverUsed;
    const int depth = loops - 1;
    if ((at.not_last() & loop_at(depth)) == 0) continue;
    if (depth < above && (at.changing_from(depth, above) & order.keys[b]) != 0) return kNeverUsed;
    const int begin = program.loop(now.path, depth).first_tile;
    return first(*std::lower_bound(users.begin(), users.end(), begin), loops, 1);
  }
}

}  // namespace fusescape
