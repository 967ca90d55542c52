#include "fusescape/search/constraint.hpp"

#include <catch2/catch.hpp>

namespace fusescape::constraint_test {
namespace {

using Relation = Constraint::Relation;

/// Of a design of 3.5 mm2 with 16 bytes of SRAM and unlimited DRAM, that runs nothing.
bool holds(const std::string& metric, Relation relation, const Ratio& limit) {
  Design design;
  design.area.total = SquareMm{3.5};
  design.accelerator.sram.capacity = Bytes{16};
  const Workload workload;
  const std::vector<Constraint> constraints{{.metric = metric, .relation = relation, .limit = limit}};
  return meet(constraints, {.workload = workload, .design = design});
}

TEST_CASE("Each relation of a constraint means what it says, at its limit too") {
  CHECK(holds("onchip_capacity_bytes", Relation::kAtMost, Ratio{16}));
  CHECK_FALSE(holds("onchip_capacity_bytes", Relation::kAtMost, Ratio{15}));
  CHECK(holds("onchip_capacity_bytes", Relation::kAtLeast, Ratio{16}));
  CHECK_FALSE(holds("onchip_capacity_bytes", Relation::kLess, Ratio{16}));
  CHECK_FALSE(holds("onchip_capacity_bytes", Relation::kMore, Ratio{16}));
  CHECK(holds("onchip_capacity_bytes", Relation::kLess, *Ratio::of(161, 10)));
  CHECK(holds("area_mm2", Relation::kAtMost, *Ratio::of(7, 2)));
  CHECK_FALSE(holds("area_mm2", Relation::kMore, *Ratio::of(7, 2)));
}

TEST_CASE("Unlimited is more than any limit, and what is not known keeps to none") {
  CHECK(holds("dram_bits_per_cycle", Relation::kMore, Ratio{1'000'000}));
  CHECK_FALSE(holds("dram_bits_per_cycle", Relation::kAtMost, Ratio{1'000'000}));
  for (const Relation relation : {Relation::kLess, Relation::kAtMost, Relation::kMore, Relation::kAtLeast}) {
    CHECK_FALSE(holds("latency_cycles", relation, Ratio{1}));
  }
}

TEST_CASE("All constraints have to hold, and none hold by themselves") {
  const Design design;
  const Workload workload;
  CHECK(meet({}, {.workload = workload, .design = design}));
}

}  // namespace
}  // namespace fusescape::constraint_test
