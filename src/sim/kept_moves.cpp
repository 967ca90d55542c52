#include <algorithm>

#include "fusescape/plan/dram_bursts.hpp"
#include "fusescape/plan/traffic.hpp"
#include "kept.hpp"
#include "tile_order.hpp"

namespace fusescape {
namespace {

Box box_of(const SlabSpec& slab, const Odometer& at) {
  Box box;
  for (std::size_t i = 0; i < slab.loop.size(); ++i) {
    const RankSpan span = at.span(slab.loop[i], slab.whole[i]);
    box.emplace_back(span.start, span.start + span.extent);
  }
  return box;
}

/// Calls `read(run, buffer, at)` and `make(run, buffer, at)` where a tile begins to use a slab of a tensor
/// that is kept, and where one completes it: a tile reads, then makes.
template <class Read, class Make>
void walk(const GroupProgram& program, const std::vector<bool>& keeps, const Read& read, const Make& make) {
  const TileOrder order = tile_order(program);
  std::vector<bool> live(program.buffers.size());
  Odometer at{program.loops};
  std::size_t step = 0;
  const auto next = [&] {
    return next_tile(program.loops, program.steps.front(), at, step, [](int, bool) {});
  };
  std::int64_t run = 0;
  for (int id = next(); id >= 0; ++step, id = next(), ++run) {
    const TileSpec& tile = program.tiles[static_cast<std::size_t>(id)];
    for (const TouchSpec& touch : tile.touches) {
      const auto b = static_cast<std::size_t>(touch.buffer);
      const BufferSpec& buffer = program.buffers[b];
      if (!keeps[index_of(buffer.tensor)]) continue;
      if (!live[b] && buffer.fed) read(run, b, at);
      live[b] = next_use(order, program, touch.buffer, id, at) != kNeverUsed;
    }
    for (const TouchSpec& touch : tile.touches) {
      const auto b = static_cast<std::size_t>(touch.buffer);
      const BufferSpec& buffer = program.buffers[b];
      if (!touch.writes || !keeps[index_of(buffer.tensor)]) continue;
      if (stored_slab(buffer, touch, tile.loops(), at).final) make(run, b, at);
    }
  }
}

}  // namespace

void register_kept(const SimContext& context, const GroupProgram& program, const std::vector<bool>& keeps,
                   KeptTensors& kept) {
  TileBounds scratch = whole_bounds(context.cascade);
  walk(
      program, keeps,
      [&](std::int64_t, std::size_t b, const Odometer& at) {
        kept.will_read(program.buffers[b].tensor, box_of(program.buffers[b].load, at));
      },
      [&](std::int64_t, std::size_t b, const Odometer& at) {
        const BufferSpec& buffer = program.buffers[b];
        const Bytes bytes{buffer.held.bytes(context.cascade, at, scratch)};
        kept.will_make(buffer.tensor, box_of(buffer.store, at), bytes);
      });
}

KeptMoves kept_moves(const SimContext& context, const GroupProgram& program, const std::vector<bool>& keeps,
                     KeptTensors& kept) {
  TileBounds scratch = whole_bounds(context.cascade);
  const Bytes granule = context.accelerator.dram.granule;
  KeptMoves made{.loads = {}, .stores = {}, .samples = {}, .peak = kept.used()};
  made.loads.resize(program.buffers.size());
  made.stores.resize(program.buffers.size());
  std::vector<Bytes> shown(context.cascade.tensors.size());
  const auto sample = [&](std::int64_t run) {
    made.peak = std::max(made.peak, kept.used());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const TensorId tensor{static_cast<std::uint16_t>(i)};
      if (!keeps[i] || kept.resident(tensor) == shown[i]) continue;
      shown[i] = kept.resident(tensor);
      made.samples.push_back({run, tensor, shown[i]});
    }
  };
  sample(0);
  walk(
      program, keeps,
      [&](std::int64_t run, std::size_t b, const Odometer& at) {
        const BufferSpec& buffer = program.buffers[b];
        const std::int64_t on_chip = kept.read(buffer.tensor);
        const std::int64_t all = std::max<std::int64_t>(volume(box_of(buffer.load, at)), 1);
        const Int128 missing =
            static_cast<Int128>(buffer.load.bytes(context.cascade, at, scratch)) * (all - on_chip);
        made.loads[b].push_back(
            in_bursts(Bytes{static_cast<std::int64_t>((missing + all - 1) / all)}, granule));
        sample(run);
      },
      [&](std::int64_t run, std::size_t b, const Odometer& at) {
        static_cast<void>(at);
        std::vector<Leaving> leaving = kept.make(program.buffers[b].tensor);
        for (Leaving& one : leaving) one.bytes = in_bursts(one.bytes, granule);
        made.stores[b].push_back(std::move(leaving));
        sample(run + 1);
      });
  return made;
}

}  // namespace fusescape
