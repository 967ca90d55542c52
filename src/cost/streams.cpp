#include "streams.hpp"

#include <algorithm>

#include "fusescape/plan/places.hpp"
#include "fusescape/plan/tile_classes.hpp"

namespace fusescape {
namespace {

bool has(const std::vector<OpId>& operators, OpId op) {
  return std::find(operators.begin(), operators.end(), op) != operators.end();
}

std::size_t run_of(const GroupStreams& group, OpId op) {
  const auto found = std::find_if(group.runs.begin(), group.runs.end(),
                                  [&](const LeafRun& run) { return has(run.operators, op); });
  return static_cast<std::size_t>(found - group.runs.begin());
}

RunRange users_of(const GroupStreams& group, const Buffer& buffer, const RunRange& below) {
  RunRange users{below.last, below.first};
  const auto add = [&](OpId op) {
    const std::size_t run = run_of(group, op);
    if (!below.contains(run)) return;
    users.first = std::min(users.first, run);
    users.last = std::max(users.last, run);
  };
  if (buffer.producer) add(*buffer.producer);
  for (const Use& use : buffer.uses) add(use.op);
  return users;
}

/// Tiles of the first visit until it is complete for the first time, and of the last one.
void set_visit_tiles(const GroupStreams& group, const Buffer& buffer, int changed_by, BufferPlace& place) {
  if (group.runs.size() > 1) return;
  const Cascade& cascade = group.context.cascade;
  std::vector<PathLoop> nest = loops_above(group.context.plan, group.runs.front().parent);
  const auto inner = nest.begin() + changed_by;
  const std::vector<PathLoop> outer{nest.begin(), inner};
  place.last_tiles = equal_iterations(last_tile(cascade, outer), {inner, nest.end()});
  const auto repeats = [&](const PathLoop& loop) {
    return buffer.producer && !has_rank(cascade.op(*buffer.producer).ranks, loop.rank);
  };
  nest.erase(std::remove_if(inner, nest.end(), repeats), nest.end());
  const auto making = nest.begin() + changed_by;
  place.first_tiles = equal_iterations(first_tile(cascade, outer), {making, nest.end()});
}

/// The run of a leaf, or those below a node.
RunRange runs_at(const GroupStreams& group, NodeId node) {
  for (std::size_t r = 0; r < group.runs.size(); ++r) {
    const std::vector<NodeId>& leaves = group.runs[r].leaves;
    if (std::find(leaves.begin(), leaves.end(), node) != leaves.end()) return {r, r};
  }
  return runs_below(group, node);
}

void set_turn(const GroupStreams& group, const BufferFlow& flow, BufferPlace& place) {
  if (group.runs.size() == 1) return;
  const FlowContext& context = group.context;
  const Turn turn = turn_of(context.plan, context.group.node, group.runs, flow.memory);
  place.in_turns = !turn.only;
  if (turn.only) return;
  place.alive = {runs_at(group, turn.first).first, runs_at(group, turn.last).last};
  place.turn = turn.within;
  const Elements turns = group.nodes[index_of(turn.within)].iterations;
  place.turns = at_most(turns);
  place.first_slabs = first_slabs(flow, turns);
}

BufferPlace place_of(const GroupStreams& group, const Buffer& buffer, const BufferFlow& flow) {
  const FlowContext& context = group.context;
  const RunRange below = runs_below(group, buffer.node);
  const auto& maker = context.cascade.producer[index_of(buffer.tensor)];
  const auto children = static_cast<std::int32_t>(context.plan.node(flow.memory.node).children.size());
  BufferPlace place;
  place.tensor = buffer.tensor;
  place.slots = flow.slots;
  place.depth = flow.depth;
  place.users = users_of(group, buffer, below);
  set_visit_tiles(group, buffer, flow.changed_by, place);
  place.passes = passes_of(group, buffer.node, below.count());
  place.lives_with_one = runs_below(group, flow.memory.node).count() == 1;
  place.lives_throughout = flow.memory.first_child == 0 && flow.memory.last_child + 1 == children;
  place.returns = buffer.stored && !flow.loads.empty();
  place.spilled = buffer.role == BufferRole::kFetched && maker && has(context.group.operators, *maker);
  place.shifted = is_shifted(buffer.access);
  place.alive = {0, group.runs.size() - 1};
  const bool both = context.options.count_second_slots;
  if (!flow.memory.inside) place.slab = Bytes{flow.memory.bytes.value() / (both ? flow.slots : 1)};
  set_turn(group, flow, place);
  return place;
}

BufferStream placed(const GroupStreams& group, const Stream& stream, const BufferPlace& place, bool in_turn) {
  const auto& spatial = group.context.plan.spatial;
  BufferStream made{stream, place, run_of(group, stream.op)};
  made.concurrent = !stream.carried && !spatial.empty() &&
                    spatial[index_of(stream.op)].operand_loads == OperandLoads::kConcurrent;
  made.in_turn = in_turn;
  return made;
}

}  // namespace

std::int64_t at_most(Elements count) {
  return count.overflow() ? kMostIterations : std::min(count.value(), kMostIterations);
}

std::vector<StreamNode> nodes_of(const FlowContext& context, const std::vector<LeafRun>& runs) {
  const Plan& plan = context.plan;
  const RunRange none{runs.size(), runs.size() - 1};
  std::vector<StreamNode> nodes(plan.nodes.size(), StreamNode{none, Elements{1}});
  for (std::size_t r = 0; r < runs.size(); ++r) {
    for (NodeId node = runs[r].parent;; node = plan.node(node).parent) {
      RunRange& below = nodes[index_of(node)].runs;
      if (below == none) below.first = r;
      below.last = r;
      if (node == kRoot) break;
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].runs == none) continue;
    const NodeId node{static_cast<std::uint16_t>(i)};
    nodes[i].iterations = iteration_count(context.cascade, loops_above(plan, node));
  }
  return nodes;
}

