// What cannot move while some of the runs that take turns have the core? (docs/model/latency.md, single
// slots)
#include <algorithm>
#include <functional>
#include <limits>

#include "transfers.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMostRuns = 64;    ///< Of a group; of more there is no bound.
constexpr std::size_t kMostOfARoom = 8;  ///< Sets of runs.
constexpr Bytes kAnyRoom{std::numeric_limits<std::int64_t>::max()};

using Runs = std::uint64_t;  ///< Bit r: run r.

Runs bit(std::size_t run) {
  return Runs{1} << run;
}
Runs bits(const RunRange& range) {
  const std::size_t count = range.count();
  return (count == kMostRuns ? ~Runs{} : bit(count) - 1) << range.first;
}

/// Whether it has one slot, beside which several runs are. Of what one run alone has in memory
/// there are `waits`.
bool has_one_slot(const BufferStream& s) {
  const bool comes_back = s.returns || s.spilled;
  return s.moves && !s.ahead && !s.carried && !comes_back && !s.lives_with_one && s.total > Bytes{0};
}

/// A load or a store, and while which runs it does not move.
class Mover {
 public:
  /// Of what is loaded into one slot: no tile from the first run that uses it to the last can run then.
  /// Before its turn it comes if there is room.
  static Mover load(const GroupStreams& group, const BufferStream& s, const std::vector<Bytes>& alive) {
    Mover made{s, bits(s.users)};
    made.bytes_ = s.run == 0 ? s.total - s.first : s.total;
    made.set_room(group, alive);
    return made;
  }
  /// Of what the first tiles of turns need of a stream: it comes as long as there is room before them.
  static Mover first_slabs(const GroupStreams& group, const BufferStream& s,
                           const std::vector<Bytes>& alive) {
    Mover made{s, Runs{}};
    made.bytes_ = late(group, s);
    made.set_room(group, alive);
    return made;
  }
  /// Of what is stored: none of the run that makes it.
  static Mover store(const GroupStreams& group, const BufferStream& s) {
    Mover made{s, bit(s.run)};
    made.is_store_ = true;
    made.bytes_ = s.run + 1 == group.runs.size() ? s.total - s.last : s.total;
    return made;
  }

  /// In less memory than `room`.
  [[nodiscard]] Runs busy(Bytes room) const {
    Runs runs = busy_;
    for (std::size_t run = 0; run < room_.size(); ++run) {
      if (room_[run] >= room) runs |= bit(run);
    }
    return runs;
  }
  [[nodiscard]] const std::vector<Bytes>& rooms() const { return room_; }
  [[nodiscard]] const BufferStream& stream() const { return *stream_; }
  [[nodiscard]] bool is_store() const { return is_store_; }
  /// In all, but what comes before the group's first tile or leaves after its last one.
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  Mover(const BufferStream& s, Runs busy) : stream_{&s}, busy_{busy} {}

  /// With how much memory a turn's first slab may come beside each run after the turn before.
  void set_room(const GroupStreams& group, const std::vector<Bytes>& alive) {
    const BufferStream& s = *stream_;
    const std::size_t runs = group.runs.size();
    room_.assign(runs, Bytes{});
    if (!may_be_early(s) || runs_below(group, s.turn).count() != runs) return;
    Bytes later;  // The most that is alive between a run and the next turn.
    for (std::size_t back = 1; back <= runs; ++back) {
      const std::size_t run = (s.alive.first + runs - back) % runs;
      if (s.slots == 1 && s.alive.contains(run)) return;
      const Bytes room = std::max(alive_at_end(group, run, alive[run]), later) + early_bytes(group, s, run);
      room_[run] = std::min(room, group.side_by_side);
      later = std::max(later, alive[run]);
    }
  }

  const BufferStream* stream_;
  bool is_store_ = false;
  Runs busy_;
  Bytes bytes_;
  std::vector<Bytes> room_;  ///< Per run, with how much it may move meanwhile, if not at any time.
};

