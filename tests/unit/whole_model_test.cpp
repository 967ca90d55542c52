// What does a whole model take? n_layer blocks and then, once, final norm and head.
#include "fusescape/cost/whole_model.hpp"

#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/search/sweep.hpp"
#include "loaded.hpp"
#include "plans.hpp"

namespace fusescape::whole_model_test {
namespace {

Design marca(const std::vector<Setting>& settings = {}) {
  return value_of(load_design("marca", settings));
}

Workload workload(const char* name, const std::vector<Setting>& settings = {}) {
  return value_of(load_workload(name, settings));
}

/// Final norm and head on a design, each operator alone. Expects that they run there.
Assessment assessed_head(const Workload& model, const Design& design) {
  REQUIRE(model.lm_head);
  auto head = assess(*model.lm_head, design, *find_strategy("unfused"));
  if (!head) FAIL(describe(head.error()));
  return *std::move(head);
}

Bytes read_of(const Workload& model, const Assessment& head, const char* tensor) {
  Bytes read;
  for (const TensorTraffic& traffic : test_plans::traffic_of(head.profile)) {
    if (model.lm_head->tensor(traffic.tensor).name == tensor) read += traffic.read;
  }
  return read;
}

/// The sums of a model whose blocks run by `strategy`.
WholeModel whole_of(const Workload& model, const Design& design, const char* strategy) {
  const auto block = assess(model.block, design, *find_strategy(strategy));
  REQUIRE(block);
  const std::optional<HeadOutcome> head = head_of(model, design, WithEnergy::kNo);
  return whole_model(model, block->cost, head ? &*head : nullptr).value();
}

TEST_CASE("The head of mamba-130m alone takes 603,360 cycles of MARCA's DRAM a decoded token") {
  const Workload model = workload("mamba-130m", {{"phase", "decode", {}}});
  // 50280 padded words x 768 x 4 B through a port of 2048 bit = 256 B per cycle.
  constexpr Bytes kWeights = Bytes{50280} * 768 * 4;
  STATIC_REQUIRE(kWeights.value() / 256 == 603'360);
  STATIC_REQUIRE(kWeights.value() % 256 == 0);
  const Assessment head = assessed_head(model, marca());
  CHECK(read_of(model, head, "W_head") == kWeights);
  // Beside them lm_head reads 768 activations and writes 50280 logits: (3,072 + 201,120) / 256 = 797.6.
  const GroupCost& lm_head = head.groups.back();
  CHECK(marca().machine.scale.whole_cycles(lm_head.dram) == Cycles{603'360 + 798});
  CHECK(head.cost.latency >= Cycles{603'360});
  const Workload without = workload("mamba-130m", {{"phase", "decode", {}}, {"head", "false", {}}});
  CHECK(whole_of(model, marca(), "fuse-all").latency - whole_of(without, marca(), "fuse-all").latency ==
        head.cost.latency);
}

TEST_CASE("A whole model is n_layer blocks and the head, exactly, in cycles, bytes and operations") {
  struct Case {
    const char* model;
    std::vector<Setting> settings;
  };
  const std::vector<Case> cases{{"mamba-130m", {{"L", "5", {}}}},
                                {"mamba-130m", {{"phase", "decode", {}}, {"B", "3", {}}}},
                                {"falcon-mamba-7b", {{"phase", "decode", {}}}},
                                {"opt-2.7b", {{"L", "4", {}}}},
                                {"mamba-2.8b-pact25", {{"L", "2", {}}}}};
  for (const auto& [name, settings] : cases) {
    CAPTURE(name);
    const auto with_layers = [&, &from = settings, &of = name](const char* layers) {
      std::vector<Setting> all = from;
      all.push_back({"n_layer", layers, {}});
      return whole_of(workload(of, all), marca(), "unfused");
    };
    const Workload model = workload(name, settings);
    const auto block = assess(model.block, marca(), *find_strategy("unfused"));
    REQUIRE(block);
    const Cost& one = block->cost;
    const Cost head = model.lm_head ? assessed_head(model, marca()).cost : Cost{};
    for (const auto& [layers, n] : {std::pair{"1", 1}, std::pair{"7", 7}, std::pair{"1000", 1000}}) {
      const WholeModel whole = with_layers(layers);
      CHECK(whole.latency == n * one.latency + head.latency);
      CHECK(whole.dram_read == n * one.total.dram_read + head.total.dram_read);
      CHECK(whole.dram_write == n * one.total.dram_write + head.total.dram_write);
      CHECK(whole.ops == n * one.total.ops + head.total.ops);
    }
  }
}

TEST_CASE(
    "The head's weights are read once a step, whatever the batch, and a longer prompt changes nothing") {
  const auto moved = [](const std::vector<Setting>& settings) {
    const Workload model = workload("mamba-370m", settings);
    const Assessment head = assessed_head(model, marca());
    return std::pair{read_of(model, head, "W_head"), head.cost.total.dram_read + head.cost.total.dram_write};
  };
  constexpr Bytes kWeights = Bytes{50280} * 1024 * 4;
  for (const char* batch : {"1", "2", "16", "64"}) {
    CAPTURE(batch);
    CHECK(moved({{"phase", "decode", {}}, {"B", batch, {}}}).first == kWeights);
    CHECK(moved({{"L", "4096", {}}, {"B", batch, {}}}) == moved({{"L", "1", {}}, {"B", batch, {}}}));
    CHECK(moved({{"L", "64", {}}, {"B", batch, {}}}) == moved({{"phase", "decode", {}}, {"B", batch, {}}}));
  }
}

TEST_CASE(
    "A head that does not run leaves the figures of a block, and says why there are none of the model") {
  // 50280 logits and 768 activations are made on any SRAM, tile by tile; no core runs a square root here.
  const Design rootless = marca({{"cores.pe.cycles.sqrt", "0", {}}});
  Workload model = workload("mamba-130m", {{"L", "2", {}}});
  const std::optional<HeadOutcome> head = head_of(model, rootless, WithEnergy::kNo);
  REQUIRE(head);
  REQUIRE_FALSE(*head);
  const auto whole = whole_model(model, Cost{}, &*head);
  REQUIRE_FALSE(whole);
  CHECK(whole.error() ==
        "final norm and head: no core runs final_norm_sqrt (sqrt).\n"
        "Cores with cycles for these kinds would do (--set cores.NAME.cycles.KIND=...).");
}

TEST_CASE("A model whose counts do not fit 64 bits has none, also where those of a block do") {
  Workload model = workload("mamba-2.8b-pact25");
  model.n_layer = 1000;
  Cost block;
  block.latency = Cycles{std::int64_t{1} << 60};
  CHECK(whole_model(model, block, nullptr).error() == "the whole model's counts do not fit 64 bits");
}

TEST_CASE("A sweep's points have the head's cost of their own model and accelerator, under each strategy") {
  BoundSweep sweep;
  sweep.workloads = {workload("mamba-130m", {{"L", "1", {}}}), workload("mamba-130m", {{"L", "4", {}}}),
                     workload("mamba-370m", {{"L", "1", {}}}),
                     workload("mamba-2.8b-pact25", {{"L", "1", {}}})};
  sweep.designs = {marca(), marca({{"dram.bandwidth", "512 bit/cycle", {}}})};
  sweep.strategies = {find_strategy("unfused"), find_strategy("fuse-all")};
  for (std::uint32_t w = 0; w < 4; ++w) {
    for (std::uint32_t a = 0; a < 2; ++a) {
      for (std::uint32_t s = 0; s < 2; ++s) sweep.points.push_back({w, a, s});
    }
  }
  const std::vector<PointOutcome> outcomes = evaluate_points(sweep, sweep.points, {.jobs = 2});
  const auto head = [&](std::uint32_t w, std::uint32_t a, std::uint32_t s) {
    return outcomes[(w * 2 + a) * 2 + s].head;
  };
  const auto cost = [&](std::uint32_t w, std::uint32_t a, std::uint32_t s) {
    return head(w, a, s)->value().cost;
  };
  for (std::uint32_t a = 0; a < 2; ++a) {
    CHECK(head(3, a, 0) == nullptr);
    for (std::uint32_t w = 0; w < 3; ++w) {
      CAPTURE(w, a);
      REQUIRE(head(w, a, 0));
      const Cost alone = assessed_head(sweep.workloads[w], sweep.designs[a]).cost;
      for (std::uint32_t strategy = 0; strategy < 2; ++strategy) {
        CHECK(cost(w, a, strategy).latency == alone.latency);
        CHECK(cost(w, a, strategy).total.dram_read == alone.total.dram_read);
      }
    }
    CHECK(cost(0, a, 0).latency == cost(1, a, 0).latency);  // L makes no difference to it.
    CHECK(cost(0, a, 0).latency < cost(2, a, 0).latency);
  }
  CHECK(cost(0, 0, 0).latency < cost(0, 1, 0).latency);
}

}  // namespace
}  // namespace fusescape::whole_model_test
