#include "program.hpp"

#include <algorithm>

#include "compile.hpp"
#include "fusescape/plan/array_time.hpp"
#include "fusescape/plan/dram_bursts.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/retention.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

bool is_leaf(const Node& node) {
  return node.kind == NodeKind::kOperator || node.kind == NodeKind::kChain;
}

/// Loops, tiles and steps of one group, from its tree.
class TreeCompiler {
 public:
  TreeCompiler(const SimContext& context, NodeId group, Tiling tiling, GroupProgram& program)
      : context_{context}, plan_{context.plan}, tiling_{tiling}, program_{program} {
    map_.group = group;
    map_.path.resize(plan_.nodes.size());
    map_.first_tile.resize(plan_.nodes.size());
    map_.end_tile.resize(plan_.nodes.size());
    map_.tile_of.assign(context.cascade.operators.size(), -1);
    map_.leaf_of.assign(context.cascade.operators.size(), kRoot);
  }

  GroupMap run() {
    const std::vector<LeafRun> runs =
        leaf_runs(context_.cascade, plan_, context_.layout.groups[program_.group]);
    run_ = runs.begin();
    enter(map_.group, {});
    const int sequences = tiling_ == Tiling::kPerCore ? context_.core_count : 1;
    program_.steps.resize(static_cast<std::size_t>(sequences));
    for (int core = 0; core < sequences; ++core) emit(map_.group, core);
    return std::move(map_);
  }

 private:
  void enter(NodeId id, std::vector<int> path);
  void add_loop(const Node& node, std::vector<int>& path);
  void add_leaf(NodeId parent, NodeId leaf);
  void emit(NodeId id, int core);
  [[nodiscard]] std::vector<int> innermost_per_rank(const std::vector<int>& path) const;
  [[nodiscard]] bool has_tiles_of(NodeId id, int core) const;

  const SimContext& context_;
  const Plan& plan_;
  Tiling tiling_;
  GroupProgram& program_;
  GroupMap map_;
  std::vector<LeafRun>::const_iterator run_;  ///< That the next leaf belongs to.
};

void TreeCompiler::add_loop(const Node& node, std::vector<int>& path) {
  NestLoop loop{.rank = node.rank,
                .whole = context_.cascade.extent(node.rank).value(),
                .depth = static_cast<int>(path.size()),
                .above = path.empty() ? kNoLoop : path.back()};
  loop.tile = std::min(node.tile, loop.whole);
  for (int depth = 0; depth < loop.depth; ++depth) {
    if (program_.loop(path, depth).rank == node.rank) loop.outer = depth;
  }
  for (const Operator& op : context_.cascade.operators) {
    for (const Access& access : op.inputs) {
      for (const Index& index : access.indices) loop.periodic = loop.periodic && index.tap != node.rank;
    }
  }
  path.push_back(static_cast<int>(program_.loops.size()));
  program_.loops.push_back(loop);
}

/// Depths of the innermost loop of `path` over each rank.
std::vector<int> TreeCompiler::innermost_per_rank(const std::vector<int>& path) const {
  std::vector<int> found;
  for (int depth = 0; depth < static_cast<int>(path.size()); ++depth) {
    const int outer = program_.loop(path, depth).outer;
    found.erase(std::remove(found.begin(), found.end(), outer), found.end());
    found.push_back(depth);
  }
  return found;
}

/// Adds `leaf` to the last tile if it is of the same run and core, or as a tile of its own.
void TreeCompiler::add_leaf(NodeId parent, NodeId leaf) {
  const std::vector<OpId> members = operators_below(plan_, leaf);
  const int core = context_.core_of[index_of(members.front())];
  const bool whole = tiling_ == Tiling::kWhole;
  if (leaf == run_->leaves.front() || (!whole && program_.tiles.back().resource != core) ||
      tiling_ == Tiling::kOperators) {
    TileSpec tile{.node = parent, .resource = core, .path = map_.path_of(parent)};
    if (tiling_ == Tiling::kPerCore) tile.core = core;
    tile.key_loops = innermost_per_rank(tile.path);
    tile.first_part = program_.part_count();
    program_.tiles.push_back(std::move(tile));
  }
  if (leaf == run_->leaves.back()) ++run_;
  TileSpec& tile = program_.tiles.back();
  tile.leaves.push_back(leaf);
  if (tile.parts.empty() || tile.parts.back().resource != core) tile.parts.push_back({core, {}});
  for (const OpId op : members) {
    tile.operators.push_back(op);
    tile.parts.back().operators.push_back(op);
    map_.tile_of[index_of(op)] = static_cast<int>(program_.tiles.size()) - 1;
    map_.leaf_of[index_of(op)] = leaf;
  }
}

