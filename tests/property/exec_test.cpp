// Does a plan that really runs move, hold and compute what the model says? Random cascades and plans,
// executed.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <utility>

#include "fusescape/check/verification.hpp"
#include "fusescape/exec/execute.hpp"
#include "fusescape/exec/reference.hpp"
#include "random_variations.hpp"

namespace fusescape::test_plans::exec_test {
namespace {

constexpr std::uint32_t kCases = 40000;

struct RandomRun {
  Cascade cascade;
  Plan plan;
  ExecOptions options;
  std::uint64_t values = 0;  ///< Seed of what its tensors hold.
};

RandomRun random_run(Dice& dice) {
  Cascade cascade = CascadeVariation{dice, random_cascade(dice)}.run();
  if (dice.one_in(3)) keep_some_resident(dice, cascade);
  if (dice.one_in(3)) vary_accumulators(dice, cascade);
  Plan plan = RandomPlan{dice, cascade}.run();
  vary_plan(dice, cascade, plan);
  const ProfileOptions model{.granule = Bytes{dice.one_in(2) ? 1 : 4},
                             .double_buffering = dice.one_in(2),
                             .count_second_slots = dice.one_in(2),
                             .in_place = dice.one_in(2)};
  const auto values = static_cast<std::uint64_t>(dice.in(0, 1'000'000));
  return {std::move(cascade), std::move(plan), {.model = model, .capacity = {}}, values};
}

void check_bytes(const Cascade& cascade, const PlanProfile& closed, const Execution& done) {
  REQUIRE(closed.groups.size() == done.groups.size());
  for (std::size_t g = 0; g < done.groups.size(); ++g) {
    const GroupProfile& group = closed.groups[g];
    CAPTURE(g);
    CHECK(group.peak.value() == done.groups[g].peak.value());
    CHECK(group.reserved.value() == done.groups[g].reserved.value());
    CHECK(ops_by_kind(group) == done.groups[g].ops);
    REQUIRE(group.tensors.size() == done.groups[g].tensors.size());
    for (std::size_t i = 0; i < group.tensors.size(); ++i) {
      const TensorTraffic& expected = group.tensors[i];
      const TensorMoved& counted = done.groups[g].tensors[i];
      CAPTURE(cascade.tensor(counted.tensor).name);
      CHECK(expected.tensor == counted.tensor);
      CHECK(expected.read.value() == counted.read.value());
      CHECK(expected.written.value() == counted.written.value());
    }
  }
}

void check_values(const Cascade& cascade, const Reference& reference, const Execution& done) {
  for (const ValueCheck& check : compare_values(cascade, reference, done)) {
    CAPTURE(cascade.tensor(check.tensor).name, check.elements, check.wrong, check.error);
    CHECK(check.passed());
  }
}

/// Retained parts whose bytes are counted one by one: where they are whole elements, in DRAM as on chip.
int literal_parts(const RandomRun& run) {
  const auto literal = [&](const Retention& part) {
    const int bits = bits_of(run.cascade.tensor(part.tensor).type);
    const Bytes all = bytes_of(elements_of(run.cascade, part.tensor), bits);
    return run.options.model.granule == Bytes{1} && part.bytes < all && bits % 8 == 0 &&
           dram_bits(run.cascade, run.plan, part.tensor) == bits && part.bytes.value() % (bits / 8) == 0;
  };
  const auto& parts = run.plan.retentions;
  return static_cast<int>(std::count_if(parts.begin(), parts.end(), literal));
}

bool reads_in_chunks(const Cascade& cascade) {
  return std::any_of(cascade.operators.begin(), cascade.operators.end(), [](const Operator& op) {
    return std::any_of(op.inputs.begin(), op.inputs.end(), [](const Access& access) {
      return std::any_of(access.indices.begin(), access.indices.end(),
                         [](const Index& index) { return index.chunk.has_value(); });
    });
  });
}

TEST_CASE("A legal plan that really runs moves, holds and computes what the model says") {
  int legal = 0;
  int parts = 0;
  int chunked = 0;
  for_all(kCases, [&](Dice& dice) {
    const RandomRun run = random_run(dice);
    const auto layout = lay_out(run.cascade, run.plan);
    if (!layout) return;
    ++legal;
    chunked += reads_in_chunks(run.cascade) ? 1 : 0;
    CAPTURE(text_of(run.cascade), text_of(run.cascade, run.plan), run.options.model.in_place,
            run.options.model.double_buffering, run.options.model.count_second_slots,
            run.options.model.granule.value());
    const NumericCase given = make_case(run.cascade, Arithmetic::kTyped, run.values);
    const auto done = execute(run.cascade, run.plan, *layout, given, run.options);
    if (!done) FAIL(describe(run.cascade, done.error()));
    check_bytes(run.cascade, profile(run.cascade, run.plan, *layout, run.options.model), *done);
    check_values(run.cascade, run_reference(run.cascade, given), *done);
    parts += literal_parts(run);
  });
  CHECK(parts > 50);
  CHECK(chunked > 50);
  CHECK(legal > static_cast<int>(kCases / 10));
}

/// True if every element that `access` names lies before its tensor's first: nothing that this call makes.
bool reads_history_only(const Cascade& cascade, const Access& access) {
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    const Elements extent = cascade.extent(cascade.tensor(access.tensor).ranks[i]);
    if (Elements{access.indices[i].distance} >= extent) return true;
  }
  return false;
}

TEST_CASE("A plan runs within a capacity if and only if the closed form says that it fits") {
  int limited = 0;
  for_all(kCases / 4, [&](Dice& dice) {
    RandomRun run = random_run(dice);
    const auto layout = lay_out(run.cascade, run.plan);
    if (!layout) return;
    CAPTURE(text_of(run.cascade), text_of(run.cascade, run.plan));
    Bytes needed;
    for (const GroupProfile& group : profile(run.cascade, run.plan, *layout, run.options.model).groups) {
      needed = std::max(needed, group.peak + group.reserved);
    }
    const NumericCase given = make_case(run.cascade, Arithmetic::kTyped, run.values);
    run.options.capacity = needed;
    CHECK(execute(run.cascade, run.plan, *layout, given, run.options).has_value());
    run.options.capacity = needed - Bytes{1};
    const auto full = execute(run.cascade, run.plan, *layout, given, run.options);
    REQUIRE_FALSE(full.has_value());
    REQUIRE(std::holds_alternative<CapacityExceeded>(full.error()));
    CHECK(std::get<CapacityExceeded>(full.error()).needed > *run.options.capacity);
    ++limited;
  });
  CHECK(limited > static_cast<int>(kCases / 40));
}

/// Extent of `rank` left by the loops down to and including `node`.
std::int64_t tile_of(const Cascade& cascade, const Plan& plan, NodeId node, RankId rank) {
  std::int64_t extent = cascade.extent(rank).value();
  for (const PathLoop& loop : loops_above(plan, node)) {
    if (loop.rank == rank) extent = std::min(extent, loop.tile);
  }
  return extent;
}

/// Whether `node` lies in a loop over `repeated` that runs inside one over `carried`, each more than once.
bool repeats_inside(const Cascade& cascade, const Plan& plan, NodeId node, RankId carried, RankId repeated) {
  bool inside = false;
  for (const PathLoop& loop : loops_above(plan, node)) {
    if (loop.tile >= tile_of(cascade, plan, plan.node(loop.node).parent, loop.rank)) continue;
    if (inside && loop.rank == repeated) return true;
    inside = inside || loop.rank == carried;
  }
  return false;
}

/// Repeating an update does no harm to a tensor that its carried buffer holds completely, or that is made in
/// a buffer above the repeating loop, from where it is handed on once.
bool repeats_harmlessly(const Cascade& cascade, const Plan& plan, const Layout& layout,
                        const Violation& violation) {
  std::optional<NodeId> made;
  std::optional<RankId> carried;
  for (const GroupLayout& group : layout.groups) {
    for (const Buffer& buffer : group.buffers) {
      if (buffer.tensor != *violation.tensor || buffer.producer != violation.producer) continue;
      if (buffer.role != BufferRole::kCarried && !buffer.inside) made = buffer.node;
      if (buffer.role == BufferRole::kCarried) carried = buffer.carry_rank;
      const bool complete = Elements{buffer.depth} >= cascade.extent(buffer.carry_rank);
      if (buffer.role == BufferRole::kCarried && complete) return true;
    }
  }
  return made && carried && !repeats_inside(cascade, plan, *made, *carried, *violation.rank);
}

NodeId leaf_of(const Plan& plan, OpId op) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    if (node.kind == NodeKind::kOperator && node.op == op) return NodeId{static_cast<std::uint16_t>(i)};
  }
  return kRoot;
}

