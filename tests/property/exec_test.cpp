// Does a plan that really runs move, hold and compute what the model says? Random cascades and plans,
// executed.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <utility>

#include "fusescape/exec/execute.hpp"
#include "fusescape/exec/reference.hpp"
#include "random_variations.hpp"

namespace fusescape::test_plans {
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
  Plan plan = RandomPlan{dice, cascade}.run();
  vary_plan(dice, cascade, plan);
  const ExecOptions options{.granule = Bytes{dice.one_in(2) ? 1 : 4},
                            .double_buffering = dice.one_in(2),
                            .count_second_slots = dice.one_in(2),
                            .in_place = dice.one_in(2)};
  const auto values = static_cast<std::uint64_t>(dice.in(0, 1'000'000));
  return {std::move(cascade), std::move(plan), options, values};
}

ProfileOptions closed_form(const ExecOptions& options) {
  return {.granule = options.granule,
          .double_buffering = options.double_buffering,
          .count_second_slots = options.count_second_slots,
          .in_place = options.in_place};
}

void check_bytes(const Cascade& cascade, const PlanProfile& closed, const Execution& done) {
  REQUIRE(closed.groups.size() == done.groups.size());
  for (std::size_t g = 0; g < done.groups.size(); ++g) {
    const GroupProfile& group = closed.groups[g];
    CAPTURE(g);
    CHECK(group.peak.value() == done.groups[g].peak.value());
    CHECK(group.reserved.value() == done.groups[g].reserved.value());
    CHECK(ops_by_kind(closed, group) == done.groups[g].ops);
    REQUIRE(group.tensor_count == done.groups[g].tensors.size());
    for (std::uint32_t i = 0; i < group.tensor_count; ++i) {
      const TensorTraffic& expected = closed.tensors[group.first_tensor + i];
      const TensorMoved& counted = done.groups[g].tensors[i];
      CAPTURE(cascade.tensor(counted.tensor).name);
      CHECK(expected.tensor == counted.tensor);
      CHECK(expected.read.value() == counted.read.value());
      CHECK(expected.written.value() == counted.written.value());
    }
  }
}

/// Where bytes are elements, a retained part may as well be counted one by one: never more travels than the
/// rule says, and no less is written. Returns whether it was compared, and as many were read.
std::pair<int, int> check_parts(const RandomRun& run, const Execution& done) {
  std::pair<int, int> compared;
  for (const Retention& part : run.plan.retentions) {
    const Tensor& tensor = run.cascade.tensor(part.tensor);
    const std::int64_t word = bits_of(tensor.type) / 8;
    const bool literal = run.options.granule == Bytes{1} && word > 0 &&
                         dram_bits(run.cascade, run.plan, part.tensor) == bits_of(tensor.type) &&
                         facts(tensor.type).accumulator == tensor.type && part.bytes.value() % word == 0 &&
                         part.bytes < word * Bytes{elements_of(run.cascade, part.tensor).value()};
    for (const GroupExecution& group : done.groups) {
      for (const TensorMoved& moved : group.tensors) {
        if (!literal || moved.tensor != part.tensor) continue;
        CHECK(moved.elements_written.value() * word == moved.written.value());
        CHECK(moved.elements_read.value() * word <= moved.read.value());
        ++compared.first;
        compared.second += moved.elements_read.value() * word == moved.read.value() ? 1 : 0;
      }
    }
  }
  return compared;
}

void check_values(const Cascade& cascade, const Reference& reference, const Execution& done) {
  for (std::size_t t = 0; t < cascade.tensors.size(); ++t) {
    for_each_own(reference.tensors[t], [&](std::int64_t i) {
      const double made = done.dram[t].data[i];
      if (std::isnan(made)) return;
      CAPTURE(cascade.tensors[t].name, i);
      const double right = reference.tensors[t].data[i];
      if (made == right) return;
      CHECK(std::abs(made - right) <= reference.bounds[t][i]);
    });
  }
}

TEST_CASE("A legal plan that really runs moves, holds and computes what the model says") {
  int legal = 0;
  int parts = 0;
  int equal_parts = 0;
  for_all(kCases, [&](Dice& dice) {
    const RandomRun run = random_run(dice);
    const auto layout = lay_out(run.cascade, run.plan);
    if (!layout) return;
    ++legal;
    CAPTURE(text_of(run.cascade), text_of(run.cascade, run.plan), run.options.in_place,
            run.options.double_buffering, run.options.count_second_slots, run.options.granule.value());
    const NumericCase given = make_case(run.cascade, Arithmetic::kTyped, run.values);
    const auto done = execute(run.cascade, run.plan, *layout, given, run.options);
    if (!done) FAIL(describe(run.cascade, done.error()));
    check_bytes(run.cascade, profile(run.cascade, run.plan, *layout, closed_form(run.options)), *done);
    check_values(run.cascade, run_reference(run.cascade, given), *done);
    const auto [compared, equal] = check_parts(run, *done);
    parts += compared;
    equal_parts += equal;
  });
  CHECK(parts > 50);
  CHECK(equal_parts > parts * 9 / 10);
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
    for (const GroupProfile& group :
         profile(run.cascade, run.plan, *layout, closed_form(run.options)).groups) {
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
}  // namespace fusescape::test_plans
