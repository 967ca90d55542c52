// Is `optimal` as good as every strategy, and as plans of its class that are drawn at random, on workloads
// and designs of real size?
#include <catch2/catch.hpp>

#include "../loaded.hpp"
#include "designs.hpp"
#include "enumerated_class.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/optimal.hpp"

namespace fusescape::test_plans::optimal_draws_test {
namespace {

Workload drawn_workload(Dice& dice) {
  const std::string name = dice.pick<std::string>(
      {"mamba-2.8b", "mamba-130m", "gated-linear-attention", "opt-2.7b", "falcon-mamba-7b"});
  const std::string tokens = dice.pick<std::string>({"64", "1", "16", "100", "256", "1024", "4096"});
  return value_of(load_workload(name, std::vector<Setting>{{"L", tokens, {}}}));
}

/// MARCA's kind of array, of another shape.
Accelerator drawn_array(Dice& dice) {
  Accelerator made = accelerator(dice.in(4, 32) * 8, dice.in(4, 32) * 8);
  Core& core = made.cores.front();
  for (const OpKind kind : {OpKind::kExp, OpKind::kSigmoid, OpKind::kSilu, OpKind::kSoftplus}) {
    core.cycles_per_op[static_cast<std::size_t>(kind)] = 4;
  }
  SpatialRule sums;
  sums.kinds = {OpKind::kMatmul, OpKind::kConv, OpKind::kReduceMean};
  sums.rows = {"reduction"};
  sums.cols = {"output"};
  SpatialRule rest;
  rest.flat = {"all"};
  core.spatial = {sums, rest};
  return made;
}

/// 3 to 24 MiB in banks of 64 KiB, whose ports may be ample, and another bandwidth.
Design drawn_design(Dice& dice, Accelerator made) {
  const std::int64_t banks = dice.in(48, 384);
  made.sram.banks = banks;
  made.sram.capacity = Bytes{banks * 64 * 1024};
  if (dice.one_in(2)) made.sram.bank_read = made.sram.bank_write = BitsPerCycle{256};
  made.dram.bandwidth = BitsPerCycle{dice.pick<std::int64_t>({2048, 512, 1024, 4096, 8192})};
  return design_of(std::move(made));
}

/// `check(planner, design)` for five designs of each of that many arrays.
template <class Check>
void for_drawn_designs(std::uint32_t arrays, const Check& check) {
  for_all(arrays, [&](Dice& dice) {
    const Workload workload = drawn_workload(dice);
    const Accelerator array = drawn_array(dice);
    const Planner planner{workload.block, array};
    for (int i = 0; i < 5; ++i) {
      const Design design = drawn_design(dice, array);
      const Core& core = array.cores.front();
      CAPTURE(text_of(workload.block), core.rows, core.cols, design.machine.capacity.value(),
              design.accelerator.dram.bandwidth.value, design.accelerator.sram.bank_read.value);
      check(dice, planner, design);
    }
  });
}

TEST_CASE("No strategy beats optimal on designs of real size, whether their plans are made or bounded") {
  int optimals = 0;
  for_drawn_designs(1, [&](Dice&, const Planner& planner, const Design& design) {
    const Strategy& optimal = *find_strategy(kOptimalName);
    const auto best = assess(planner, design, optimal);  // As in a sweep: what cannot be faster is not made.
    const auto answer = optimal_answer(planner, design.machine);
    REQUIRE(best.has_value() == answer.has_value());
    if (!answer) return;
    CHECK(best->cost.total.latency == answer->figures.latency);
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name);
      const auto other = assess(planner, design, strategy);
      if (other) CHECK(best->cost.total.latency <= other->cost.total.latency);
    }
    ++optimals;
  });
  CHECK(optimals > 2);
}

/// Of `draws` groups of the units the fastest that fits.
std::optional<Ticks> fastest_drawn(const Planner& planner, const Machine& machine, Dice& dice,
                                   const std::vector<Unit>& units, int draws) {
  const GroupList list{planner};
  std::optional<Ticks> least;
  for (int i = 0; i < draws; ++i) {
    const Plan plan = list.drawn(units, dice);
    const auto layout = lay_out(planner.cascade(), plan, Coverage::kPart);
    if (!layout || !planner.runs_on_hardware(plan)) continue;
    const auto cost = evaluate_group(
        profile_group(planner.cascade(), plan, layout->groups.front(), planner.options()), machine);
    if (cost) least = least ? std::min(*least, cost->latency) : cost->latency;
  }
  return least;
}

/// Of the units from `first` to `last` as one group: what is drawn, or the best nest of one alone.
std::optional<Ticks> drawn_time(const Planner& planner, const Machine& machine, Dice& dice, std::size_t first,
                                std::size_t last) {
  const GroupList list{planner};
  const std::vector<Unit> units = units_of(planner);
  const std::vector<Unit> run{units.begin() + static_cast<std::ptrdiff_t>(first),
                              units.begin() + static_cast<std::ptrdiff_t>(last)};
  std::optional<Ticks> time;
  const bool is_run = list.is_cut(units, first) && list.is_cut(units, last);
  if (is_run) time = fastest_drawn(planner, machine, dice, run, 15);
  const Candidate* alone = run.size() == 1 ? planner.best(run.front().front(), machine) : nullptr;
  if (alone == nullptr) return time;
  const Ticks its = evaluate_group(planner.profile(*alone), machine)->latency;
  return time ? std::min(*time, its) : its;
}

TEST_CASE(
    "No plan of some 500 groups that are drawn from its class, however joined, is faster than optimal") {
  int fused = 0;  // Groups of several units that were drawn and run.
  int paths = 0;
  for_drawn_designs(1, [&](Dice& dice, const Planner& planner, const Design& design) {
    const auto answer = optimal_answer(planner, design.machine);
    const std::size_t units = units_of(planner).size();
    std::vector<std::optional<Ticks>> until(units + 1);
    until.front() = Ticks{};
    for (std::size_t last = 1; last <= units; ++last) {
      for (std::size_t first = 0; first < last; ++first) {
        const auto time = drawn_time(planner, design.machine, dice, first, last);
        fused += time && last - first > 1 ? 1 : 0;
        if (!time || !until[first]) continue;
        const Ticks sum = *until[first] + *time;
        until[last] = until[last] ? std::min(*until[last], sum) : sum;
      }
    }
    if (!until.back()) return;
    ++paths;
    REQUIRE(answer.has_value());
    CHECK(answer->figures.latency <= *until.back());
  });
  CHECK(paths > 2);
  CHECK(fused > 20);
}

}  // namespace
}  // namespace fusescape::test_plans::optimal_draws_test
