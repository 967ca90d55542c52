// Does the shipped explicit cascade, a gated linear attention, cost what its formulas say?
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/roles.hpp"
#include "loaded.hpp"

namespace fusescape::gla_test {
namespace {

Workload gla_with(const std::vector<std::pair<std::string, std::string>>& keys) {
  std::vector<Setting> settings;
  for (const auto& [key, value] : keys) settings.push_back({key, value, {}});
  return value_of(load_workload("gated-linear-attention", settings));
}

TEST_CASE("The gated linear attention's weights are those of its projections") {
  // E = 2048, H*K = 1024, H*V = 2048, R = 16: g_in 2048; q and k 2 * 2048*1024; v, r and o 3 * 2048*2048;
  // gate 2048*16 + 16*1024 + 1024; g_out 512.
  CHECK(weight_elements(gla_with({}).block) ==
        Elements{2048 + 2 * 2048 * 1024 + 3 * 2048 * 2048 + 2048 * 16 + 16 * 1024 + 1024 + 512});
}

TEST_CASE("The gated linear attention's state costs four operations per entry and token") {
  // outer, decay, update and read: H*K*V each = 4 * 256 * 512. The rest is per token, whatever V a key meets.
  const auto ops = [](const char* width) { return total_ops(gla_with({{"L", "8"}, {"K", width}}).block); };
  // Per key entry: q, k E each; the gate R; softplus, temperature, exp 1 each; state 4 V. Times H = 4 and L
  // = 8.
  CHECK(ops("257") - ops("256") == Ops{8 * 4 * (2 * 2048 + 16 + 3 + 4 * 512)});
  const Cascade block = gla_with({}).block;
  REQUIRE(block.recurrences.size() == 1);
  CHECK(block.recurrences[0].operators ==
        std::vector<OpId>{*find_operator(block, "decay"), *find_operator(block, "update")});
  CHECK(block.recurrences[0].min_distance == 1);
}

TEST_CASE(
    "The gated linear attention evaluates unfused on every shipped accelerator that has its operators") {
  // Its state is in fp32; two of the accelerators have PEs of 16 bits.
  const Workload gla = gla_with({{"L", "64"}, {"B", "2"}});
  const std::vector<Setting> wide{{"pe_type", "fp32", {}}};
  for (const char* name : {"marca", "edge", "tpu-like"}) {
    CAPTURE(name);
    const auto found =
        assess(gla.block, design_of(value_of(load_accelerator(name, wide))), *find_strategy("unfused"));
    if (!found) FAIL(describe(found.error()));
    CHECK(found->cost.total.ops == total_ops(gla.block));
  }
}

TEST_CASE("A gated linear attention's roles are its gate, its outer product, its recurrence and its read") {
  const Cascade block = gla_with({}).block;
  const std::vector<StateUpdate> updates = state_updates(block);
  REQUIRE(updates.size() == 1);
  const auto ids = [&](const std::vector<const char*>& names) {
    std::vector<OpId> found;
    for (const char* name : names) found.push_back(*find_operator(block, name));
    return found;
  };
  const StateUpdate& update = updates.front();
  CHECK(update.decay == ids({"gk_softplus", "gk_temperature", "gk_exp"}));
  CHECK(update.input == ids({"outer"}));
  CHECK(update.recurrence == ids({"decay", "update"}));
  CHECK(update.readers == ids({"read"}));
  CHECK(update.entries == std::vector{*find_rank(block, "K")});
  CHECK(update.channels == std::vector{*find_rank(block, "V")});
  CHECK(update.lanes == std::vector{*find_rank(block, "B"), *find_rank(block, "H")});
}

TEST_CASE("Every strategy runs a gated linear attention") {
  const Cascade block = gla_with({{"L", "4"}}).block;
  const Accelerator marca = value_of(load_accelerator("marca"));
  const Planner planner{block, marca};
  for (const Strategy& strategy : strategies()) {
    CAPTURE(strategy.name);
    const auto found = assess(planner, design_of(marca), strategy);
    if (!found) FAIL(describe(found.error()));
    // Slices of V make the gates, which lack it, again.
    const bool sliced = strategy.name.substr(0, 9) == "mem-aware";
    CHECK((found->cost.total.ops == total_ops(block) || sliced));
  }
}

TEST_CASE("What fuses the operators around a recurrence refuses attention, which has none, in one line") {
  const Workload opt = value_of(load_workload("opt-2.7b", {}));
  const Accelerator marca = value_of(load_accelerator("marca"));
  const Planner planner{opt.block, marca};
  for (const char* name : {"fuse-all", "pact-a", "mem-aware", "mem-aware-chain"}) {
    const auto refused = assess(planner, design_of(marca), *find_strategy(name));
    REQUIRE_FALSE(refused);
    CHECK(describe(refused.error()) == std::string{"opt-2.7b has no recurrence: "} + name + " needs one");
  }
}

}  // namespace
}  // namespace fusescape::gla_test