/// What is made along one rank and read along another may all lie in the first tile, or in the history.
bool reads_first_tile(const Cascade& cascade, const Plan& plan, const Violation& violation) {
  const NodeId consumer = leaf_of(plan, *violation.consumer);
  const NodeId shared = common_ancestor(plan, leaf_of(plan, *violation.producer), consumer);
  for (const Access& access : cascade.op(*violation.consumer).inputs) {
    for (std::size_t i = 0; i < access.indices.size() && access.tensor == *violation.tensor; ++i) {
      const Index& index = access.indices[i];
      const RankId made_along = cascade.tensor(access.tensor).ranks[i];
      const std::int64_t end = index.offset + tile_of(cascade, plan, consumer, index.rank);
      const bool renamed = made_along == *violation.rank && index.rank != made_along;
      const bool in_first = end <= tile_of(cascade, plan, shared, made_along);
      if (renamed && (in_first || reads_history_only(cascade, access))) return true;
    }
  }
  return false;
}

/// True if all reads reach back to earlier tiles: what the loops inside have completed there, they find.
bool reads_earlier_tiles(const Cascade& cascade, const Plan& plan, const Violation& violation) {
  const NodeId shared =
      common_ancestor(plan, leaf_of(plan, *violation.producer), leaf_of(plan, *violation.consumer));
  const auto& inputs = cascade.op(*violation.consumer).inputs;
  return std::all_of(inputs.begin(), inputs.end(), [&](const Access& access) {
    if (access.tensor != *violation.tensor) return true;
    return std::any_of(access.indices.begin(), access.indices.end(), [&](const Index& index) {
      return index.distance > 0 && tile_of(cascade, plan, shared, index.rank) <= index.distance;
    });
  });
}

