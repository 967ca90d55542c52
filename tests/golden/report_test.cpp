// The exact bytes of every report format, for a report made by hand. With UPDATE=1 in the environment the
// files in tests/golden/report are rewritten; read the difference before committing it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "fusescape/report/comparison.hpp"
#include "fusescape/report/evaluation.hpp"

namespace fusescape {
namespace {

void check_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string{FUSESCAPE_SOURCE_DIR} + "/tests/golden/report/" + name;
  if (std::getenv("UPDATE") != nullptr) std::ofstream{path} << actual;
  std::ifstream in{path};
  std::ostringstream expected_text;
  expected_text << in.rdbuf();
  CAPTURE(path);
  CHECK(actual == expected_text.str());
}

Subject subject() {
  return {.workload = "two-operators",
          .arch = "toy",
          .technology = "toy-table",
          .strategy = "unfused",
          .phase = "prefill",
          .dtype = "fp32",
          .ranks = {{"L", 4}, {"D", 8}},
          .n_layer = 2,
          .params = 64,
          .tokens = 4,
          .pes = 4,
          .capacity = Bytes{1024},
          .clock = Hertz{1e9},
          .area_mm2 = 1.5,
          .version = "0.0.0",
          .assumptions = {"L=4 D=8, prefill", "on-chip bandwidth unlimited"}};
}

TreeReport loop_over(std::string rank, std::int64_t tile, std::int64_t trips, std::string op) {
  return {.kind = NodeKind::kLoop,
          .rank = std::move(rank),
          .tile = tile,
          .trips = trips,
          .op = {},
          .children = {{.kind = NodeKind::kOperator,
                        .rank = {},
                        .tile = 0,
                        .trips = 0,
                        .op = std::move(op),
                        .children = {}}}};
}

/// A matmul whose weight of 256 B is fetched twice, and an exp that fetches what the matmul wrote.
EvaluationReport unfused() {
  GroupReport matmul{
      .name = "proj",
      .ops = {"proj"},
      .tree = loop_over("L", 2, 2, "proj"),
      .latency = Cycles{100},
      .compute = Cycles{64},
      .dram = Cycles{98},
      .onchip = Cycles{10},
      .dram_read = Bytes{640},
      .dram_write = Bytes{128},
      .peak = Bytes{448},
      .bound = Bound::kDram,
      .operations = Ops{256},
      .utilization = 0.64,
      .tensors = {{"x", Bytes{128}, Bytes{0}, BufferRole::kFetched, 32, Bytes{128}, Movement::kBlockInput},
                  {"W", Bytes{512}, Bytes{0}, BufferRole::kFetched, 32, Bytes{256}, Movement::kWeight},
                  {"y", Bytes{0}, Bytes{128}, BufferRole::kProduced, 32, Bytes{128}, Movement::kOtherGroup}}};
  GroupReport exp{
      .name = "exp",
      .ops = {"exp"},
      .tree = loop_over("L", 1, 4, "exp"),
      .latency = Cycles{60},
      .compute = Cycles{60},
      .dram = Cycles{32},
      .onchip = Cycles{4},
      .dram_read = Bytes{128},
      .dram_write = Bytes{128},
      .peak = Bytes{64},
      .bound = Bound::kCompute,
      .operations = Ops{32},
      .utilization = 128.0 / 240.0,
      .tensors = {
          {"y", Bytes{128}, Bytes{0}, BufferRole::kFetched, 32, Bytes{128}, Movement::kOtherGroup},
          {"z", Bytes{0}, Bytes{128}, BufferRole::kProduced, 32, Bytes{128}, Movement::kBlockOutput}}};
  return {.subject = subject(),
          .outcome = EvaluationOutcome{.latency = Cycles{160},
                                       .compute = Cycles{124},
                                       .dram_read = Bytes{768},
                                       .dram_write = Bytes{256},
                                       .peak = Bytes{448},
                                       .onchip_read = Bytes{2048},
                                       .onchip_write = Bytes{512},
                                       .operations = Ops{288},
                                       .utilization = 384.0 / 640.0,
                                       .bound = Bound::kDram,
                                       .energy_pj = {},
                                       .power_w = {},
                                       .groups = {matmul, exp}},
          .reason = {}};
}

EvaluationReport infeasible() {
  EvaluationReport report{
      .subject = subject(), .outcome = {}, .reason = "needs 2,048 B, sram.capacity is 1,024 B"};
  report.subject.strategy = "fuse-all";
  return report;
}

TEST_CASE("A report's JSON, CSV and text keep their bytes") {
  check_golden("evaluation.json", evaluation_json(unfused()));
  check_golden("evaluation.csv", evaluation_csv(unfused()));
  check_golden("evaluation.txt", evaluation_text(unfused(), {}));
  check_golden("explanation.txt", explanation_text(unfused(), {}));
  check_golden("infeasible.json", evaluation_json(infeasible()));
}

TEST_CASE("A comparison keeps its bytes, and its reference is the first strategy that runs") {
  check_golden("comparison.csv", csv(comparison_table({infeasible(), unfused(), unfused()})));
  check_golden("comparison.txt", comparison_text({infeasible(), unfused()}, {}));
}

TEST_CASE("Whole-model numbers follow from cycles, clock, layers and tokens") {
  // 160 cycles at 1 GHz x 2 layers = 320 ns for 4 tokens: 80 ns a token, 12.5 million tokens a second.
  const auto value_of = [fields = fields_of(unfused())](const std::string& name) {
    for (const Field& field : fields) {
      if (field.name == name) return std::get<double>(field.value);
    }
    return -1.0;
  };
  CHECK(value_of("latency_ms") == Approx(320e-6));
  CHECK(value_of("ttft_ms") == Approx(320e-6));
  CHECK(value_of("latency_ms_per_token") == Approx(80e-6));
  CHECK(value_of("tokens_per_s") == Approx(12.5e6));
}

TEST_CASE("A feasible and an infeasible report have the same columns") {
  const std::string feasible_header = evaluation_csv(unfused());
  const std::string infeasible_header = evaluation_csv(infeasible());
  CHECK(feasible_header.substr(0, feasible_header.find('\n')) ==
        infeasible_header.substr(0, infeasible_header.find('\n')));
}

}  // namespace
}  // namespace fusescape
