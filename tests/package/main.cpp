// What does fusing the state update of Mamba-2.8B save on MARCA? Someone else's program, against an installed
// copy.
#include <fusescape/config/load.hpp>
#include <fusescape/search/assessment.hpp>
#include <fusescape/support/version.hpp>
#include <iostream>

int main() {
  using namespace fusescape;
  const Setting tokens{"L", "1024"};
  const auto marca = load_design("marca");
  const auto mamba = load_workload("mamba-2.8b", {&tokens, 1});
  if (!marca || !mamba) return std::cerr << (marca ? mamba.error().text : marca.error().text), 1;
  const Planner planner{mamba->block, marca->accelerator};
  std::cout << "fusescape " << kVersion << ", cycles per block\n";
  for (const char* name : {"unfused", "fuse-all"}) {
    const auto result = simulate_plan(planner, *marca, *find_strategy(name));
    if (!result) return std::cerr << describe(result.error()) << '\n', 1;
    std::cout << name << ' ' << result->closed.cost.latency.value() << ", simulated "
              << result->result.cycles.value() << '\n';
  }
}
