// Does no operator beat either roof, and no plan what an operator must move?
#include "fusescape/report/roofline.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/cost/compulsory.hpp"
#include "fusescape/search/assessment.hpp"
#include "loaded.hpp"

namespace fusescape::roofline_test {
namespace {

struct Case {
  const char* workload;
  std::vector<Setting> settings;
};

// Types of whole bytes: slabs of narrower ones are rounded up each.
std::vector<Case> cases() {
  return {{"mamba-130m", {{"L", "64", {}}}},
          {"mamba-130m", {{"L", "1", {}}, {"phase", "decode", {}}, {"B", "2", {}}}},
          {"mamba-130m", {{"L", "16", {}}, {"rewrite", "delta_x", {}}, {"dtype", "bf16", {}}}},
          {"mamba-2.8b-pact25", {{"L", "8", {}}}},
          {"falcon-mamba-7b", {{"L", "8", {}}}},
          {"opt-2.7b", {{"L", "32", {}}, {"S", "16", {}}, {"B", "2", {}}}},
          {"opt-2.7b", {{"phase", "decode", {}}, {"S", "100", {}}, {"dtype", "int8", {}}}},
          {"gated-linear-attention", {{"L", "16", {}}}}};
}

TEST_CASE("No operator attains more than either roof, and each stands under one of them") {
  for (const Case& c : cases()) {
    for (const char* arch : {"marca", "edge", "tpu-like"}) {
      CAPTURE(c.workload, arch);
      const Accelerator accelerator = value_of(load_accelerator(arch));
      const Roofline roofline = roofline_of(value_of(load_workload(c.workload, c.settings)), accelerator);
      for (const RooflinePoint& point : roofline.points) {
        CAPTURE(point.name);
        REQUIRE(point.attainable);
        const double sloped = *point.intensity * roofline.bandwidth;
        CHECK(*point.attainable <= *point.peak);
        CHECK(*point.attainable <= sloped);
        CHECK(*point.attainable == (point.compute_bound ? *point.peak : sloped));
        CHECK(*point.peak <= roofline.peak);
        // One-cycle operations turn compute-bound at the ridge.
        if (*point.peak == roofline.peak)
          CHECK(point.compute_bound == (*point.intensity >= roofline.ridge()));
      }
    }
  }
}

TEST_CASE("No unfused operator moves less than what is compulsory, and with room for all exactly that") {
  for (const Case& c : cases()) {
    CAPTURE(c.workload);
    const Workload workload = value_of(load_workload(c.workload, c.settings));
    Accelerator accelerator = value_of(load_accelerator("marca"));
    for (const bool roomy : {false, true}) {
      if (roomy) accelerator.sram.capacity = Bytes{std::int64_t{1} << 40};
      const auto found = assess(workload.block, design_of(accelerator), *find_strategy("unfused"));
      REQUIRE(found);
      const std::vector<NodeId>& groups = found->plan.node(kRoot).children;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const std::vector<OpId> ops = operators_below(found->plan, groups[g]);
        const GroupProfile& group = found->profile.groups[g];
        CompulsoryTraffic least;
        for (const OpId op : ops) {
          const CompulsoryTraffic traffic = compulsory_traffic(workload.block, op);
          least.read += traffic.read;
          least.written += traffic.written;
        }
        CAPTURE(workload.block.op(ops.front()).name, roomy);
        CHECK(group.dram_read >= least.read);
        CHECK(group.dram_write >= least.written);
        if (roomy && ops.size() == 1) {
          CHECK(group.dram_read == least.read);
          CHECK(group.dram_write == least.written);
        }
      }
    }
  }
}

}  // namespace
}  // namespace fusescape::roofline_test
