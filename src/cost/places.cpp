// Which loads of a turn have no place before it? (docs/adr/places.md)
#include "fusescape/plan/places.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "transfers.hpp"

namespace fusescape {
namespace {

/// A load's slab of a turn, in the order in which they are loaded.
struct EarlySlab {
  const BufferStream* stream = nullptr;
  int ordinal = 0;                                       ///< Of this slab in its buffer, from 0.
  Bytes room{std::numeric_limits<std::int64_t>::max()};  ///< With that it may come before the turn.
};

/// Whether turns of both begin together.
bool begin_together(const BufferStream& a, const BufferStream& b) {
  return a.turn == b.turn && a.alive.first == b.alive.first;
}

/// Slabs that turns which begin with those of `turn` load first: what the first tile needs, then those of
/// inner loops, then first ones.
std::vector<EarlySlab> prologue(const GroupStreams& group, const BufferStream& turn) {
  std::vector<EarlySlab> slabs;
  for (const BufferStream& s : group.loads) {
    if (!may_be_early(s) || !begin_together(turn, s)) continue;
    for (int i = 0; i < s.first_slabs; ++i) slabs.push_back({&s, i});
  }
  std::stable_sort(slabs.begin(), slabs.end(), [](const EarlySlab& a, const EarlySlab& b) {
    const auto leads = [](const EarlySlab& s) {
      return s.ordinal == 0 && s.stream->run == s.stream->alive.first;
    };
    if (leads(a) != leads(b)) return leads(a);
    return a.stream->depth != b.stream->depth ? a.stream->depth > b.stream->depth : a.ordinal < b.ordinal;
  });
  return slabs;
}

/// Memory that it takes beside what is alive in `run`: its buffer's own last visit there has one of two
/// slots. A single one, which is taken, keeps its place in the order, and in memory.
Bytes bytes_beside(const GroupStreams& group, const EarlySlab& slab, std::size_t run) {
  const BufferStream& s = *slab.stream;
  const int slot = slab.ordinal + (s.slots == 2 && s.alive.contains(run) ? 1 : 0);
  return slot == 0 || (slot < s.slots && group.context.options.count_second_slots) ? s.slab : Bytes{};
}

class PlaceFinder {
 public:
  PlaceFinder(const GroupStreams& group, const std::vector<Bytes>& alive)
      : group_{group}, alive_{alive_in_runs(group, alive)} {}

  void add(std::size_t run, std::vector<RunPlaces>& places);

 private:
  [[nodiscard]] std::vector<std::size_t> runs_before(const BufferStream& turn) const;
  void set_room(const BufferStream& turn, std::vector<EarlySlab>& slabs) const;
  [[nodiscard]] std::vector<EarlySlab> slabs_of(std::size_t run) const;

  const GroupStreams& group_;
  std::vector<Bytes> alive_;  ///< Per run.
};

/// The runs after whose last tile a turn may begin.
std::vector<std::size_t> PlaceFinder::runs_before(const BufferStream& turn) const {
  std::vector<std::size_t> before;
  if (turn.alive.first > 0) before.push_back(turn.alive.first - 1);
  const Plan& plan = group_.context.plan;
  for (NodeId node = turn.turn;; node = plan.node(node).parent) {
    const RunRange body = runs_below(group_, node);
    if (plan.node(node).kind == NodeKind::kLoop && body.first == turn.alive.first)
      before.push_back(body.last);
    if (node == group_.context.group.node) return before;
  }
}

/// The least that holds each slab, and those that come before it, beside some run that a turn may follow.
void PlaceFinder::set_room(const BufferStream& turn, std::vector<EarlySlab>& slabs) const {
  for (const std::size_t run : runs_before(turn)) {
    Bytes sum = alive_at_end(group_, run, alive_[run]);
    for (EarlySlab& slab : slabs) {
      sum += bytes_beside(group_, slab, run);
      slab.room = std::min({slab.room, sum, group_.side_by_side});
    }
  }
}

std::vector<EarlySlab> PlaceFinder::slabs_of(std::size_t run) const {
  std::vector<EarlySlab> all;
  std::vector<const BufferStream*> heads;
  for (const BufferStream& s : group_.loads) {
    if (!may_be_early(s) || s.alive.first != run) continue;
    const auto same = [&](const BufferStream* head) { return begin_together(*head, s); };
    if (std::any_of(heads.begin(), heads.end(), same)) continue;
    heads.push_back(&s);
    std::vector<EarlySlab> slabs = prologue(group_, s);
    set_room(s, slabs);
    all.insert(all.end(), slabs.begin(), slabs.end());
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const EarlySlab& a, const EarlySlab& b) { return a.room < b.room; });
  return all;
}

void PlaceFinder::add(std::size_t run, std::vector<RunPlaces>& places) {
  const std::vector<EarlySlab> slabs = slabs_of(run);
  const std::int64_t passes = passes_of(group_, group_.runs[run].parent, 1);
  RunPlaces made;
  const auto not_early = [&](const BufferStream& s, int early) {
    const bool own = s.users.first == run && s.users.last == run && !is_beside_others(group_, s);
    if (!own) return Bytes{};
    // While other runs of its turn have the core, its slots are filled as well.
    const bool alone = s.alive.first == run && s.alive.last == run;
    if (!may_be_early(s) || !alone) return excess(s.total, s.most * s.slots * passes);
    const std::int64_t first =
        run == 0 ? s.slots - early : 0;  // All that slots hold comes before the first turn.
    return excess(s.total, s.most * early * s.turns + s.most * first);
  };
  for (const BufferStream& s : group_.loads) made.loads += not_early(s, 0);
  for (const EarlySlab& slab : slabs) made.late += slab.ordinal == 0 ? late(group_, *slab.stream) : Bytes{};
  places.push_back(made);
  for (const EarlySlab& slab : slabs) {
    if (slab.room > made.room) {
      if (made.room > Bytes{}) places.push_back(made);
      made.room = slab.room;
    }
    if (slab.ordinal == 0) made.late = made.late - late(group_, *slab.stream);
    made.loads =
        made.loads - (not_early(*slab.stream, slab.ordinal) - not_early(*slab.stream, slab.ordinal + 1));
  }
  if (made.room > Bytes{}) places.push_back(made);
}

}  // namespace

