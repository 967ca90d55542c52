// Does `optimal` reach what hand-made plans and a template search reach on MARCA's silicon?
#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"
#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/optimal.hpp"
#include "loaded.hpp"

namespace fusescape::optimal_cases_test {
namespace {

Cycles optimal_latency(const Accelerator& accelerator, const Workload& workload) {
  const Machine machine = make_machine(accelerator).value();
  const Planner planner{workload.block, accelerator};
  const auto answer = optimal_answer(planner, machine);
  if (!answer) FAIL(answer.error().message);
  return machine.scale.whole_cycles(answer->figures.latency);
}

Workload mamba(const char* tokens) {
  return value_of(load_workload("mamba-2.8b", std::vector<Setting>{{"L", tokens, {}}}));
}

TEST_CASE("At 64 tokens the block on MARCA takes as long as its compulsory bytes take the port") {
  const Accelerator marca = value_of(load_accelerator("marca"));
  const Workload block = mamba("64");
  const Cycles limit = physical_limit(block.block, marca)->latency;
  CHECK(limit == Cycles{651'080});  // 166,676,480 B at 256 B a cycle.
  CHECK(optimal_latency(marca, block) == limit);
}

TEST_CASE("At 64 tokens the block on MARCA is no slower simulated than in a hand-made plan") {
  // Whole bodies over all tokens, D2:128 and D:128, as fast in the closed form: 654,416 cycles simulated.
  const Design marca = make_design(value_of(load_accelerator("marca"))).value();
  const Workload block = mamba("64");
  const Planner planner{block.block, marca.accelerator};
  const auto found = simulate_plan(planner, marca, *find_strategy(kOptimalName));
  if (!found) FAIL(describe(found.error()));
  CHECK(found->result.cycles <= Cycles{654'416});
}

TEST_CASE("At 1,024 tokens the block on MARCA takes no longer than in the best plan of a template search") {
  // L:128 around whole bodies, out_proj and residual in a group of their own: 5,443,993 cycles, closed form.
  CHECK(optimal_latency(value_of(load_accelerator("marca")), mamba("1024")) <= Cycles{5'443'993});
}

TEST_CASE("Optimal plans in nearly full memory with banked ports: simulated within 2%, and never below") {
  // A projection's weights come while other operators of their turn have the core; both are in the main job.
  const std::vector<Setting> banked{{"memory_fraction", "0.35", {}},
                                    {"sram.bank_capacity", "64 KiB", {}},
                                    {"sram.bank_read", "32 B/cycle", {}},
                                    {"sram.bank_write", "32 B/cycle", {}}};
  const Design design = make_design(value_of(load_accelerator("marca-split", banked))).value();
  for (const char* const state : {"16", "64"}) {
    const Workload block = value_of(
        load_workload("mamba-2.8b", std::vector<Setting>{{"L", "1024", {}}, {"d_state", state, {}}}));
    const Planner planner{block.block, design.accelerator};
    const auto found = simulate_plan(planner, design, *find_strategy(kOptimalName));
    if (!found) FAIL(describe(found.error()));
    const Cycles closed = design.machine.scale.whole_cycles(found->closed.cost.total.latency);
    CAPTURE(state, closed.value(), found->result.cycles.value());
    CHECK(found->result.cycles >= closed);
    CHECK(found->result.cycles * 100 <= closed * 102);
    if (state == std::string_view{"16"}) CHECK(closed <= Cycles{2'237'355});  // A search with other tiles.
  }
}

TEST_CASE("A transformer layer comes within 1% of the bound of the class") {
  const Accelerator marca = value_of(load_accelerator("marca"));
  const Workload layer = value_of(load_workload("opt-2.7b", {}));
  const Machine machine = make_machine(marca).value();
  const Planner planner{layer.block, marca};
  const auto answer = optimal_answer(planner, machine);
  REQUIRE(answer.has_value());
  const OptimalBound bound = optimal_bound(planner, machine, {}, *answer);
  CHECK(answer->figures.latency * 100 <= bound.figures.latency * 101);
}

}  // namespace
}  // namespace fusescape::optimal_cases_test