std::vector<Mover> movers(const GroupStreams& group, const std::vector<Bytes>& alive) {
  std::vector<Mover> all;
  for (const BufferStream& s : group.loads) {
    if (has_one_slot(s) && !is_beside_others(group, s)) all.push_back(Mover::load(group, s, alive));
  }
  for (const BufferStream& s : group.stores) {
    if (has_one_slot(s) && !s.early) all.push_back(Mover::store(group, s));
  }
  if (all.empty()) return all;
  for (const BufferStream& s : group.loads) {
    if (s.slots == 2 && may_be_early(s) && late(group, s) > Bytes{0}) {
      all.push_back(Mover::first_slabs(group, s, alive));
    }
  }
  return all;
}

void insert(Runs runs, std::vector<Runs>& sets) {
  if (runs != 0 && std::find(sets.begin(), sets.end(), runs) == sets.end()) sets.push_back(runs);
}

/// The runs beside which each of them does not move, and what two of these sets have in common.
std::vector<Runs> sets_of_runs(const std::vector<Mover>& all, Bytes room) {
  std::vector<Runs> sets;
  for (const Mover& mover : all) insert(mover.busy(room), sets);
  const std::size_t own = sets.size();
  for (std::size_t i = 0; i < own; ++i) {
    for (std::size_t j = 0; j < i; ++j) insert(sets[i] & sets[j], sets);
  }
  return sets;
}

/// Whether `load` is always asked for when the last tile of a loop ends, and not as what the next one needs
/// first; in less memory than `room`.
bool comes_between_turns(const GroupStreams& group, const Mover& load, Bytes room) {
  const BufferStream& s = load.stream();
  if (!s.in_turns) return s.users.last + 1 == group.runs.size();
  const Runs all = bits({0, group.runs.size() - 1});
  return s.alive.first == 0 && s.run > 0 && (load.busy(room) | bits({0, s.run - 1})) == all;
}

/// Whether the port always serves `store` before `load`: the same tile's end lets both go, and stores go
/// first.
bool goes_before(const GroupStreams& group, const BufferStream& store, const Mover& load, Bytes room) {
  const BufferStream& s = load.stream();
  return store.moves && !store.early && store.run + 1 == group.runs.size() && store.depth == s.depth &&
         store.visits == s.visits && comes_between_turns(group, load, room);
}

/// Stores that a shared port serves before loads that do not move while any of `runs` has the core.
Bytes before_loads(const GroupStreams& group, Runs runs, Bytes room, const std::vector<Mover>& all) {
  Bytes sum;
  for (const BufferStream& store : group.stores) {
    const bool is_known = std::any_of(all.begin(), all.end(), [&](const Mover& mover) {
      return &mover.stream() == &store && (runs & ~mover.busy(room)) == 0;
    });
    const bool before = std::any_of(all.begin(), all.end(), [&](const Mover& mover) {
      return !mover.is_store() && (runs & ~mover.busy(room)) == 0 && goes_before(group, store, mover, room);
    });
    if (before && !is_known) sum += store.total - store.last;
  }
  return sum;
}

/// What does not move while any of `runs` has the core, in less memory than `room`.
SingleSlots beside(const GroupStreams& group, Runs runs, Bytes room, const std::vector<Mover>& all,
                   const GroupProfile& profile) {
  SingleSlots slots;
  slots.runs = runs;
  slots.loads = profile.lead.all;
  slots.stores = profile.tail;
  slots.room = room;
  slots.before_loads = before_loads(group, runs, room, all);
  for (const Mover& mover : all) {
    if ((runs & ~mover.busy(room)) != 0) continue;
    const BufferStream& s = mover.stream();
    if (mover.is_store()) {
      slots.stores += mover.bytes();
      continue;
    }
    slots.loads += mover.bytes();
    if (s.run != s.alive.first) continue;
    slots.leads |= bit(s.run);
    slots.lead_bytes += mover.bytes();
  }
  return slots;
}

/// What of a bound depends on the array, and what on the DRAM port.
struct Weights {
  double operations = 0.0;  ///< Of the runs of a set.
  double bytes = 0.0;       ///< That do not move meanwhile, and that other runs move in their turns.
};