void TreeCompiler::enter(NodeId id, std::vector<int> path) {
  const Node& node = plan_.node(id);
  if (node.kind == NodeKind::kLoop) add_loop(node, path);
  map_.path[index_of(id)] = path;
  map_.first_tile[index_of(id)] = static_cast<int>(program_.tiles.size());
  for (const NodeId child : node.children) {
    if (is_leaf(plan_.node(child))) {
      add_leaf(id, child);
      map_.first_tile[index_of(child)] = static_cast<int>(program_.tiles.size()) - 1;
      map_.end_tile[index_of(child)] = static_cast<int>(program_.tiles.size());
    } else {
      enter(child, path);
    }
  }
  map_.end_tile[index_of(id)] = static_cast<int>(program_.tiles.size());
  if (node.kind != NodeKind::kLoop) return;
  NestLoop& loop = program_.loops[static_cast<std::size_t>(path.back())];
  loop.first_tile = map_.first_tile[index_of(id)];
  loop.end_tile = map_.end_tile[index_of(id)];
}

bool TreeCompiler::has_tiles_of(NodeId id, int core) const {
  for (int t = map_.first_tile[index_of(id)]; t < map_.end_tile[index_of(id)]; ++t) {
    if (program_.tiles[static_cast<std::size_t>(t)].core == core) return true;
  }
  return false;
}

void TreeCompiler::emit(NodeId id, int core) {
  if (!has_tiles_of(id, core)) return;
  std::vector<ProgramStep>& steps = program_.steps[static_cast<std::size_t>(core)];
  const Node& node = plan_.node(id);
  const int loop = node.kind == NodeKind::kLoop ? map_.path_of(id).back() : kNoLoop;
  if (node.kind == NodeKind::kLoop) steps.push_back({ProgramStep::Kind::kLoop, loop, 0});
  const int body = static_cast<int>(steps.size());
  int last = -1;
  for (const NodeId child : node.children) {
    if (!is_leaf(plan_.node(child))) {
      emit(child, core);
      continue;
    }
    const int tile = map_.first_tile[index_of(child)];
    if (tile != last && program_.tiles[static_cast<std::size_t>(tile)].core == core) {
      steps.push_back({ProgramStep::Kind::kTile, tile, 0});
    }
    last = tile;
  }
  if (node.kind == NodeKind::kLoop) steps.push_back({ProgramStep::Kind::kEnd, loop, body});
}

/// Extents of all ranks where the tile's innermost loops have `extents`.
std::vector<std::int64_t> extents_of(const SimContext& context, const GroupProgram& program,
                                     const TileSpec& tile, const std::vector<std::int64_t>& extents) {
  std::vector<std::int64_t> all;
  for (const Rank& rank : context.cascade.ranks) all.push_back(rank.extent.value());
  for (std::size_t i = 0; i < tile.key_loops.size(); ++i) {
    all[index_of(program.loop(tile.path, tile.key_loops[i]).rank)] = extents[i];
  }
  return all;
}

WorkTable work_of(const SimContext& context, const TileSpec& tile, const std::vector<std::int64_t>& extents) {
  WorkTable table;
  for (const NodeId leaf : tile.leaves) append_work(context.cascade, context.plan, leaf, extents, table);
  return table;
}

/// Work of the largest tile.
WorkTable largest_work(const SimContext& context, const GroupProgram& program, const TileSpec& tile) {
  std::vector<std::int64_t> extents;
  for (const int depth : tile.key_loops) extents.push_back(program.loop(tile.path, depth).tile);
  return work_of(context, tile, extents_of(context, program, tile, extents));
}

