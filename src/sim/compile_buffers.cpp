// Which tiles fill, read and store each buffer, and how many places has it?
#include <algorithm>

#include "compile.hpp"
#include "fusescape/plan/places.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {
namespace {

class BufferCompiler {
 public:
  BufferCompiler(const SimContext& context, const GroupMap& map, GroupProgram& program)
      : context_{context},
        cascade_{context.cascade},
        map_{map},
        program_{program},
        group_{context.layout.groups[program.group]},
        options_{profile_options(context.accelerator)} {
    if (runs_are_tiles()) runs_ = leaf_runs(cascade_, context.plan, group_);
  }

  void run();

 private:
  [[nodiscard]] BufferSpec made(const Buffer& buffer, const BufferFlow& flow) const;
  void set_loops(const Buffer& buffer, BufferSpec& spec) const;
  void set_load(const Buffer& buffer, const BufferFlow& flow, BufferSpec& spec) const;
  void set_store(const Buffer& buffer, const BufferFlow& flow, BufferSpec& spec) const;
  /// Tiles run in one sequence, and are not single operators.
  [[nodiscard]] bool runs_are_tiles() const;
  void set_scope(const BufferFlow& flow, BufferSpec& spec) const;
  void touch(const Buffer& buffer, const Allocation& memory, int id);
  void set_leaves(const Allocation& memory, const TileSpec& tile, TouchSpec& touch) const;
  [[nodiscard]] bool needs_whole(const Buffer& buffer, OpId op, const Access* read) const;
  void set_whole(const Buffer& buffer, int tile, TouchSpec& touch) const;
  void set_making(OpId producer, const std::vector<int>& path, TouchSpec& touch) const;
  [[nodiscard]] Slab on_chip(const Buffer& buffer) const;
  [[nodiscard]] SlabSpec slab(const BufferSpec& spec, Slab slab, Bytes granule) const {
    return slab_spec(cascade_, program_, spec.path, std::move(slab), granule);
  }