double operations_of(const RunProfile& run, const GroupProfile& profile) {
  double sum = 0.0;
  for (std::uint32_t c = run.first_class; c < run.first_class + run.class_count; ++c) {
    const TileClass& tiles = profile.classes[c];
    double each = 0.0;
    for (std::uint32_t w = tiles.first_work; w < tiles.first_work + tiles.work_count; ++w) {
      each += static_cast<double>(profile.work.operators[w].ops);
    }
    sum += each * static_cast<double>(tiles.count);
  }
  return sum;
}

Weights weights_of(const SingleSlots& slots, const GroupProfile& profile) {
  const Bytes moved = slots.loads + slots.stores + slots.before_loads;
  Weights sum{0.0, static_cast<double>(moved.value())};
  for (std::size_t r = 0; r < profile.runs.size(); ++r) {
    const RunProfile& run = profile.runs[r];
    if ((slots.runs & bit(r)) == 0) {
      sum.bytes += static_cast<double>((run.turns.loads + run.turns.stores).value());
    } else {
      sum.operations += operations_of(run, profile);
    }
  }
  return sum;
}

/// Those that no other one outdoes in both weights, most operations first; of many, some.
std::vector<SingleSlots> useful(const std::vector<SingleSlots>& all, const GroupProfile& profile) {
  struct Weighed {
    Weights weights;
    SingleSlots slots;
  };
  std::vector<Weighed> sorted;
  sorted.reserve(all.size());
  for (const SingleSlots& slots : all) sorted.push_back({weights_of(slots, profile), slots});
  std::stable_sort(sorted.begin(), sorted.end(), [](const Weighed& a, const Weighed& b) {
    const Weights& x = a.weights;
    const Weights& y = b.weights;
    return x.operations != y.operations ? x.operations > y.operations : x.bytes > y.bytes;
  });
  double most = -1.0;
  std::vector<SingleSlots> front;
  for (const Weighed& one : sorted) {
    if (one.weights.bytes <= most) continue;
    most = one.weights.bytes;
    front.push_back(one.slots);
  }
  if (front.size() <= kMostOfARoom) return front;
  std::vector<SingleSlots> some;
  for (std::size_t i = 0; i < kMostOfARoom; ++i) {
    some.push_back(front[i * (front.size() - 1) / (kMostOfARoom - 1)]);
  }
  return some;
}

std::vector<SingleSlots> of_room(const GroupStreams& group, Bytes room, const std::vector<Mover>& all,
                                 const GroupProfile& profile) {
  std::vector<SingleSlots> here;
  for (const Runs runs : sets_of_runs(all, room)) here.push_back(beside(group, runs, room, all, profile));
  return useful(here, profile);
}

/// Sizes of memory that let more move, from the largest.
std::vector<Bytes> rooms_of(const std::vector<Mover>& all, Bytes peak) {
  std::vector<Bytes> rooms{kAnyRoom};
  for (const Mover& mover : all) {
    for (const Bytes room : mover.rooms()) {
      if (room > peak) rooms.push_back(room);
    }
  }
  std::sort(rooms.begin(), rooms.end(), std::greater{});
  rooms.erase(std::unique(rooms.begin(), rooms.end()), rooms.end());
  return rooms;
}

/// Adds it, unless one that is there says as much, also of more memory.
void add(const SingleSlots& one, std::vector<SingleSlots>& found) {
  const bool is_known = std::any_of(found.begin(), found.end(), [&](const SingleSlots& other) {
    return one.room <= other.room && (one.runs & ~other.runs) == 0 && one.loads <= other.loads &&
           one.stores <= other.stores && one.before_loads <= other.before_loads;
  });
  if (!is_known) found.push_back(one);
}

}  // namespace

std::vector<SingleSlots> single_slots(const GroupStreams& group, const std::vector<Bytes>& alive,
                                      const GroupProfile& profile) {
  if (group.runs.size() > kMostRuns) return {};
  const std::vector<Mover> all = movers(group, alive_in_runs(group, alive));
  std::vector<SingleSlots> found;
  for (const Bytes room : rooms_of(all, profile.peak)) {
    for (const SingleSlots& one : of_room(group, room, all, profile)) add(one, found);
  }
  if (found.size() > kMostSingleSlots) found.resize(kMostSingleSlots);
  return found;
}

}  // namespace fusescape
