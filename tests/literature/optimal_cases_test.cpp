// Does `optimal` reach what hand-made plans and a template search reach on MARCA's silicon?
#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"
#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/search/optimal.hpp"
#include "loaded.hpp"

namespace fusescape {
namespace {

Cycles optimal_latency(const Accelerator& accelerator, const Workload& workload) {
  const Machine machine = make_machine(accelerator).value();
  const Planner planner{workload.block, accelerator};
  const auto answer = optimal_answer(planner, machine);
  if (!answer) FAIL(answer.error().message);
  return machine.scale.whole_cycles(answer->latency);
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

TEST_CASE("At 1,024 tokens the block on MARCA takes no longer than in the best plan of a template search") {
  // L:128 around whole bodies, out_proj and residual in a group of their own: 5,443,993 cycles, closed form.
  CHECK(optimal_latency(value_of(load_accelerator("marca")), mamba("1024")) <= Cycles{5'443'993});
}

TEST_CASE("A transformer layer comes within 1% of the bound of the class") {
  const Accelerator marca = value_of(load_accelerator("marca"));
  const Workload layer = value_of(load_workload("opt-2.7b", {}));
  const Machine machine = make_machine(marca).value();
  const Planner planner{layer.block, marca};
  const auto answer = optimal_answer(planner, machine);
  REQUIRE(answer.has_value());
  CHECK(answer->latency * 100 <= answer->bound * 101);
}

}  // namespace
}  // namespace fusescape
