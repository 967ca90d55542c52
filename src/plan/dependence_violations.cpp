// Edges, recurrences and partial sums: may this consumer read what this producer has made by then?
#include <fmt/format.h>

#include <algorithm>

#include "legality.hpp"

namespace fusescape {
namespace {

struct Checker {
  const Cascade& cascade;
  const Plan& plan;
  const Placement& placed;
  std::vector<Violation> found{};

  [[nodiscard]] NodeId leaf(OpId op) const { return placed.leaf[index_of(op)]; }
  [[nodiscard]] bool before(OpId a, OpId b) const {
    return placed.order[index_of(a)] < placed.order[index_of(b)];
  }
  [[nodiscard]] bool same_group(OpId a, OpId b) const {
    return placed.group[index_of(a)] == placed.group[index_of(b)];
  }

  void report(Rule rule, OpId producer, std::optional<OpId> consumer, std::optional<RankId> rank,
              std::string detail) {
    found.push_back({rule, producer, consumer, rank, cascade.op(producer).output, std::move(detail)});
  }

  void check_edge(OpId producer, const Use& use, bool in_recurrence);
  void check_earlier_read(OpId producer, OpId consumer, const Index& shifted);
  void check_finished(OpId producer, OpId consumer);
  void check_renamed(OpId producer, OpId consumer, const Access& access);
  [[nodiscard]] bool is_spilled(OpId producer) const;
  [[nodiscard]] NodeId carrying_node(OpId producer) const;
  void check_repeated_update(OpId producer, OpId consumer, const Index& shifted);
  void check_recurrence(const Recurrence& recurrence);
  void check_accumulation(OpId op);
  void check_chunks(OpId op, const Access& access);
  void check_chunk(OpId op, const Index& index);
};

/// A consumer that runs first may only read what an earlier iteration made: the shared tile must not reach
/// further. A chain goes element by element.
void Checker::check_earlier_read(OpId producer, OpId consumer, const Index& shifted) {
  const NodeId shared = common_ancestor(plan, leaf(producer), leaf(consumer));
  const std::int64_t tile = tile_extent(cascade, plan, shared, shifted.rank);
  if (tile > shifted.distance && plan.node(shared).kind != NodeKind::kChain) {
    report(Rule::kOrder, producer, consumer, shifted.rank,
           fmt::format("it runs first, and shares a tile of {} with its producer at distance {}", tile,
                       shifted.distance));
  }
}

void Checker::check_finished(OpId producer, OpId consumer) {
  const NodeId shared = common_ancestor(plan, leaf(producer), leaf(consumer));
  for (const LiveLoop& loop : live_loops(cascade, plan, shared)) {
    if (has_rank(cascade.op(producer).reduction_ranks, loop.rank)) {
      report(Rule::kPartialSum, producer, consumer, loop.rank,
             fmt::format("both run inside the loop over {}, before the sum is complete",
                         cascade.rank(loop.rank).name));
    }
  }
}

/// A dimension that is read along another rank than it was made along (keys, slices) is read beyond the tile
/// of a common loop over the latter.
void Checker::check_renamed(OpId producer, OpId consumer, const Access& access) {
  const NodeId shared = common_ancestor(plan, leaf(producer), leaf(consumer));
  for (const LiveLoop& loop : live_loops(cascade, plan, shared)) {
    for (std::size_t i = 0; i < access.indices.size(); ++i) {
      const RankId made_along = cascade.tensor(access.tensor).ranks[i];
      const RankId read_along = access.indices[i].rank;
      if (made_along != loop.rank || read_along == made_along) continue;
      report(Rule::kOrder, producer, consumer, loop.rank,
             fmt::format("it reads along {} what is made tile by tile inside the loop over {}",
                         cascade.rank(read_along).name, cascade.rank(loop.rank).name));
    }
  }
}

/// Whether what `producer` makes goes to its group's readers through DRAM.
bool Checker::is_spilled(OpId producer) const {
  return std::any_of(plan.storages.begin(), plan.storages.end(), [&](const Storage& storage) {
    return storage.spilled && storage.tensor == cascade.op(producer).output && storage.node != kRoot &&
           group_of(plan, storage.node) == group_of(plan, leaf(producer));
  });
}

/// The lowest node above an operator and all that read its earlier results in its group.
NodeId Checker::carrying_node(OpId producer) const {
  NodeId node = plan.node(leaf(producer)).parent;
  for (const Use& use : cascade.uses[index_of(cascade.op(producer).output)]) {
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    if (!placed.placed(use.op) || !same_group(producer, use.op) || !is_shifted(access)) continue;
    node = common_ancestor(plan, node, leaf(use.op));
  }
  return node;
}

/// Carried values are updated in place: a loop that repeats the producer must lie outside the carrying loop.
void Checker::check_repeated_update(OpId producer, OpId consumer, const Index& shifted) {
  const RankId rank = shifted.rank;
  if (reach(cascade, shifted) == 0 || is_spilled(producer)) return;  // Nothing is carried.
  const NodeId shared = common_ancestor(plan, leaf(producer), leaf(consumer));
  const std::vector<LiveLoop> loops = live_loops(cascade, plan, leaf(producer));
  const bool tiled =
      std::any_of(loops.begin(), loops.end(), [&](const LiveLoop& l) { return l.rank == rank; });
  const bool loaded = cascade.tensor(cascade.op(producer).output).initial != Initial::kZero;
  const NodeId carrier = carrying_node(producer);
  bool inside = false;
  for (const LiveLoop& loop : loops) {
    const bool carries = loop.rank == rank && is_above(plan, loop.node, shared);
    // A rank in one tile: initial values last as long as the carrying node's iteration.
    const bool repeats_pass = !tiled && loaded && loop.node != carrier && is_above(plan, carrier, loop.node);
    const bool repeats_both =
        is_above(plan, loop.node, shared) && !has_rank(cascade.op(producer).ranks, loop.rank);
    if (repeats_both && (inside || repeats_pass)) {
      report(Rule::kRecurrenceRecompute, producer, consumer, loop.rank,
             fmt::format("the loop over {} repeats the update of values carried along {}",
                         cascade.rank(loop.rank).name, cascade.rank(rank).name));
    }
    inside = inside || carries;
  }
}

void Checker::check_edge(OpId producer, const Use& use, bool in_recurrence) {
  const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
  const Index* shifted = shifted_index(access);
  if (!same_group(producer, use.op)) {
    if (!in_recurrence && placed.group[index_of(producer)] > placed.group[index_of(use.op)]) {
      report(Rule::kOrder, producer, use.op, std::nullopt, "its group runs before its producer's");
    }
    return;
  }
  if (producer == use.op) {
    check_finished(producer, use.op);
    check_renamed(producer, use.op, access);
    check_repeated_update(producer, use.op, *shifted);
    return;
  }
  if (before(use.op, producer)) {
    if (shifted == nullptr || shifted->distance == 0) {
      report(Rule::kOrder, producer, use.op, std::nullopt, "it runs before its producer");
      return;
    }
    if (!in_recurrence) check_earlier_read(producer, use.op, *shifted);
  }
  check_finished(producer, use.op);
  check_renamed(producer, use.op, access);
  if (shifted != nullptr) check_repeated_update(producer, use.op, *shifted);
}

void Checker::check_recurrence(const Recurrence& recurrence) {
  const OpId first = recurrence.operators.front();
  if (recurrence.self_recurrent() || !placed.placed(first)) return;
  NodeId shared = leaf(first);
  for (const OpId op : recurrence.operators) {
    if (!placed.placed(op) || !same_group(first, op)) {
      report(Rule::kRecurrenceGroup, first, op, recurrence.rank,
             "the operators of a recurrence must run in one group");
      return;
    }
    shared = common_ancestor(plan, shared, leaf(op));
  }
  if (plan.node(shared).kind == NodeKind::kChain) return;  // It runs step by step, as a scan does.
  const std::int64_t tile = tile_extent(cascade, plan, shared, recurrence.rank);
  if (tile <= recurrence.min_distance) return;
  report(Rule::kRecurrenceTile, recurrence.operators.back(), first, recurrence.rank,
         fmt::format("they share a tile of {} along {}; the recurrence's distance is {}", tile,
                     cascade.rank(recurrence.rank).name, recurrence.min_distance));
}

/// A loop that repeats an operator inside a loop it reduces over would add each term again.
void Checker::check_accumulation(OpId op) {
  bool accumulating = false;
  for (const LiveLoop& loop : live_loops(cascade, plan, leaf(op))) {
    if (has_rank(cascade.op(op).reduction_ranks, loop.rank)) accumulating = true;
    if (accumulating && !has_rank(cascade.op(op).ranks, loop.rank)) {
      report(Rule::kDoubleAccumulation, op, std::nullopt, loop.rank,
             "it recomputes inside a loop over a rank that it sums over");
    }
  }
}

/// What is read chunk by chunk is read in one piece: parts of one chunk, or several whole ones.
void Checker::check_chunk(OpId op, const Index& index) {
  std::int64_t chunks = cascade.extent(*index.chunk).value();
  for (const PathLoop& loop : loops_above(plan, leaf(op))) {
    if (loop.rank == *index.chunk) chunks = std::min(chunks, loop.tile);
    if (loop.rank != index.rank || loop.tile >= cascade.extent(index.rank).value() || chunks == 1) continue;
    report(Rule::kChunks, op, std::nullopt, loop.rank,
           fmt::format("the loop over {} cuts {} chunks along {} at once", cascade.rank(loop.rank).name,
                       chunks, cascade.rank(*index.chunk).name));
    return;
  }
}

void Checker::check_chunks(OpId op, const Access& access) {
  for (const Index& index : access.indices) {
    if (index.chunk) check_chunk(op, index);
  }
}

}  // namespace

std::vector<Violation> dependence_violations(const Cascade& cascade, const Plan& plan,
                                             const Placement& placed) {
  Checker checker{cascade, plan, placed};
  const auto& recurrence_of = cascade.recurrence_of;
  for (const Recurrence& recurrence : cascade.recurrences) checker.check_recurrence(recurrence);
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    if (!placed.placed(op)) continue;
    checker.check_accumulation(op);
    for (const Access& input : cascade.operators[i].inputs) checker.check_chunks(op, input);
    for (const Use& use : cascade.uses[index_of(cascade.operators[i].output)]) {
      if (!placed.placed(use.op)) continue;
      const bool in_recurrence = recurrence_of[i] && recurrence_of[i] == recurrence_of[index_of(use.op)];
      checker.check_edge(op, use, in_recurrence);
    }
  }
  return std::move(checker.found);
}

}  // namespace fusescape
