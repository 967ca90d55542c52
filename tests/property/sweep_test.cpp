#include "fusescape/search/sweep.hpp"

#include <catch2/catch.hpp>
#include <stop_token>

#include "fusescape/plan/spatial.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/recurrence.hpp"

namespace fusescape::sweep_test {
namespace {

using namespace literals;

/// Every operator in a group of its own, its first rank in tiles of `tile`; a recurrence is one group, token
/// by token.
Plan alone(const Cascade& cascade, std::int64_t tile) {
  Plan plan;
  const std::vector<Recurrence> found = recurrences(cascade);
  const auto membership = recurrence_of_operator(cascade, found);
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    if (!membership[i]) {
      const NodeId group = add_sequence(plan, kRoot);
      const NodeId loop = add_loop(plan, group, cascade.operators[i].ranks.front(), tile);
      add_operator(plan, loop, static_cast<OpId>(i));
    } else if (const Recurrence& recurrence = found[*membership[i]];
               index_of(recurrence.operators.back()) == i) {
      const NodeId group = add_sequence(plan, kRoot);
      const NodeId loop = add_loop(plan, group, recurrence.rank, 1);
      for (const OpId op : recurrence.operators) add_operator(plan, loop, op);
    }
  }
  return plan;
}

expected<Plan, Refusal> the_same_everywhere(const Planner& planner, const Machine& /*machine*/,
                                            const StrategyInputs&) {
  return alone(planner.cascade(), 1);
}

expected<Plan, Refusal> as_capacity_says(const Planner& planner, const Machine& machine,
                                         const StrategyInputs&) {
  if (machine.capacity < 32_KiB) {
    return unexpected{Refusal{Refusal::Reason::kDoesNotFit, "too small", 32_KiB, machine.capacity}};
  }
  return alone(planner.cascade(), machine.capacity < 256_KiB ? 1 : 4);
}

expected<Plan, Refusal> for_other_cascades(const Planner& /*planner*/, const Machine& /*machine*/,
                                           const StrategyInputs&) {
  return unexpected{Refusal{Refusal::Reason::kMissingOperators, "no attention here", {}, {}}};
}

const Strategy kSame{.name = "same", .summary = "", .build = the_same_everywhere};
const Strategy kAdaptive{.name = "adaptive", .summary = "", .build = as_capacity_says};
const Strategy kForeign{.name = "foreign", .summary = "", .build = for_other_cascades};

Design design(std::int64_t kib, std::int64_t side, std::int64_t dram_bits) {
  Accelerator made;
  Core core{.name = "array", .rows = side, .cols = side, .spatial = {}};
  core.cycles_per_op.fill(1);
  made.cores.push_back(core);
  made.sram.capacity = kib * 1_KiB;
  made.dram.bandwidth = {dram_bits};
  return make_design(made).value();
}

Workload workload(std::int64_t tokens) {
  return mamba1_workload(
      {.n_layer = 2, .d_model = 16, .d_inner = 32, .d_state = 4, .dt_rank = 2, .tokens = tokens});
}

/// Every workload on every accelerator under every strategy.
BoundSweep small_sweep() {
  BoundSweep sweep;
  sweep.workloads = {workload(1), workload(7)};
  for (const std::int64_t kib : {4, 64, 512}) {
    for (const std::int64_t side : {4, 16}) sweep.designs.push_back(design(kib, side, 24 * side));
  }
  sweep.strategies = {&kSame, &kAdaptive, &kForeign};
  for (std::uint32_t w = 0; w < 2; ++w) {
    for (std::uint32_t a = 0; a < 6; ++a) {
      for (std::uint32_t s = 0; s < 3; ++s) {
        sweep.points.push_back({.workload = w, .design = a, .strategy = s});
      }
    }
  }
  sweep.baselines = {sweep.points.front(), sweep.points.back()};
  return sweep;
}

void check_equal(const PointOutcome& a, const PointOutcome& b) {
  CHECK(a.status == b.status);
  CHECK(a.why == b.why);
  CHECK(a.needed == b.needed);
  CHECK(a.available == b.available);
  CHECK(a.cost.latency == b.cost.latency);
  CHECK(a.cost.compute == b.cost.compute);
  CHECK(a.cost.total.dram_read == b.cost.total.dram_read);
  CHECK(a.cost.total.dram_write == b.cost.total.dram_write);
  CHECK(a.cost.total.peak == b.cost.total.peak);
  CHECK(a.cost.total.bound == b.cost.total.bound);
}

TEST_CASE("The outcomes do not depend on the number of threads") {
  const BoundSweep sweep = small_sweep();
  const SweepResult one = run_sweep(sweep, {.jobs = 1});
  const SweepResult many = run_sweep(sweep, {.jobs = GENERATE(2, 3, 8)});
  REQUIRE(one.points.size() == sweep.points.size());
  REQUIRE(many.points.size() == one.points.size());
  for (std::size_t i = 0; i < one.points.size(); ++i) check_equal(one.points[i], many.points[i]);
  for (std::size_t i = 0; i < one.baselines.size(); ++i) check_equal(one.baselines[i], many.baselines[i]);
}

TEST_CASE("Any part of a sweep gives that part of its outcomes") {
  const BoundSweep sweep = small_sweep();
  const std::vector<PointOutcome> whole = evaluate_points(sweep, sweep.points);
  const auto shards = GENERATE(as<std::size_t>{}, 2, 5, 36);
  for (std::size_t shard = 0; shard < shards; ++shard) {
    std::vector<DesignPoint> part;
    for (std::size_t i = shard; i < sweep.points.size(); i += shards) part.push_back(sweep.points[i]);
    const std::vector<PointOutcome> outcomes = evaluate_points(sweep, part);
    for (std::size_t i = 0; i < part.size(); ++i) check_equal(outcomes[i], whole[shard + i * shards]);
  }
}

TEST_CASE("A point costs what its strategy costs alone, or has no cost for the same reason") {
  const BoundSweep sweep = small_sweep();
  const std::vector<PointOutcome> outcomes = evaluate_points(sweep, sweep.points);
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    const auto alone_there =
        assess(sweep.workloads[sweep.points[i].workload].block, sweep.designs[sweep.points[i].design],
               *sweep.strategies[sweep.points[i].strategy]);
    REQUIRE(alone_there.has_value() == outcomes[i].feasible());
    if (!alone_there) {
      CHECK(outcomes[i].why == describe(alone_there.error()));
      CHECK(outcomes[i].needed == capacity_needed(alone_there.error()).value_or(Bytes{}));
      continue;
    }
    CHECK(alone_there->cost.latency == outcomes[i].cost.latency);
    CHECK(alone_there->cost.total.dram_read == outcomes[i].cost.total.dram_read);
    CHECK(alone_there->cost.total.peak == outcomes[i].cost.total.peak);
  }
}

