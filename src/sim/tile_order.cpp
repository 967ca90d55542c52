#include "tile_order.hpp"

#include <algorithm>

#include "fusescape/sim/memory.hpp"

namespace fusescape {
namespace {

struct Body {
  int loop = kNoLoop;
  Elements length;
};

void add_positions(const GroupProgram& program, TileOrder& order) {
  std::vector<Body> open(1);
  int tile = 0;
  for (const ProgramStep& step : program.steps.front()) {
    const auto id = static_cast<std::size_t>(step.id);
    if (step.kind == ProgramStep::Kind::kTile) {
      order.offset[id] = open.back().length.value();
      open.back().length += Elements{1};
      ++tile;
    } else if (step.kind == ProgramStep::Kind::kLoop) {
      order.first[id] = open.back().length.value();
      order.first_tile[id] = tile;
      open.push_back({step.id, {}});
    } else {
      const NestLoop& loop = program.loops[id];
      const std::int64_t over =
          loop.outer == kNoLoop ? loop.whole : program.loops[static_cast<std::size_t>(loop.outer)].tile;
      const Elements length = open.back().length * ceil_div(over, loop.tile);
      order.stride[id] = open.back().length.value();
      order.length[id] = length.value();
      order.end_tile[id] = tile;
      open.pop_back();
      open.back().length += length;
    }
    order.overflow = order.overflow || open.back().length.overflow();
    if (order.overflow) return;
  }
}

/// Position of the first time that `tile` runs in the current iteration of `loop`, `later` iterations on.
std::int64_t first_in(const TileOrder& order, const GroupProgram& program, int tile, int loop,
                      std::int64_t later, const Odometer& at) {
  const auto t = static_cast<std::size_t>(tile);
  const LoopSet& path = program.tiles[t].path;
  std::int64_t position = order.offset[t];
  for (int each = path.innermost(); each != kNoLoop; each = path.next_out(each)) {
    const auto l = static_cast<std::size_t>(each);
    const bool outside =
        loop != kNoLoop && each <= loop && program.loops[static_cast<std::size_t>(loop)].path.has(each);
    const std::int64_t index = outside ? at[each].index + (each == loop ? later : 0) : 0;
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
  order.first_tile.resize(loops);
  order.end_tile.resize(loops);
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
    order.keys.push_back(made_anew ? buffer.path : buffer.keys);
  }
  return order;
}

std::int64_t iteration_position(const TileOrder& order, const GroupProgram& program, int loop,
                                const Odometer& at) {
  const LoopSet& path = program.loops[static_cast<std::size_t>(loop)].path;
  std::int64_t position = 0;
  for (int each = path.innermost(); each != kNoLoop; each = path.next_out(each)) {
    const auto l = static_cast<std::size_t>(each);
    position += order.first[l] + at[each].index * order.stride[l];
  }
  return position;
}

std::int64_t next_use(const TileOrder& order, const GroupProgram& program, int buffer, int tile,
                      const Odometer& at) {
  const auto b = static_cast<std::size_t>(buffer);
  const LoopSet& above = program.buffers[b].path;
  const std::vector<int>& users = order.users[b];
  const LoopSet& path = program.tiles[static_cast<std::size_t>(tile)].path;
  const auto later = std::upper_bound(users.begin(), users.end(), tile);
  for (int loop = path.innermost();; loop = path.next_out(loop)) {
    const int end = loop == kNoLoop ? static_cast<int>(program.tiles.size())
                                    : order.end_tile[static_cast<std::size_t>(loop)];
    if (later != users.end() && *later < end) return first_in(order, program, *later, loop, 0, at);
    if (loop == kNoLoop) return kNeverUsed;
    if (!at.not_last().has(loop)) continue;
    if (above.has(loop)) {
      LoopSet changing = (at.moved() & above).inside(loop);
      changing.add(loop);
      if (changing.meets(order.keys[b])) return kNeverUsed;
    }
    const int first = order.first_tile[static_cast<std::size_t>(loop)];
    return first_in(order, program, *std::lower_bound(users.begin(), users.end(), first), loop, 1, at);
  }
}

}  // namespace fusescape