std::int64_t equal_iterations(TileBounds bounds, const std::vector<PathLoop>& loops) {
  Elements count{1};
  for (const PathLoop& loop : loops) {
    std::int64_t& extent = bounds[index_of(loop.rank)].extent;
    const std::int64_t tile = std::min(extent, loop.tile);
    if (extent % tile != 0) return 1;
    count = count * (extent / tile);
    extent = tile;
  }
  return at_most(count);
}

NodeId node_of_passes(const GroupStreams& group, NodeId node, std::size_t own) {
  const auto alone = [&] { return runs_below(group, node).count() == own; };
  while (node != group.context.group.node && alone()) node = group.context.plan.node(node).parent;
  return node;
}

std::int64_t passes_of(const GroupStreams& group, NodeId node, std::size_t own) {
  const NodeId above = node_of_passes(group, node, own);
  if (runs_below(group, above).count() == own) return 1;
  return iterations_of(group, above);
}

void add_streams(const Buffer& buffer, const BufferFlow& flow, GroupStreams& group) {
  const BufferPlace place = place_of(group, buffer, flow);
  if (!flow.memory.inside) group.side_by_side += flow.memory.bytes;
  const RunRange below = runs_below(group, buffer.node);
  for (const Stream& load : flow.loads) {
    BufferStream made = placed(group, load, place, place.users == below);
    // Who fills a state's next slices needs the first ones there, too.
    if (load.carried) made.run = std::min(made.run, run_of(group, *buffer.producer));
    group.loads.push_back(made);
  }
  for (const Stream& store : flow.stores) {
    group.stores.push_back(placed(group, store, place, below.count() == 1));
  }
}

bool is_steady(const GroupStreams& group, const BufferStream& stream) {
  if (!group.tiles || stream.visits != *group.tiles) return false;
  if (stream.total != stream.first * *group.tiles) return false;
  const bool clipped = stream.second != stream.first || stream.last != stream.first;
  return *group.tiles == 1 || !clipped;
}

bool is_even(const GroupStreams& group, const BufferStream& stream) {
  return group.runs.size() == 1 && group.tiles && stream.visits > 0 && *group.tiles % stream.visits == 0 &&
         stream.last_tiles == *group.tiles / stream.visits;
}

}  // namespace fusescape
