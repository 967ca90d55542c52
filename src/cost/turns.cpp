// How long do runs that take turns on the core hold each other up? (docs/model/latency.md, turns)
#include <algorithm>

#include "fusescape/plan/tile_classes.hpp"
#include "transfers.hpp"

namespace fusescape {
namespace {

/// The last run that needs loads for its first tile.
std::size_t last_leading(const GroupStreams& group) {
  std::size_t last = 0;
  for (const BufferStream& s : group.loads) {
    if (s.first > Bytes{0}) last = std::max(last, s.run);
  }
  return last;
}

/// The first run that makes stores with its last tile.
std::size_t first_trailing(const GroupStreams& group) {
  std::size_t first = group.runs.size() - 1;
  for (const BufferStream& s : group.stores) {
    if (!s.early && s.last > Bytes{0}) first = std::min(first, s.run);
  }
  return first;
}

/// Of `run`, while the innermost node that holds both it and `other` does one iteration; at most.
std::int64_t tiles_in_a_pass(const GroupStreams& group, const LeafRun& run, const LeafRun& other) {
  const Plan& plan = group.context.plan;
  const std::vector<PathLoop> nest = loops_above(plan, run.parent);
  const std::size_t shared = loops_above(plan, common_ancestor(plan, run.parent, other.parent)).size();
  const auto inner = nest.begin() + static_cast<std::ptrdiff_t>(shared);
  const TileBounds first = first_tile(group.context.cascade, {nest.begin(), inner});
  return at_most(iteration_count(first, {inner, nest.end()}));
}

/// Whether each tile that loads comes right after the one that stores just that.
bool waits_for(const GroupStreams& group, const BufferStream& load, const BufferStream& store) {
  if (load.tensor != store.tensor || load.shifted || store.early) return false;
  const NodeId parent = group.runs[load.run].parent;
  if (load.run != store.run + 1 || parent != group.runs[store.run].parent) return false;
  const std::int64_t tiles = iterations_of(group, parent);
  return load.visits == tiles && store.visits == tiles;
}

/// What is spilled between two tiles, one after the other: out and in again while nothing runs.
Bytes round_trips(const GroupStreams& group) {
  Bytes sum;
  for (const BufferStream& load : group.loads) {
    if (!load.spilled || is_beside_others(group, load)) continue;
    for (const BufferStream& store : group.stores) {
      if (waits_for(group, load, store)) sum += load.total + store.total;
    }
  }
  return sum;
}

/// Passes in which all loops that others share are at a whole tile, if each has several tiles of the run.
std::int64_t whole_passes(const GroupStreams& group, const LeafRun& run) {
  const FlowContext& context = group.context;
  const std::vector<PathLoop> nest = loops_above(context.plan, run.parent);
  const std::size_t shared = loops_above(context.plan, node_of_passes(group, run.parent, 1)).size();
  TileBounds bounds = whole_bounds(context.cascade);
  Elements passes{1};
  for (std::size_t i = 0; i < shared; ++i) {
    std::int64_t& extent = bounds[index_of(nest[i].rank)].extent;
    const std::int64_t tile = std::min(extent, nest[i].tile);
    passes = passes * (extent / tile);
    extent = tile;
  }
  const auto inner = nest.begin() + static_cast<std::ptrdiff_t>(shared);
  return iteration_count(bounds, {inner, nest.end()}) > Elements{1} ? at_most(passes) : 0;
}

/// It has the port's help only so far ahead as its slots reach.
RunTurns run_turns(const GroupStreams& group, std::size_t run) {
  const LeafRun& own = group.runs[run];
  const std::int64_t passes = passes_of(group, own.parent, 1);
  const auto beyond_slots = [&](const BufferStream& s) {
    const bool belongs = s.users.first == run && s.users.last == run;
    return belongs ? excess(s.total, s.most * s.slots * passes) : Bytes{};
  };
  RunTurns turns;
  for (const BufferStream& s : group.loads) {
    if (!is_beside_others(group, s)) turns.loads += beyond_slots(s);
  }
  for (const BufferStream& s : group.stores) {
    if (!s.early) turns.stores += beyond_slots(s);
  }
  const FlowContext& context = group.context;
  const std::int64_t tiles =
      equal_iterations(whole_bounds(context.cascade), loops_above(context.plan, own.parent));
  turns.first = whole_passes(group, own);
  if (tiles / passes > 1) turns.first = turns.last = passes;  // Else some last tile is shorter.
  return turns;
}

}  // namespace

AcrossRuns across_runs(const GroupStreams& group) {
  AcrossRuns sums;
  sums.last_lead = first_bytes(group, group.runs.size());
  for (const BufferStream& s : group.stores) sums.first_tail += s.early ? Bytes{} : s.last;
  sums.round_trips = round_trips(group);
  return sums;
}

void find_turns(const GroupStreams& group, std::span<RunProfile> runs) {
  const std::size_t leads = last_leading(group);
  const std::size_t tails = first_trailing(group);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    RunTurns& turns = runs[i].turns;
    turns = run_turns(group, i);
    if (i < leads) turns.before_lead = tiles_in_a_pass(group, group.runs[i], group.runs[leads]);
    if (i > tails) turns.after_tail = tiles_in_a_pass(group, group.runs[i], group.runs[tails]);
  }
}

}  // namespace fusescape
