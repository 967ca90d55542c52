// Does a plan that really runs move, hold and compute what the model says? Random cascades and plans,
// executed.
#include <catch2/catch.hpp>

#include "fusescape/exec/execute.hpp"
#include "fusescape/exec/reference.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {
namespace {

constexpr std::uint32_t kCases = 20000;

struct RandomRun {
  Cascade cascade;
  Plan plan;
  ExecOptions options;
};

RandomRun random_run(std::uint32_t seed) {
  Dice dice{seed};
  Cascade cascade = random_cascade(dice);
  Plan plan = RandomPlan{dice, cascade}.run();
  const ExecOptions options{.granule = Bytes{dice.one_in(2) ? 1 : 4},
                            .double_buffering = dice.one_in(2),
                            .count_second_slots = dice.one_in(2),
                            .in_place = dice.one_in(2)};
  return {std::move(cascade), std::move(plan), options};
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
    Ops ops;
    for (const Ops of_kind : done.groups[g].ops) ops += of_kind;
    CHECK(group.ops.value() == ops.value());
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

void check_values(const Cascade& cascade, const Reference& reference, const Execution& done) {
  for (std::size_t t = 0; t < cascade.tensors.size(); ++t) {
    for_each_own(reference.tensors[t], [&](std::int64_t i) {
      const double made = done.dram[t].data[i];
      if (std::isnan(made)) return;
      CAPTURE(cascade.tensors[t].name, i);
      CHECK(std::abs(made - reference.tensors[t].data[i]) <= reference.bounds[t][i]);
    });
  }
}

TEST_CASE("A legal plan that really runs moves, holds and computes what the model says") {
  for (std::uint32_t seed = 0; seed < kCases; ++seed) {
    const RandomRun run = random_run(seed);
    const auto layout = lay_out(run.cascade, run.plan);
    if (!layout) continue;
    CAPTURE(seed, text_of(run.cascade), text_of(run.cascade, run.plan), run.options.in_place,
            run.options.double_buffering, run.options.count_second_slots, run.options.granule.value());
    const NumericCase given = make_case(run.cascade, Arithmetic::kTyped, seed);
    const auto done = execute(run.cascade, run.plan, *layout, given, run.options);
    if (!done) {
      FAIL_CHECK(describe(run.cascade, done.error()));
      continue;
    }
    check_bytes(run.cascade, profile(run.cascade, run.plan, *layout, closed_form(run.options)), *done);
    check_values(run.cascade, run_reference(run.cascade, given), *done);
  }
}

/// True if every element that `access` names lies before its tensor's first: nothing that this call makes.
bool reads_history_only(const Cascade& cascade, const Access& access) {
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    const Elements extent = cascade.extent(cascade.tensor(access.tensor).ranks[i]);
    if (Elements{access.indices[i].distance} >= extent) return true;
  }
  return false;
}

/// Repeating an update does no harm to a tensor that its carried buffer holds completely, or that is made in
/// a buffer above the repeating loop, from where it is handed on once.
bool repeats_harmlessly(const Cascade& cascade, const Plan& plan, const Layout& layout,
                        const Violation& violation) {
  std::optional<NodeId> made;
  for (const GroupLayout& group : layout.groups) {
    for (const Buffer& buffer : group.buffers) {
      if (buffer.tensor != *violation.tensor || buffer.producer != violation.producer) continue;
      if (buffer.role != BufferRole::kCarried && !buffer.inside) made = buffer.node;
      const bool complete = Elements{buffer.depth} >= cascade.extent(buffer.carry_rank);
      if (buffer.role == BufferRole::kCarried && complete) return true;
    }
  }
  if (!made) return false;
  for (const PathLoop& loop : loops_above(plan, *made)) {
    if (loop.rank == *violation.rank) return false;
  }
  return true;
}

/// The known pessimisms of the rules (docs/model/plan.md): dependences through reads of history only, and
/// repeated updates that do no harm.
bool is_harmless(const Cascade& cascade, const Plan& plan, const Layout& layout, const Violation& violation) {
  if (violation.rule == Rule::kRecurrenceRecompute && repeats_harmlessly(cascade, plan, layout, violation)) {
    return true;
  }
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
  int refused = 0;
  for (std::uint32_t seed = 0; seed < kCases; ++seed) {
    const RandomRun run = random_run(seed);
    const auto resolved = resolve(run.cascade, run.plan);
    if (!resolved) continue;
    const auto& violations = resolved->violations;
    const auto is_real = [&](const Violation& violation) {
      return !is_harmless(run.cascade, run.plan, resolved->layout, violation);
    };
    if (std::none_of(violations.begin(), violations.end(), is_real)) continue;
    ++refused;
    CAPTURE(seed, text_of(run.cascade), text_of(run.cascade, run.plan), faults(run.cascade, run.plan));
    const NumericCase given = make_case(run.cascade, Arithmetic::kTyped, seed);
    const auto done = execute(run.cascade, run.plan, resolved->layout, given, run.options);
    CHECK_FALSE(done.has_value());
  }
  CHECK(refused > static_cast<int>(kCases / 20));
}

}  // namespace
}  // namespace fusescape::test_plans
