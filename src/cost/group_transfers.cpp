#include "group_transfers.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/plan/traffic.hpp"

namespace fusescape {
namespace {

bool runs(const LeafRun& run, OpId op) {
  return std::find(run.operators.begin(), run.operators.end(), op) != run.operators.end();
}

}  // namespace

std::int64_t at_most(Elements count) {
  return count.overflow() ? kMostIterations : std::min(count.value(), kMostIterations);
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

PerPorts both_ways(Bytes reads, Bytes writes) {
  PerPorts sums;
  sums[static_cast<std::size_t>(Ports::kShared)] = reads + writes;
  sums[static_cast<std::size_t>(Ports::kSeparate)] = std::max(reads, writes);
  return sums;
}

GroupTransfers::RunRange GroupTransfers::runs_below(NodeId node) const {
  const auto below = [&](const LeafRun& run) { return is_above(plan_, node, run.parent); };
  const auto first = std::find_if(runs_.begin(), runs_.end(), below);
  const auto end = std::find_if_not(first, runs_.end(), below);
  return {static_cast<std::size_t>(first - runs_.begin()), static_cast<std::size_t>(end - runs_.begin()) - 1};
}

/// How often `own` runs at or below `node` take turns with others.
std::int64_t GroupTransfers::passes_of(NodeId node, std::size_t own) const {
  while (node != context_.group.node && runs_below(node).count() == own) node = plan_.node(node).parent;
  if (runs_below(node).count() == own) return 1;
  return at_most(iteration_count(cascade_, loops_above(plan_, node)));
}

/// Tiles of the first visit until it is complete for the first time, and of the last one.
void GroupTransfers::set_visit_tiles(const Buffer& buffer, const BufferFlow& flow,
                                     BufferStream& stream) const {
  if (runs_.size() > 1) return;
  std::vector<PathLoop> nest = loops_above(plan_, runs_.front().parent);
  const auto inner = nest.begin() + flow.changed_by;
  const std::vector<PathLoop> outer{nest.begin(), inner};
  stream.last_tiles = equal_iterations(last_tile(cascade_, outer), {inner, nest.end()});
  const auto repeats = [&](const PathLoop& loop) {
    return buffer.producer && !has_rank(cascade_.op(*buffer.producer).ranks, loop.rank);
  };
  nest.erase(std::remove_if(inner, nest.end(), repeats), nest.end());
  const auto making = nest.begin() + flow.changed_by;
  stream.first_tiles = equal_iterations(first_tile(cascade_, outer), {making, nest.end()});
}

bool GroupTransfers::is_made_here(const Buffer& buffer) const {
  const std::vector<OpId>& own = context_.group.operators;
  const auto& maker = cascade_.producer[index_of(buffer.tensor)];
  return maker && std::find(own.begin(), own.end(), *maker) != own.end();
}

void GroupTransfers::set_users(const Buffer& buffer, const RunRange& below, BufferStream& stream) const {
  stream.first_run = below.last;
  stream.last_run = below.first;
  const auto used_by = [&](OpId op) {
    for (std::size_t i = below.first; i <= below.last; ++i) {
      if (!runs(runs_[i], op)) continue;
      stream.first_run = std::min(stream.first_run, i);
      stream.last_run = std::max(stream.last_run, i);
    }
  };
  if (buffer.producer) used_by(*buffer.producer);
  for (const Use& use : buffer.uses) used_by(use.op);
}

void GroupTransfers::add(const Buffer& buffer, const BufferFlow& flow) {
  const RunRange below = runs_below(buffer.node);
  BufferStream place;
  place.tensor = buffer.tensor;
  place.slots = flow.slots;
  place.depth = flow.depth;
  place.spilled = buffer.role == BufferRole::kFetched && is_made_here(buffer);
  place.returns = buffer.stored && !flow.loads.empty();
  const auto count = static_cast<std::int32_t>(plan_.node(flow.memory.node).children.size());
  place.lives_throughout = flow.memory.first_child == 0 && flow.memory.last_child + 1 == count;
  const auto& indices = buffer.access.indices;
  place.shifted = std::any_of(indices.begin(), indices.end(),
                              [](const Index& index) { return index.tap.has_value() || index.distance > 0; });
  place.passes = passes_of(buffer.node, below.count());
  place.lives_with_one = runs_below(flow.memory.node).count() == 1;
  set_users(buffer, below, place);
  set_visit_tiles(buffer, flow, place);
  const auto placed = [&](const Stream& stream, bool in_turn) {
    BufferStream made{place};
    static_cast<Stream&>(made) = stream;
    made.in_turn = in_turn;
    return made;
  };
  const bool throughout = place.first_run == below.first && place.last_run == below.last;
  for (const Stream& load : flow.loads) {
    loads_.push_back(placed(load, throughout));
    // Who fills a state's next slices needs the first ones there, too.
    if (load.carried && run_of(*buffer.producer) < run_of(load.op)) loads_.back().op = *buffer.producer;
  }
  for (const Stream& store : flow.stores) stores_.push_back(placed(store, below.count() == 1));
}

bool GroupTransfers::is_concurrent(const Stream& stream) const {
  return !stream.carried && !plan_.spatial.empty() &&
         plan_.spatial[index_of(stream.op)].operand_loads == OperandLoads::kConcurrent;
}

/// Whether it may come while others do, so that the port has nothing more to do for it.
bool GroupTransfers::is_beside_others(const BufferStream& load) const {
  const auto same = [&](const BufferStream& s) {
    return s.op == load.op && is_concurrent(s) && s.total > Bytes{0};
  };
  return is_concurrent(load) && std::count_if(loads_.begin(), loads_.end(), same) > 1;
}

/// How long the port is busy with a part of some streams: all of it, but only the longest of the inputs that
/// an operator loads side by side.
Bytes GroupTransfers::port_bytes(const std::vector<BufferStream>& streams, Part part) const {
  std::map<OpId, Bytes> longest;
  Bytes sum;
  for (const BufferStream& s : streams) {
    if (is_concurrent(s)) {
      longest[s.op] = std::max(longest[s.op], part(s));
    } else {
      sum += part(s);
    }
  }
  for (const auto& [op, bytes] : longest) sum += bytes;
  return sum;
}

/// What the port moves, at least, before each of some streams has its first slab. Of inputs that load side by
/// side, second slabs of those that were asked for before leave that much less to do.
Bytes GroupTransfers::first_bytes(const std::vector<BufferStream>& streams) const {
  struct Lane {
    Bytes longest;
    Bytes seconds;
  };
  std::map<OpId, Lane> lanes;
  Bytes sum;
  for (const BufferStream& s : streams) {
    if (!is_concurrent(s)) {
      sum += s.first;
      continue;
    }
    Lane& lane = lanes[s.op];
    lane.longest = std::max(lane.longest, s.first - lane.seconds);
    lane.seconds += s.second * (s.slots - 1);
  }
  for (const auto& [op, lane] : lanes) sum += lane.longest;
  return sum;
}

/// True of a stream that moves the same bytes with every tile of a group whose tiles are all equal.
bool GroupTransfers::is_steady(const Stream& stream) const {
  if (!tiles_ || stream.visits != *tiles_ || stream.total != stream.first * *tiles_) return false;
  return *tiles_ == 1 || (stream.second == stream.first && stream.last == stream.first);  // None is clipped.
}

bool GroupTransfers::is_uniform() const {
  const auto hides = [&](const BufferStream& s) {
    if (s.moves) return s.ahead && is_steady(s);
    return !s.early &&
           (s.total == Bytes{0} || !is_beside_others(s));  // Others need not wait for what is there.
  };
  return runs_.size() == 1 && tiles_ && std::all_of(loads_.begin(), loads_.end(), hides) &&
         std::all_of(stores_.begin(), stores_.end(), hides);
}

/// Whether its second slab has memory when the group begins, however memory is shared.
bool GroupTransfers::has_second_at_once(const BufferStream& stream) const {
  return stream.slots > 1 && stream.lives_throughout && (runs_.size() == 1 || stream.visits > stream.passes);
}

/// How far out the loads are that the first tile needs; nothing if something else comes before them.
std::optional<int> GroupTransfers::outermost_lead() const {
  int outermost = std::numeric_limits<int>::max();
  for (const BufferStream& s : loads_) {
    if (!runs(runs_.front(), s.op)) continue;
    if (is_concurrent(s) || s.spilled) return std::nullopt;  // Spilled ones come before all others.
    if (s.first > Bytes{0}) outermost = std::min(outermost, s.depth);
  }
  return outermost;
}

/// Second slabs that the port serves before the last slab that the first tile needs, since inner loops' loads
/// go first; of the first run, since later ones' may have no memory yet.
Bytes GroupTransfers::ahead_of_lead() const {
  const std::optional<int> outermost = outermost_lead();
  Bytes sum;
  for (const BufferStream& s : loads_) {
    if (outermost && runs(runs_.front(), s.op) && s.depth > *outermost && has_second_at_once(s))
      sum += s.second;
  }
  return sum;
}

/// All that slots let come before the tile ends that makes the first store possible.
Bytes GroupTransfers::early_loads(std::int64_t tiles) const {
  std::vector<BufferStream> early = loads_;
  for (BufferStream& s : early) {
    const Bytes one_visit = s.first + s.second * (s.slots - 1);
    if (is_steady(s)) {
      s.total = std::min(s.total, s.first * (tiles + s.slots - 1));
    } else if (s.first_tiles >= tiles) {
      s.total = std::min(s.total, one_visit);
    }
  }
  return port_bytes(early, [](const BufferStream& s) { return s.total; });
}

/// All that slots let leave after the tile has started that needs the last load, but for what the last one
/// makes.
Bytes GroupTransfers::late_stores(std::int64_t tiles) const {
  Bytes sum;
  for (const BufferStream& s : stores_) {
    const bool ends = runs(runs_.back(), s.op) && !s.early;
    const Bytes others = s.total - (ends ? s.last : Bytes{});
    if (ends && is_steady(s)) {
      sum += std::min(others, s.first * (tiles + s.slots - 2));
    } else if (s.last_tiles >= tiles) {
      sum += std::min(others, s.most * (s.slots - (ends ? 1 : 0)));
    } else {
      sum += others;
    }
  }
  return sum;
}

std::size_t GroupTransfers::run_of(OpId op) const {
  const auto found =
      std::find_if(runs_.begin(), runs_.end(), [&](const LeafRun& run) { return runs(run, op); });
  return static_cast<std::size_t>(found - runs_.begin());
}

void GroupTransfers::sum_loads(GroupProfile& group) const {
  std::vector<BufferStream> leading;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(leading),
               [&](const BufferStream& s) { return runs(runs_.front(), s.op); });
  group.ahead_of_lead = ahead_of_lead();
  group.lead = first_bytes(leading) + group.ahead_of_lead;
  group.loads = port_bytes(loads_, [](const BufferStream& s) { return s.total; });
  std::vector<BufferStream> steady;
  std::copy_if(loads_.begin(), loads_.end(), std::back_inserter(steady),
               [&](const BufferStream& s) { return s.moves && is_steady(s); });
  group.tile_load = port_bytes(steady, [](const BufferStream& s) { return s.first; });
}

void GroupTransfers::sum_stores(GroupProfile& group) const {
  for (const BufferStream& s : stores_) {
    if (runs(runs_.back(), s.op) && !s.early) group.tail += s.last;
    if (group.uniform && s.moves) group.tile_store += s.first;
  }
}

/// When the port must wait for tiles.
void GroupTransfers::find_ends(GroupProfile& group) const {
  const std::int64_t tiles = std::min(tiles_.value_or(1), kMostIterations);
  std::int64_t before = stores_.empty() ? tiles : kMostIterations;
  std::int64_t after = loads_.empty() ? tiles : kMostIterations;
  for (const BufferStream& s : stores_) {
    const std::int64_t silent = runs_.size() == 1 ? std::min(s.silent, tiles - 1) : 0;
    before = std::min(before, std::max(s.first_tiles, silent + 1));
  }
  for (const BufferStream& s : loads_) after = std::min(after, s.last_tiles);
  group.tiles_before_stores = before;
  group.tiles_after_loads = after;
  group.early_loads = early_loads(before);
  group.late_stores = late_stores(after);
}

void GroupTransfers::sum_up(GroupProfile& group, std::span<RunProfile> profiles) const {
  sum_loads(group);
  const bool none_or_all = group.ahead_of_lead == Bytes{0} || group.ahead_of_lead == group.tile_load;
  group.uniform = none_or_all && is_uniform() && group.lead >= group.tile_load;
  sum_stores(group);
  sum_both(group);
  find_ends(group);
  find_last_visit(group);
  find_returns(group);
  if (runs_.size() == 1) return;
  group.round_trips = round_trips();
  group.later_leads = later_leads();
  sum_runs(profiles);
  find_leads(group, profiles);
  sum_before_and_after(profiles);
}

}  // namespace fusescape
