// Does the main job try all there is to try?
#include <catch2/catch.hpp>

#include "fusescape/search/strategy.hpp"
#include "loaded.hpp"

namespace fusescape::main_job_test {
namespace {

TEST_CASE("The main job tries every strategy there is, and leaves MARCA's open") {
  const std::string name = GENERATE("marca-iso-area", "marca-iso-area-pact25");
  const SweepSpec spec = value_of(bind_sweep_spec(value_of(find_input(Shelf::kSweeps, name))));
  const Axis& last = spec.axes.back();
  REQUIRE(last.name == "strategy");
  std::vector<std::string> tried;
  for (const AxisValue& value : last.values) tried.push_back(value.label);
  std::vector<std::string> known;
  for (const Strategy& strategy : strategies()) {
    if (!strategy.reads_entropy)
      known.emplace_back(strategy.name);  // Made-up entropies are no design choice.
  }
  CHECK(tried == known);
  CHECK(open_axes(spec, spec.baselines.front()) == std::vector<std::size_t>{spec.axes.size() - 1});
}

}  // namespace
}  // namespace fusescape::main_job_test