  const SimContext& context_;
  const Cascade& cascade_;
  const GroupMap& map_;
  GroupProgram& program_;
  const GroupLayout& group_;
  ProfileOptions options_;
  std::vector<LeafRun> runs_;  ///< If they are tiles.
};

Slab BufferCompiler::on_chip(const Buffer& buffer) const {
  const Tensor& tensor = cascade_.tensor(buffer.tensor);
  return {.access = buffer.access,
          .bits = bits_of(tensor.type),
          .fixed_elements = buffer.role == BufferRole::kCarried ? buffer.depth : 1,
          .before_start = tensor.initial != Initial::kZero,
          .held = buffer.held};
}

/// The same split of the loops above a buffer as in the closed form (src/plan/buffer_flow.cpp).
void BufferCompiler::set_loops(const Buffer& buffer, BufferSpec& spec) const {
  spec.path = map_.path_of(buffer.node);
  for (int depth = 0; depth < spec.loops(); ++depth) {
    const RankId rank = program_.loop(spec.path, depth).rank;
    const bool own = names(buffer.access, rank);
    const bool sums = buffer.producer && has_rank(cascade_.op(*buffer.producer).reduction_ranks, rank);
    if (own) spec.keys |= loop_at(depth);
    if (sums) spec.sums |= loop_at(depth);
  }
  if (buffer.role == BufferRole::kCarried) spec.keys = outermost(spec.loops());
}

void BufferCompiler::set_load(const Buffer& buffer, const BufferFlow& flow, BufferSpec& spec) const {
  if (flow.loads.empty()) return;
  const Stream& stream = flow.loads.front();
  spec.fed = true;
  Slab load = on_chip(buffer);
  if (spec.partial) {
    load.bits = bits_of(accumulator_of(cascade_.tensor(buffer.tensor)));
  } else {
    load.bits = dram_bits(cascade_, context_.plan, buffer.tensor);
  }
  load.before_start = cascade_.tensor(buffer.tensor).initial == Initial::kLoaded;
  load.history_only = stream.made_stays;
  spec.load = slab(spec, load, options_.granule);
  spec.load_saving = {stream.once.value(), stream.saved.value()};
  const auto& spatial = context_.plan.spatial;
  const bool concurrent = !stream.carried && !spatial.empty() &&
                          spatial[index_of(stream.op)].operand_loads == OperandLoads::kConcurrent;
  if (concurrent) spec.lane = static_cast<int>(index_of(stream.op));
}

void BufferCompiler::set_store(const Buffer& buffer, const BufferFlow& flow, BufferSpec& spec) const {
  if (flow.stores.empty()) return;
  const Stream& stream = flow.stores.front();
  spec.stored = true;
  Slab store = on_chip(buffer);
  store.bits = dram_bits(cascade_, context_.plan, buffer.tensor);
  if (buffer.role == BufferRole::kCarried) {
    store.fixed_elements = std::min(buffer.depth, cascade_.extent(buffer.carry_rank).value());
  }
  spec.store = slab(spec, store, options_.granule);
  store.bits = bits_of(accumulator_of(cascade_.tensor(buffer.tensor)));
  spec.partial_slab = slab(spec, store, options_.granule);
  spec.store_saving = {stream.once.value(), stream.saved.value()};
}

bool BufferCompiler::runs_are_tiles() const {
  return program_.steps.size() == 1 && program_.tiling != Tiling::kOperators;
}

/// When it has memory, if it shares memory with others: see docs/adr/places.md.
void BufferCompiler::set_scope(const BufferFlow& flow, BufferSpec& spec) const {
  const Turn turn = turn_of(context_.plan, map_.group, runs_, flow.memory);
  spec.scope_first = map_.first_tile[index_of(turn.first)];
  spec.scope_last = map_.end_tile[index_of(turn.last)] - 1;
  spec.scope = turn.only ? 0 : static_cast<int>(map_.path_of(turn.within).size());
  spec.in_turns = program_.steps.size() == 1 && spec.fed && !turn.only;
  if (!spec.in_turns) return;
  const Elements turns = iteration_count(cascade_, loops_above(context_.plan, turn.within));
  spec.first_slabs = first_slabs(flow, turns);
}

BufferSpec BufferCompiler::made(const Buffer& buffer, const BufferFlow& flow) const {
  BufferSpec spec{.tensor = buffer.tensor, .role = buffer.role, .slots = flow.slots, .depth = flow.depth};
  set_loops(buffer, spec);
  const bool filled = buffer.role == BufferRole::kProduced || buffer.role == BufferRole::kExchanged;
  spec.partial = filled && !flow.loads.empty();
  spec.counts = !flow.memory.inside;
  spec.second_slot_counts = options_.count_second_slots;
  Slab held = on_chip(buffer);
  held.held = false;
  if (buffer.accumulates) {
    held.bits = std::max(held.bits, bits_of(accumulator_of(cascade_.tensor(buffer.tensor))));
  }
  spec.held = slab(spec, held, Bytes{1});
  set_load(buffer, flow, spec);
  set_store(buffer, flow, spec);
  set_scope(flow, spec);
  spec.streamed = spec.fed && !spec.partial && spec.counts && spec.slots == 2;
  spec.slab_bytes = Bytes{flow.memory.bytes.value() / (options_.count_second_slots ? spec.slots : 1)};
  return spec;
}

/// Splits the loops above a producer by what another iteration makes.
void BufferCompiler::set_making(OpId producer, const std::vector<int>& path, TouchSpec& touch) const {
  const Operator& op = cascade_.op(producer);
  for (int depth = 0; depth < static_cast<int>(path.size()); ++depth) {
    const RankId rank = program_.loop(path, depth).rank;
    const bool more = has_rank(op.reduction_ranks, rank) || has_rank(cascade_.tensor(op.output).ranks, rank);
    (more ? touch.completes : touch.repeats) |= loop_at(depth);
  }
}

/// A tile's leaves run one after another: what lies in its own node has memory only during some of them.
void BufferCompiler::set_leaves(const Allocation& memory, const TileSpec& tile, TouchSpec& touch) const {
  touch.last_leaf = static_cast<int>(tile.leaves.size()) - 1;
  if (memory.node != tile.node) return;
  const std::vector<NodeId>& children = context_.plan.node(tile.node).children;
  const auto first = std::find(children.begin(), children.end(), tile.leaves.front()) - children.begin();
  touch.first_leaf = std::max(0, memory.first_child - static_cast<int>(first));
  touch.last_leaf = std::min(touch.last_leaf, memory.last_child - static_cast<int>(first));
}

/// An operator that uses each element of an operand once can take it (`read`), or leave its result (null),
/// piece by piece; but not of a slab that it works on in several tiles.
bool BufferCompiler::needs_whole(const Buffer& buffer, OpId op, const Access* read) const {
  const Operator& user = cascade_.op(op);
  const std::vector<PathLoop> loops = loops_above(context_.plan, map_.leaf_of[index_of(op)]);
  const auto in_tile = [&](RankId rank) {
    std::int64_t extent = cascade_.extent(rank).value();
    for (const PathLoop& loop : loops) extent = loop.rank == rank ? std::min(extent, loop.tile) : extent;
    return extent;
  };
  const bool again = std::any_of(user.ranks.begin(), user.ranks.end(), [&](RankId rank) {
    return in_tile(rank) > 1 &&
           (read != nullptr ? !names(*read, rank) : has_rank(user.reduction_ranks, rank));
  });
  const std::size_t outside = loops_above(context_.plan, buffer.node).size();
  const bool tiled = std::any_of(
      loops.begin() + static_cast<std::ptrdiff_t>(outside), loops.end(), [&](const PathLoop& loop) {
        return names(buffer.access, loop.rank) && Elements{loop.tile} < cascade_.extent(loop.rank);
      });
  return again || tiled;
}

void BufferCompiler::set_whole(const Buffer& buffer, int tile, TouchSpec& touch) const {
  for (const Use& use : buffer.uses) {
    if (map_.tile_of[index_of(use.op)] != tile) continue;
    const Access& read = cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    touch.whole = touch.whole || needs_whole(buffer, use.op, &read);
  }
  if (touch.writes) touch.whole = touch.whole || needs_whole(buffer, *buffer.producer, nullptr);
}

/// Tells the tiles of the buffer's operators that they use it.
void BufferCompiler::touch(const Buffer& buffer, const Allocation& memory, int id) {
  BufferSpec& spec = program_.buffers[static_cast<std::size_t>(id)];
  std::vector<int> users;
  for (const Use& use : buffer.uses) users.push_back(map_.tile_of[index_of(use.op)]);
  const int maker = buffer.producer ? map_.tile_of[index_of(*buffer.producer)] : -1;
  if (maker >= 0) users.push_back(maker);
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  spec.leads = spec.in_turns && users.front() == spec.scope_first;
  for (std::size_t i = 0; i < users.size(); ++i) {
    TileSpec& tile = program_.tiles[static_cast<std::size_t>(users[i])];
    const auto known = std::find(spec.touching.begin(), spec.touching.end(), tile.core);
    const int toucher = static_cast<int>(known - spec.touching.begin());
    if (known == spec.touching.end()) spec.touching.push_back(tile.core);
    const auto next = users.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    const bool later = std::any_of(next, users.end(), [&](int t) {
      return program_.tiles[static_cast<std::size_t>(t)].core == tile.core;
    });
    tile.touches.push_back({.buffer = id, .toucher = toucher, .writes = users[i] == maker, .last = !later});
    set_leaves(memory, tile, tile.touches.back());
    set_whole(buffer, users[i], tile.touches.back());
    if (users[i] != maker) continue;
    spec.producer_core = tile.core;
    set_making(*buffer.producer, tile.path, tile.touches.back());
  }
}

void BufferCompiler::run() {
  std::vector<Allocation> memory;
  const FlowContext flow_context{cascade_, context_.plan, group_, options_};
  for (const Buffer& buffer : group_.buffers) {
    const BufferFlow flow = flow_of(flow_context, buffer);
    program_.moved += flow.read + flow.written;
    program_.buffers.push_back(made(buffer, flow));
    const auto own = static_cast<std::int32_t>(program_.buffers.size()) - 1;
    program_.buffers.back().host = flow.memory.inside.value_or(own);
    memory.push_back(flow.memory);
    if (!flow.memory.inside) program_.all_at_once += flow.memory.bytes;
    touch(buffer, flow.memory, static_cast<int>(program_.buffers.size()) - 1);
  }
  for (BufferSpec& buffer : program_.buffers) {
    while (!program_.buffers[static_cast<std::size_t>(buffer.host)].counts)
      buffer.host = program_.buffers[static_cast<std::size_t>(buffer.host)].host;
  }
  const std::vector<Bytes> alive = bytes_alive(context_.plan, group_.node, memory);
  program_.footprint = alive[index_of(group_.node)];
  for (TileSpec& tile : program_.tiles) {
    for (const NodeId leaf : tile.leaves) tile.alive = std::max(tile.alive, alive[index_of(leaf)].value());
  }
}

}  // namespace

void compile_buffers(const SimContext& context, const GroupMap& map, GroupProgram& program) {
  BufferCompiler{context, map, program}.run();
}

}  // namespace fusescape
