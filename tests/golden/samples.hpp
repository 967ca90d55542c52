// Reports made by hand, and the comparison of what is written of them with tests/golden/report. With UPDATE=1
// in the environment the files there are rewritten; read the difference before committing it.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
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
          .version = "0.0.0",
          .assumptions = {"L=4 D=8, prefill", "on-chip bandwidth unlimited"}};
}

/// Two layers of four tokens, and a head of 80 cycles, on 2 x 2 PEs at 1 GHz, 1.5 mm2 under a table that
/// prices no energy.
inline std::vector<MetricValue> figures(const Cost* cost) {
  Workload workload;
  workload.n_layer = 2;
  workload.tokens = Elements{4};
  Accelerator toy;
  toy.cores.push_back({.name = "pe", .rows = 2, .cols = 2, .spatial = {}});
  toy.sram.capacity = Bytes{1024};
  toy.dram.bandwidth = {64};
  Design design = make_design(toy).value();
  auto table = std::make_shared<Technology>();
  table->name = "toy-table";
  design.technology = table;
  design.area.total = SquareMm{1.5};
  workload.lm_head = Cascade{};
  HeadRun head{.cost = {}, .energy = {}};
  head.cost.latency = Cycles{80};
  const HeadOutcome once = head;
  return figures_of({.workload = workload, .design = design, .cost = cost, .energy = nullptr, .head = &once});
}

/// DRAM 2 pJ, of the rest nothing is known.
inline std::vector<EnergyPart> energy() {
  std::vector<EnergyPart> parts(kEnergyComponents.size(), {.pj = {}, .why = "toy-table has no price of it"});
  parts.front() = {.pj = 2.0, .why = {}};
  return parts;
}

inline Cost cost(std::int64_t latency = 160) {
  Cost made;
  made.latency = Cycles{latency};
  made.compute = Cycles{124};
  made.total.dram_read = Bytes{768};
  made.total.dram_write = Bytes{256};
  made.total.peak = Bytes{448};
  made.total.onchip_read = Bytes{2048};
  made.total.onchip_write = Bytes{512};
  made.total.ops = Ops{288};
  made.total.pe_cycles = Cycles{384};
  made.total.bound = Bound::kDram;
  return made;
}

inline Record loop_over(std::string rank, std::int64_t tile, std::int64_t trips, std::string op) {
  const std::vector<Record> children{{{"kind", "operator"}, {"op", std::move(op)}}};
  return {
      {"kind", "loop"}, {"rank", std::move(rank)}, {"tile", tile}, {"trips", trips}, {"children", children}};
}

/// Two blocks of 160 cycles and 1024 B, and a head.
inline WholeReport whole(std::int64_t latency = 160) {
  HeadRun head{.cost = {}, .energy = {}};
  head.cost.latency = Cycles{80};
  head.cost.compute = Cycles{16};
  head.cost.total.dram_read = Bytes{512};
  head.cost.total.peak = Bytes{96};
  head.cost.total.ops = Ops{64};
  head.cost.total.bound = Bound::kDram;
  return {.sums = {.latency = Cycles{2 * latency + 80},
                   .dram_read = Bytes{2 * 768 + 512},
                   .dram_write = Bytes{2 * 256},
                   .ops = Ops{2 * 288 + 64}},
          .energy_pj = {},
          .head = head};
}

/// A matmul whose weight of 256 B is fetched twice, and an exp that fetches what the matmul wrote.
inline EvaluationReport unfused() {
  GroupReport matmul{
      .name = "proj",
      .ops = {"proj"},
      .loops = loop_over("L", 2, 2, "proj"),
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
      .onchip_fill = Bytes{640},
      .onchip_drain = Bytes{128},
      .energy_pj = 2.0,
      .tensors = {{"x", Bytes{128}, Bytes{0}, BufferRole::kFetched, 32, Bytes{128}, Crossing::kBlockInput},
                  {"W", Bytes{512}, Bytes{0}, BufferRole::kFetched, 32, Bytes{256}, Crossing::kWeight},
                  {"y", Bytes{0}, Bytes{128}, BufferRole::kProduced, 32, Bytes{128}, Crossing::kOtherGroup}}};
  GroupReport exp{
      .name = "exp",
      .ops = {"exp"},
      .loops = loop_over("L", 1, 4, "exp"),
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
      .onchip_fill = Bytes{128},
      .onchip_drain = Bytes{128},
      .energy_pj = {},
      .tensors = {
          {"y", Bytes{128}, Bytes{0}, BufferRole::kFetched, 32, Bytes{128}, Crossing::kOtherGroup},
          {"z", Bytes{0}, Bytes{128}, BufferRole::kProduced, 32, Bytes{128}, Crossing::kBlockOutput}}};
  const Cost ran = cost();
  return {.subject = subject(),
          .figures = figures(&ran),
          .energy = energy(),
          .whole = whole(),
          .outcome = EvaluationOutcome{.cost = ran, .groups = {matmul, exp}, .energy = {}},
          .reason = {}};
}

inline EvaluationReport infeasible() {
  EvaluationReport report{
      .subject = subject(),
      .figures = figures(nullptr),
      .energy = std::vector<EnergyPart>(kEnergyComponents.size(), {.pj = {}, .why = "it does not run"}),
      .whole = unexpected{std::string{"it does not run"}},
      .outcome = {},
      .reason = "needs 2,048 B, sram.capacity is 1,024 B"};
  report.subject.strategy = "fuse-all";
  return report;
}

}  // namespace fusescape::golden