/// What operands of `work` move on chip at most: each of them with every operation.
Bytes most_onchip(const WorkTable& work) {
  Bytes sum;
  for (const OperatorWork& one : work.operators) {
    for (std::uint32_t i = 0; i < one.access_count; ++i) {
      sum += bytes_of(Elements{one.ops}, work.accesses[one.first_access + i].bits);
    }
  }
  return sum;
}

void count(const SimContext& context, GroupProgram& program) {
  for (const TileSpec& tile : program.tiles) {
    const WorkTable work = largest_work(context, program, tile);
    program.countable = program.countable && is_countable(work.operators);
    program.moved +=
        most_onchip(work) * iteration_count(context.cascade, loops_above(context.plan, tile.node));
  }
}

}  // namespace

std::int64_t SlabSpec::packed_bytes(std::int64_t elements) const {
  const std::int64_t packed =
      slab.bits % 8 == 0 ? elements * (slab.bits / 8) : ceil_div(elements * slab.bits, 8);
  return granule == Bytes{1} ? packed : in_bursts(Bytes{packed}, granule).value();
}

std::int64_t SlabSpec::bytes_at(const Cascade& cascade, const Odometer& at, TileBounds& scratch) const {
  if (windowed) return windowed_bytes(cascade, at, scratch);
  std::int64_t elements = slab.fixed_elements;  // A footprint beyond 64 bits was refused.
  for (std::size_t i = 0; i < loop.size(); ++i)
    elements *= loop[i] == kNoLoop ? whole[i] : at[loop[i]].extent;
  return packed_bytes(elements);
}

std::int64_t SlabSpec::windowed_bytes(const Cascade& cascade, const Odometer& at, TileBounds& scratch) const {
  for (std::size_t i = 0; i < slab.access.indices.size(); ++i) {
    const Index& index = slab.access.indices[i];
    scratch[index_of(index.rank)] = at.span(loop[i], whole[i]);
    if (index.tap) scratch[index_of(*index.tap)] = at.span(tap_loop[i], cascade.extent(*index.tap).value());
  }
  const std::size_t dimensions = slab.access.indices.size();
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    scratch[index_of(chunks[i])] = at.span(loop[dimensions + i], whole[dimensions + i]);
  }
  return in_bursts(slab_bytes(cascade, slab, scratch), granule).value();
}

std::int64_t Saving::within(std::int64_t begin, std::int64_t count) const {
  if (saved == 0) return 0;
  const auto before = [&](std::int64_t at) { return at / once * saved + std::min(at % once, saved); };
  return before(begin + count) - before(begin);
}

StoredSlab stored_slab(const BufferSpec& buffer, const TouchSpec& touch, int loops, const Odometer& at) {
  if (!buffer.stored) return {};
  const LoopMask not_last = at.not_last();
  const LoopMask inside = outermost(loops) & ~outermost(buffer.loops());
  if ((not_last & buffer.sums) == 0) {
    const bool complete = (not_last & inside & touch.completes) == 0 && (at.moved() & touch.repeats) == 0;
    return complete ? StoredSlab{&buffer.store, true} : StoredSlab{};
  }
  const bool leaves =
      buffer.partial && (not_last & inside) == 0 && (at.changing(buffer.loops()) & buffer.keys) != 0;
  return leaves ? StoredSlab{&buffer.partial_slab, false} : StoredSlab{};
}

int SimContext::link(int from, int to) const {
  if (accelerator.links.topology == Topology::kBus) return first_link;
  return first_link + from * (core_count - 1) + (to < from ? to : to - 1);
}