TEST_CASE("A design that does not fit is a row with the bytes missing; one without a plan has failed") {
  const BoundSweep sweep = small_sweep();
  const SweepResult result = run_sweep(sweep);
  // By strategy: `foreign` has no plan on any of 2 x 6; `adaptive` needs 32 KiB, which 2 x 2 lack.
  CHECK(result.counts.failed == 12);
  CHECK(result.points[2].status == PointOutcome::Status::kFailed);
  CHECK(result.points[2].why == "no attention here: foreign needs one");
  CHECK(result.points[1].status == PointOutcome::Status::kInfeasible);
  CHECK(result.points[1].needed == 32_KiB);
  CHECK(result.points[1].available == 4_KiB);
  CHECK(result.counts.infeasible >= 4);
  CHECK(result.counts.feasible > 0);
  CHECK(result.counts.feasible + result.counts.infeasible == 24);
  CHECK(result.counts.skipped == 0);
}

std::stop_source at_64_kib;

/// A plan for 64 KiB, which the third of the designs has, stops the run.
expected<Plan, Refusal> stopping(const Planner& planner, const Machine& machine,
                                 const StrategyInputs& /*inputs*/) {
  if (machine.capacity == 64_KiB) at_64_kib.request_stop();
  return alone(planner.cascade(), 1);
}

const Strategy kStopping{.name = "stopping", .summary = "", .build = stopping};

TEST_CASE("A run that is stopped keeps what was done before, and nothing that was made after") {
  BoundSweep sweep = small_sweep();
  const SweepResult whole = run_sweep(sweep);
  sweep.strategies[0] = &kStopping;  // The same plans as `same`.
  SweepProgress progress;
  const SweepResult part =
      run_sweep(sweep, {.jobs = 1, .stop = at_64_kib.get_token(), .progress = &progress});
  // Three strategies in turn: two of `stopping`, and two each of the others before its third.
  CHECK(part.counts.skipped == sweep.points.size() - 6);
  CHECK(progress.done == 6);
  CHECK(progress.total == sweep.points.size());
  for (std::size_t i = 0; i < 6; ++i) check_equal(part.points[i], whole.points[i]);
}

TEST_CASE("Points and baselines that are equal are evaluated once") {
  BoundSweep sweep = small_sweep();
  const SweepResult once = run_sweep(sweep);
  const std::vector<DesignPoint> points = sweep.points;
  sweep.points.insert(sweep.points.end(), points.begin(), points.end());
  SweepProgress progress;
  const SweepResult twice = run_sweep(sweep, {.progress = &progress});
  CHECK(progress.total == points.size());
  for (std::size_t i = 0; i < twice.points.size(); ++i) {
    check_equal(twice.points[i], once.points[i % points.size()]);
  }
}

}  // namespace
}  // namespace fusescape::sweep_test
