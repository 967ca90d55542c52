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

/// Whether its loads come before their turn whenever there is room, whatever else leaves or is made.
bool may_be_early(const BufferStream& s) {
  return s.in_turns && !s.spilled && !s.carried && !s.returns;
}

/// Whether turns of both begin together.
bool begin_together(const BufferStream& a, const BufferStream& b) {
  return a.turn == b.turn && a.alive.first == b.alive.first;
}

/// Slabs that turns load first: what the first tile needs, then those of inner loops, then first ones.
std::vector<EarlySlab> prologue(const std::vector<const BufferStream*>& loads) {
  std::vector<EarlySlab> slabs;
  for (const BufferStream* s : loads) {
    for (int i = 0; i < s->first_slabs; ++i) slabs.push_back({s, i});
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

class PlaceFinder {
 public:
  PlaceFinder(const GroupStreams& group, const std::vector<Bytes>& alive) : group_{group} {
    for (const LeafRun& run : group.runs) {
      Bytes most;
      for (const NodeId leaf : run.leaves) most = std::max(most, alive[index_of(leaf)]);
      alive_.push_back(most);
    }
  }

  void add(std::size_t run, std::vector<RunPlaces>& places);

 private:
  [[nodiscard]] bool has_second(const BufferStream& s) const {
    return s.slots == 2 && (s.carried || !s.returns) && s.slab > Bytes{} &&
           group_.context.options.count_second_slots;
  }
  [[nodiscard]] std::vector<std::size_t> runs_before(const BufferStream& turn) const;
  [[nodiscard]] Bytes alive_at_end(std::size_t run) const;
  void set_room(const BufferStream& turn, std::vector<EarlySlab>& slabs) const;
  [[nodiscard]] std::vector<EarlySlab> slabs_of(std::size_t run) const;
  [[nodiscard]] Bytes late(const BufferStream& s) const;

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

/// Where streams have no further visits they need one slot.
Bytes PlaceFinder::alive_at_end(std::size_t run) const {
  Bytes alive = alive_[run];
  for (const BufferStream& s : group_.loads) {
    if (s.alive.contains(run) && has_second(s)) alive = alive - s.slab;
  }
  return alive;
}

/// The least that holds each slab, and those that come before it, beside some run that a turn may follow.
void PlaceFinder::set_room(const BufferStream& turn, std::vector<EarlySlab>& slabs) const {
  for (const std::size_t run : runs_before(turn)) {
    Bytes sum = alive_at_end(run);
    for (EarlySlab& slab : slabs) {
      const BufferStream& s = *slab.stream;
      const int slot = slab.ordinal + (s.alive.contains(run) ? 1 : 0);  // Its own last visit has one.
      if (slot == 0 || (slot < s.slots && group_.context.options.count_second_slots)) sum += s.slab;
      slab.room = std::min(slab.room, sum);
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
    std::vector<const BufferStream*> loads;
    for (const BufferStream& other : group_.loads) {
      if (may_be_early(other) && begin_together(s, other)) loads.push_back(&other);
    }
    std::vector<EarlySlab> slabs = prologue(loads);
    set_room(s, slabs);
    all.insert(all.end(), slabs.begin(), slabs.end());
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const EarlySlab& a, const EarlySlab& b) { return a.room < b.room; });
  return all;
}

/// What turns wait for, at least, if their first slabs of `s` do not come before; but the group's first turn,
/// whose loads are its lead.
Bytes PlaceFinder::late(const BufferStream& s) const {
  const bool exposed_anyway = !s.ahead && s.turns > s.passes;  // A wait of single slots already.
  if (s.run != s.alive.first || exposed_anyway) return {};
  if (is_beside_others(group_, s)) return {};
  const std::int64_t turns = s.turns - (s.run == 0 ? 1 : 0);
  return s.visits < turns ? Bytes{} : excess(s.total, s.most * (s.visits - turns));
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
  for (const EarlySlab& slab : slabs) made.late += slab.ordinal == 0 ? late(*slab.stream) : Bytes{};
  places.push_back(made);
  for (const EarlySlab& slab : slabs) {
    if (slab.room > made.room) {
      if (made.room > Bytes{}) places.push_back(made);
      made.room = slab.room;
    }
    if (slab.ordinal == 0) made.late = made.late - late(*slab.stream);
    made.loads =
        made.loads - (not_early(*slab.stream, slab.ordinal) - not_early(*slab.stream, slab.ordinal + 1));
  }
  if (made.room > Bytes{}) places.push_back(made);
}

}  // namespace

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
