// When do the transfers of a group's runs travel? Each while its run has the core, and what comes before and
// after.
#include <algorithm>

#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/plan/traffic.hpp"
#include "group_transfers.hpp"

namespace fusescape {

/// The last run that needs loads for its first tile, and the first that makes stores with its last one; in
/// how many tiles the others come before and after.
void GroupTransfers::find_leads(GroupProfile& group, std::span<RunProfile> profiles) const {
  std::size_t leads = 0;
  std::size_t tails = runs_.size() - 1;
  for (const BufferStream& s : loads_) {
    if (s.first > Bytes{0}) leads = std::max(leads, run_of(s.op));
  }
  for (const BufferStream& s : stores_) {
    if (s.early) continue;
    group.first_tail += s.last;
    if (s.last > Bytes{0}) tails = std::min(tails, run_of(s.op));
  }
  group.last_lead = first_bytes(loads_);
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (i < leads) profiles[i].before_lead = tiles_in_a_pass(runs_[i], runs_[leads]);
    if (i > tails) profiles[i].after_tail = tiles_in_a_pass(runs_[i], runs_[tails]);
  }
}

/// Of `run`, while the innermost node that holds both it and `other` does one iteration; at most.
std::int64_t GroupTransfers::tiles_in_a_pass(const LeafRun& run, const LeafRun& other) const {
  const std::vector<PathLoop> nest = loops_above(plan_, run.parent);
  const std::size_t shared = loops_above(plan_, common_ancestor(plan_, run.parent, other.parent)).size();
  const auto inner = nest.begin() + static_cast<std::ptrdiff_t>(shared);
  return at_most(iteration_count(first_tile(cascade_, {nest.begin(), inner}), {inner, nest.end()}));
}

/// Whether each tile that loads comes right after the one that stores just that.
bool GroupTransfers::waits_for(const BufferStream& load, const BufferStream& store) const {
  if (load.tensor != store.tensor || load.shifted || store.early) return false;
  const std::size_t maker = run_of(store.op);
  const std::size_t user = run_of(load.op);
  if (user != maker + 1 || runs_[user].parent != runs_[maker].parent) return false;
  const std::int64_t tiles = at_most(iteration_count(cascade_, loops_above(plan_, runs_[user].parent)));
  return load.visits == tiles && store.visits == tiles;
}

/// What is spilled between two tiles, one after the other: out and in again while nothing runs.
Bytes GroupTransfers::round_trips() const {
  Bytes sum;
  for (const BufferStream& load : loads_) {
    if (!load.spilled || is_beside_others(load)) continue;
    for (const BufferStream& store : stores_) {
      if (waits_for(load, store)) sum += load.total + store.total;
    }
  }
  return sum;
}

/// Inner loops' inputs that later runs need first: each is in the way of the first run's lead, or is waited
/// for if it has no memory before.
Bytes GroupTransfers::later_leads() const {
  const std::optional<int> outermost = outermost_lead();
  Bytes sum;
  for (const BufferStream& s : loads_) {
    const bool later = s.first_run > 0 && s.lives_with_one && !is_concurrent(s) && !s.spilled;
    if (later && outermost && s.depth > *outermost) sum += s.first;
  }
  return sum;
}

/// A run that takes turns with others has the port's help only so far ahead as its slots reach.
void GroupTransfers::sum_runs(std::span<RunProfile> profiles) const {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::int64_t passes = passes_of(runs_[i].parent, 1);
    const auto elsewhere = [&](const BufferStream& s) { return s.most * s.slots * passes; };
    const auto belongs = [&](const BufferStream& s) {
      return s.first_run == i && s.last_run == i && s.total > elsewhere(s);
    };
    Bytes own;
    for (const BufferStream& s : loads_) {
      if (!belongs(s) || is_beside_others(s)) continue;
      own += s.total - elsewhere(s);
    }
    RunProfile& made = profiles[i];
    const std::vector<PathLoop> nest = loops_above(plan_, runs_[i].parent);
    const std::int64_t tiles = equal_iterations(whole_bounds(cascade_), nest);
    if (tiles / passes > 1) made.turns = passes;  // Else some turn may be of one tile.
    made.loads = own;
    for (const BufferStream& s : stores_) {
      if (belongs(s) && !s.early) made.stores += s.total - elsewhere(s);
    }
  }
}

/// Runs one after another, each once: what moves at least before the first and the last tile of each, and
/// what after them.
void GroupTransfers::sum_before_and_after(std::span<RunProfile> profiles) const {
  for (const LeafRun& run : runs_) {
    if (passes_of(run.parent, 1) > 1) return;
  }
  struct Own {
    Bytes first;  ///< Loads that its first tile needs.
    Bytes loads;
    Bytes late_loads;  ///< Those that slots do not let come before.
    Bytes last;        ///< Stores that its last tile makes.
    Bytes stores;
    Bytes early_stores;  ///< Those that slots do not let leave after.
  };
  std::vector<Own> own(runs_.size());
  const auto beyond_slots = [](const BufferStream& s) {
    return std::max(s.total - s.most * s.slots, Bytes{});
  };
  for (const BufferStream& s : loads_) {
    if (is_concurrent(s)) continue;
    Own& run = own[run_of(s.op)];
    run.first += s.first;
    run.loads += s.total;
    run.late_loads += beyond_slots(s);
  }
  for (const BufferStream& s : stores_) {
    Own& run = own[run_of(s.op)];
    if (!s.early) run.last += s.last;
    run.stores += s.total;
    run.early_stores += beyond_slots(s);
  }
  Own earlier;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    profiles[i].before = both_ways(earlier.loads + own[i].first, earlier.early_stores);
    earlier.loads += own[i].loads;
    profiles[i].before_last = both_ways(earlier.loads, earlier.early_stores);
    earlier.early_stores += own[i].early_stores;
  }
  Own later;
  for (std::size_t i = runs_.size(); i-- > 0;) {
    profiles[i].after = both_ways(later.late_loads, later.stores + own[i].last);
    later.late_loads += own[i].late_loads;
    later.stores += own[i].stores;
    profiles[i].from = both_ways(later.late_loads, later.stores);
  }
}

}  // namespace fusescape