/// A halo that no tile finds within the tensor.
bool halo_lies_before_start(const Cascade& cascade, const Violation& violation) {
  const auto& inputs = cascade.op(*violation.consumer).inputs;
  return std::all_of(inputs.begin(), inputs.end(), [&](const Access& access) {
    return std::all_of(access.indices.begin(), access.indices.end(), [&](const Index& index) {
      const bool window = access.tensor == *violation.tensor && index.tap;
      return !window || cascade.extent(index.rank).value() - 1 <= index.distance;
    });
  });
}

/// The known pessimisms of the rules (docs/model/plan.md): dependences through reads of history only,
/// repeated updates that do no harm, results that earlier tiles have completed, and slices that the first
/// tile has.
bool is_harmless(const Cascade& cascade, const Plan& plan, const Layout& layout, const Violation& violation) {
  if (violation.rule == Rule::kChunks) return true;  // It says what a slab may be, not what is right.
  if (violation.rule == Rule::kRecurrenceRecompute && repeats_harmlessly(cascade, plan, layout, violation)) {
    return true;
  }
  const bool about_completeness = violation.rule == Rule::kPartialSum || violation.rule == Rule::kOrder;
  if (about_completeness && violation.consumer && reads_earlier_tiles(cascade, plan, violation)) return true;
  if (violation.rule == Rule::kOrder && violation.consumer && violation.rank &&
      reads_first_tile(cascade, plan, violation)) {
    return true;
  }
  if (violation.rule == Rule::kHalo && halo_lies_before_start(cascade, violation)) return true;
  const auto void_edge = [&](OpId producer, OpId consumer) {
    const auto& inputs = cascade.op(consumer).inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](const Access& access) {
      return access.tensor != cascade.op(producer).output || reads_history_only(cascade, access);
    });
  };
  if (violation.rule == Rule::kRecurrenceGroup || violation.rule == Rule::kRecurrenceTile) {
    const auto& found = cascade.recurrences[*cascade.recurrence_of[index_of(*violation.producer)]].operators;
    return std::all_of(found.begin(), found.end(), [&](OpId consumer) {
      const auto& inputs = cascade.op(consumer).inputs;
      return std::all_of(inputs.begin(), inputs.end(), [&](const Access& access) {
        return !is_shifted(access) || reads_history_only(cascade, access);
      });
    });
  }
  return violation.producer && violation.consumer && void_edge(*violation.producer, *violation.consumer);
}

TEST_CASE("A plan is refused where running it would read what does not exist yet, is not final or was lost") {
  std::map<Rule, int> refused;
  for_all(kCases, [&](Dice& dice) {
    const RandomRun run = random_run(dice);
    const auto resolved = resolve(run.cascade, run.plan);
    if (!resolved) return;
    const auto& violations = resolved->violations;
    const auto is_real = [&](const Violation& violation) {
      return !is_harmless(run.cascade, run.plan, resolved->layout, violation);
    };
    if (std::none_of(violations.begin(), violations.end(), is_real)) return;
    for (const Violation& violation : violations) refused[violation.rule] += is_real(violation) ? 1 : 0;
    CAPTURE(text_of(run.cascade), text_of(run.cascade, run.plan), faults(run.cascade, run.plan));
    const NumericCase given = make_case(run.cascade, Arithmetic::kTyped, run.values);
    const auto done = execute(run.cascade, run.plan, resolved->layout, given, run.options);
    REQUIRE_FALSE(done.has_value());
    CHECK(std::holds_alternative<ValueFault>(done.error()));
  });
  for (const Rule rule : {Rule::kOrder, Rule::kPartialSum, Rule::kRecurrenceGroup, Rule::kRecurrenceTile,
                          Rule::kRecurrenceRecompute, Rule::kDoubleAccumulation, Rule::kHalo}) {
    CAPTURE(name_of(rule));
    CHECK(refused[rule] > 0);
  }
}

}  // namespace
}  // namespace fusescape::test_plans::exec_test