namespace {

/// Whether all iterations of the loop at `depth` of `path`, and of those above it over its rank, have the
/// same extent.
bool is_even(const GroupProgram& program, const std::vector<int>& path, int depth) {
  for (; depth != kNoLoop; depth = program.loop(path, depth).outer) {
    const NestLoop& each = program.loop(path, depth);
    const std::int64_t over = each.outer == kNoLoop ? each.whole : program.loop(path, each.outer).tile;
    if (over % each.tile != 0) return false;
  }
  return true;
}

std::optional<std::int64_t> same_bytes(const GroupProgram& program, const std::vector<int>& path,
                                       const SlabSpec& spec) {
  if (spec.windowed) return std::nullopt;
  std::int64_t elements = spec.slab.fixed_elements;
  for (std::size_t i = 0; i < spec.loop.size(); ++i) {
    if (!is_even(program, path, spec.loop[i])) return std::nullopt;
    elements *= spec.loop[i] == kNoLoop ? spec.whole[i] : program.loop(path, spec.loop[i]).tile;
  }
  return spec.packed_bytes(elements);
}

}  // namespace

SlabSpec slab_spec(const Cascade& cascade, const GroupProgram& program, const std::vector<int>& path,
                   Slab slab, Bytes granule) {
  SlabSpec spec{.slab = std::move(slab), .granule = granule};
  spec.windowed = spec.slab.history_only;
  const auto inner = [&](RankId rank) {
    int depth = static_cast<int>(path.size()) - 1;
    while (depth >= 0 && program.loop(path, depth).rank != rank) --depth;
    return depth;
  };
  for (const Index& index : spec.slab.access.indices) {
    spec.loop.push_back(inner(index.rank));
    spec.whole.push_back(cascade.extent(index.rank).value());
    spec.tap_loop.push_back(index.tap ? inner(*index.tap) : kNoLoop);
    spec.windowed = spec.windowed || is_shifted(index);
  }
  for (const Index& index : spec.slab.access.indices) {
    if (!index.chunk) continue;
    spec.chunks.push_back(*index.chunk);
    spec.loop.push_back(inner(*index.chunk));
    spec.whole.push_back(cascade.extent(*index.chunk).value());
  }
  spec.same = same_bytes(program, path, spec);
  return spec;
}

GroupProgram compile(const SimContext& context, std::uint32_t group, Tiling tiling) {
  GroupProgram program{.group = group, .tiling = tiling};
  const GroupMap map = TreeCompiler{context, context.layout.groups[group].node, tiling, program}.run();
  compile_buffers(context, map, program);
  compile_edges(context, map, program);
  program.reserved = reserved_bytes(context.cascade, context.plan, context.layout, group);
  count(context, program);
  return program;
}

namespace {

/// What each part of a tile takes its core; none if there is one, which takes all of it.
std::vector<Ticks> parts_of(const SimContext& context, const WorkTable& table, const TileSpec& tile) {
  if (tile.parts.size() == 1) return {};
  std::vector<Ticks> parts;
  for (const TilePart& part : tile.parts) {
    std::int64_t cycles = 0;
    for (const OperatorWork& work : table.operators) {
      const auto& own = part.operators;
      if (std::find(own.begin(), own.end(), work.op) == own.end()) continue;
      const Engine& engine = context.engine_of[index_of(work.op)];
      cycles += work_cost(table, work, engine, context.machine.model.fill_cycles.value()).compute;
    }
    parts.push_back(context.machine.scale.ticks(Cycles{cycles}));
  }
  return parts;
}

}  // namespace

TileCost tile_cost(const SimContext& context, const GroupProgram& program, const TileSpec& tile,
                   const Odometer& at) {
  TileCost cost;
  for (const int depth : tile.key_loops) cost.extents.push_back(at[depth].extent);
  const WorkTable table = work_of(context, tile, extents_of(context, program, tile, cost.extents));
  const WorkCost sum = work_cost(table, context.engine_of, context.machine.model);
  cost.compute = context.machine.scale.ticks(Cycles{sum.compute});
  cost.parts = parts_of(context, table, tile);
  cost.read_bytes = sum.read().value();
  cost.written_bytes = sum.written().value();
  cost.onchip_read = Ticks{cost.read_bytes} * context.machine.sram_read_ticks_per_byte;
  cost.onchip_write = Ticks{cost.written_bytes} * context.machine.sram_write_ticks_per_byte;
  return cost;
}

}  // namespace fusescape
