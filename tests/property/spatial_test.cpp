// Do ranks on one dimension of the array compose, so that only the last step along it may be ragged?
#include "fusescape/plan/spatial.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "fusescape/workload/families/opt.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans::spatial_test {
namespace {

/// The point of an iteration space that is `number`-th in row-major order.
std::vector<std::int64_t> point(const std::vector<std::int64_t>& extents, std::int64_t number) {
  std::vector<std::int64_t> at(extents.size());
  for (std::size_t i = extents.size(); i-- > 0;) {
    at[i] = number % extents[i];
    number /= extents[i];
  }
  return at;
}

/// Position along one dimension: its ranks as one row-major index.
std::int64_t along(const std::vector<RankId>& ranks, const std::vector<std::int64_t>& extents,
                   const std::vector<std::int64_t>& at) {
  std::int64_t position = 0;
  for (const RankId rank : ranks) position = position * extents[index_of(rank)] + at[index_of(rank)];
  return position;
}

TEST_CASE(
    "An operator takes one step for each place in time and filling of the array that some point needs") {
  for_all(600, [](Dice& dice) {
    CascadeBuilder make{"points", DataType::kFp32};
    std::vector<RankId> ranks;
    std::vector<std::int64_t> extents;
    for (const char* name : {"B", "L", "H", "P"}) {
      extents.push_back(dice.in(1, 5));
      ranks.push_back(make.rank(name, Elements{extents.back()}));
    }
    const TensorId x = make.tensor("x", ranks, TensorKind::kInput);
    make.make("copy", OpKind::kRelu, {"y", ranks}, {make.at(x)});
    const Cascade cascade = sound(make.finish());
    const Accelerator machine = accelerator(dice.in(1, 5), dice.in(1, 5));
    const std::int64_t rows = machine.cores.front().rows;
    const std::int64_t cols = machine.cores.front().cols;

    Plan plan = plan_of(cascade, "copy");
    SpatialMapping mapping;
    std::vector<RankId> in_time;
    const bool flat = dice.one_in(3);
    for (const RankId rank : ranks) {
      const std::int64_t where = dice.in(0, 2);
      (where == 0 ? in_time : flat ? mapping.flat : where == 1 ? mapping.rows : mapping.cols).push_back(rank);
    }
    plan.spatial = {mapping};

    std::set<std::vector<std::int64_t>> steps;
    const std::int64_t points = extents[0] * extents[1] * extents[2] * extents[3];
    for (std::int64_t number = 0; number < points; ++number) {
      const std::vector<std::int64_t> at = point(extents, number);
      steps.insert({along(in_time, extents, at), along(mapping.rows, extents, at) / rows,
                    along(mapping.cols, extents, at) / cols,
                    along(mapping.flat, extents, at) / (rows * cols)});
    }
    CHECK(cost_on(profile_of(cascade, plan), machine).compute ==
          Cycles{static_cast<std::int64_t>(steps.size())});
  });
}

/// Rows add up a contraction, columns hold its outputs, as in the shipped accelerators.
Accelerator contracting(std::int64_t rows, std::int64_t cols) {
  Accelerator machine = accelerator(rows, cols);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"reduction"}, .cols = {"output"}, .flat = {}});
  return machine;
}

std::vector<std::string> columns_of(const Cascade& cascade, const char* op) {
  const auto mappings = spatial_mappings(cascade, contracting(64, 128));
  std::vector<std::string> names;
  for (const RankId rank : mappings[index_of(find_operator(cascade, op).value())].cols) {
    names.push_back(cascade.rank(rank).name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("The columns of `output` hold its last rank and those before it that the same inputs have") {
  CheckedCascade checked = opt_block({.name = "opt",
                                      .n_layer = 1,
                                      .d_model = 2560,
                                      .d_ff = 10240,
                                      .n_head = 32,
                                      .vocab = 10,
                                      .positions = 7,
                                      .batch = 1,
                                      .tokens = 1024});
  REQUIRE(checked.problems.empty());
  const Cascade& cascade = checked.cascade;
  // q[b,l,h,p] = x[b,l,e] W[e,h,p]: the weights have heads and entries, and not the tokens.
  CHECK(columns_of(cascade, "q_proj") == Names{"H", "P"});
  CHECK(columns_of(cascade, "fc1") == Names{"F"});
  // context[b,l,h,p] = attention[b,h,l,m] V[b,m,h,p]: both inputs have the heads.
  CHECK(columns_of(cascade, "pv") == Names{"P"});
  // q_proj fills all PEs: 1024 x 2560 x 2560 / 8192 = 819,200 cycles, as ideal. 80 of 128 columns took
  // 1,310,720.
  const Accelerator machine = contracting(64, 128);
  Plan plan = plan_of(cascade, "q_proj");
  plan.spatial = spatial_mappings(cascade, machine);
  CHECK(cost_on(profile_of(cascade, plan), machine).compute == Cycles{819'200});
}

}  // namespace
}  // namespace fusescape::test_plans::spatial_test
