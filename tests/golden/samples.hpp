// Reports made by hand, and the comparison of what is written of them with tests/golden/report. With UPDATE=1
// in the environment the files there are rewritten; read the difference before committing it.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "fusescape/report/evaluation.hpp"
#include "source_tree.hpp"

namespace fusescape::golden {

inline void check_golden(const std::string& name, const std::string& actual) {
  const std::string path = in_source_tree("tests/golden/report/" + name);
  if (std::getenv("UPDATE") != nullptr) std::ofstream{path} << actual;
  std::ifstream in{path};
  std::ostringstream expected_text;
  expected_text << in.rdbuf();
  CAPTURE(path);
  CHECK(actual == expected_text.str());
}

inline Subject subject() {
  return {.workload = "two-operators",
          .arch = "toy",
          .technology = "toy-table",
          .strategy = "unfused",
          .model = "closed",
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

inline TreeReport loop_over(std::string rank, std::int64_t tile, std::int64_t trips, std::string op) {
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

/// Two blocks of 160 cycles and 1024 B, and a head.
inline WholeReport whole() {
  return {.latency = Cycles{2 * 160 + 80},
          .dram = Bytes{2 * 1024 + 512},
          .energy_pj = {},
          .head = HeadReport{.latency = Cycles{80},
                             .compute = Cycles{16},
                             .dram = Bytes{512},
                             .peak = Bytes{96},
                             .bound = Bound::kDram}};
}

/// A matmul whose weight of 256 B is fetched twice, and an exp that fetches what the matmul wrote.
inline EvaluationReport unfused() {
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
                                       .groups = {matmul, exp},
                                       .whole = whole()},
          .reason = {}};
}

inline EvaluationReport infeasible() {
  EvaluationReport report{
      .subject = subject(), .outcome = {}, .reason = "needs 2,048 B, sram.capacity is 1,024 B"};
  report.subject.strategy = "fuse-all";
  return report;
}

}  // namespace fusescape::golden