bool may_be_early(const BufferStream& s) {
  return s.in_turns && !s.spilled && !s.carried && !s.returns;
}

std::vector<Bytes> alive_in_runs(const GroupStreams& group, const std::vector<Bytes>& alive) {
  std::vector<Bytes> in_runs;
  for (const LeafRun& run : group.runs) {
    Bytes most;
    for (const NodeId leaf : run.leaves) most = std::max(most, alive[index_of(leaf)]);
    in_runs.push_back(most);
  }
  return in_runs;
}

Bytes alive_at_end(const GroupStreams& group, std::size_t run, Bytes alive) {
  if (!group.context.options.count_second_slots) return alive;
  for (const BufferStream& s : group.loads) {
    const bool has_second = s.slots == 2 && (s.carried || !s.returns) && s.slab > Bytes{};
    if (has_second && s.alive.contains(run)) alive = alive - s.slab;
  }
  return alive;
}

Bytes late(const GroupStreams& group, const BufferStream& s) {
  const bool exposed_anyway = !s.ahead && s.in_turn && s.turns > s.passes;  // A wait of single slots already.
  if (s.run != s.alive.first || exposed_anyway || is_beside_others(group, s)) return {};
  const std::int64_t turns = s.turns - (s.run == 0 ? 1 : 0);
  return s.visits < turns ? Bytes{} : excess(s.total, s.most * (s.visits - turns));
}

namespace {

/// Whether a turn of `other` begins after `run` and before the next one of `s`, of the same loop.
bool begins_between(const BufferStream& other, std::size_t run, const BufferStream& s) {
  const std::size_t begins = other.alive.first;
  const std::size_t until = s.alive.first;
  return run < until ? run < begins && begins < until : run < begins || begins < until;
}

}  // namespace

Bytes early_bytes(const GroupStreams& group, const BufferStream& s, std::size_t run) {
  Bytes sum;
  for (const BufferStream& other : group.loads) {  // Earlier turns come first.
    const bool comes_each_turn = other.slots == 1 && other.visits >= other.turns && may_be_early(other);
    if (!comes_each_turn || other.turn != s.turn || other.alive.contains(run)) continue;
    if (begins_between(other, run, s)) sum += other.slab;
  }
  for (const EarlySlab& slab : prologue(group, s)) {
    sum += bytes_beside(group, slab, run);
    if (slab.stream == &s) break;
  }
  return sum;
}

void find_places(const GroupStreams& group, const std::vector<Bytes>& alive, std::span<RunProfile> runs,
                 std::vector<RunPlaces>& places) {
  PlaceFinder finder{group, alive};
  for (std::size_t run = 0; run < runs.size(); ++run) {
    runs[run].first_places = static_cast<std::uint32_t>(places.size());
    finder.add(run, places);
    runs[run].places_count = static_cast<std::uint32_t>(places.size()) - runs[run].first_places;
  }
}

}  // namespace fusescape
