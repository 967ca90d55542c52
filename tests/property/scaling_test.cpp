// Does a scaled-down plan keep every tiling case of the plan it stands for?
#include "fusescape/check/scaling.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::scaling_test {
namespace {

/// What the trips of a rank's loops look like, told apart as a person would: how many whole tiles at each
/// level, whether the last one is ragged, whether a tile is one element.
using Cases = std::multiset<std::string>;

std::string case_of(std::int64_t extent, std::int64_t tile) {
  const std::int64_t whole = extent / std::min(tile, extent);
  const bool ragged = extent % std::min(tile, extent) != 0;
  return fmt::format("{}{}{}", whole > 2 ? "many" : std::to_string(whole), ragged ? " and a rest" : "",
                     tile == 1 ? " of one" : "");
}

/// Of each loop of the plan, in each extent that the loops above leave it.
Cases cases_of(const Cascade& cascade, const Plan& plan) {
  Cases cases;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].kind != NodeKind::kLoop) continue;
    std::set<std::int64_t> extents{cascade.extent(plan.nodes[i].rank).value()};
    for (const PathLoop& loop : loops_above(plan, NodeId{static_cast<std::uint16_t>(i)})) {
      if (loop.rank != plan.nodes[i].rank) continue;
      std::set<std::int64_t> inner;
      std::set<std::string> seen;
      for (const std::int64_t extent : extents) {
        seen.insert(case_of(extent, loop.tile));
        inner.insert(std::min(loop.tile, extent));
        if (extent % std::min(loop.tile, extent) != 0) inner.insert(extent % loop.tile);
      }
      for (const std::string& one : seen)
        cases.insert(fmt::format("loop {} node {}: {}", i, index_of(loop.node), one));
      extents = std::move(inner);
    }
  }
  return cases;
}

std::size_t buffers_of(const Cascade& cascade, const Plan& plan) {
  const auto layout = lay_out(cascade, plan);
  REQUIRE(layout.has_value());
  std::size_t buffers = 0;
  for (const GroupLayout& group : layout->groups) buffers += group.buffers.size();
  return buffers;
}

void check_scaling(const Cascade& cascade, const Plan& plan) {
  const ScaledCase scaled = scaled_down(cascade, plan);
  CHECK(cases_of(scaled.cascade, scaled.plan) == cases_of(cascade, plan));
  CHECK(buffers_of(scaled.cascade, scaled.plan) == buffers_of(cascade, plan));
  for (const ScaledRank& rank : scaled.ranks) {
    CHECK(rank.to < rank.from);
    CHECK(scaled.cascade.extent(rank.rank) == rank.to);
  }
  for (std::size_t i = 0; i < plan.retentions.size(); ++i) {
    const TensorId tensor = plan.retentions[i].tensor;
    const int bits = bits_of(cascade.tensor(tensor).type);
    const bool all = plan.retentions[i].bytes == bytes_of(elements_of(cascade, tensor), bits);
    const Bytes scaled_all = bytes_of(elements_of(scaled.cascade, tensor), bits);
    CHECK((scaled.plan.retentions[i].bytes == scaled_all) == all);
  }
}

TEST_CASE("Every strategy's plan on a large model is scaled to a small one of the same cases") {
  constexpr std::int64_t kFewEnough = 3'000'000;  // Operations that run in well under a second.
  for (const char* workload : {"mamba-130m", "mamba-2.8b-pact25", "opt-2.7b", "gated-linear-attention"}) {
    const auto loaded = load_workload(workload);
    REQUIRE(loaded.has_value());
    const auto machine = load_accelerator("marca");
    REQUIRE(machine.has_value());
    const Planner planner{loaded->block, *machine};
    for (const Strategy& strategy : strategies()) {
      const auto made = assess(planner, design_of(*machine), strategy);
      if (!made) continue;
      CAPTURE(workload, strategy.name);
      check_scaling(loaded->block, made->plan);
      CHECK(total_ops(scaled_down(loaded->block, made->plan).cascade).value() < kFewEnough);
    }
  }
}

TEST_CASE("Random plans on random large ranks are scaled to the same cases") {
  constexpr std::uint32_t kCases = 2000;
  int smaller = 0;
  for_all(kCases, [&](Dice& dice) {
    const Cascade large = lengthened(dice, random_cascade(dice), 200);
    const Plan plan = RandomPlan{dice, large}.run();
    if (!lay_out(large, plan)) return;
    CAPTURE(text_of(large), text_of(large, plan));
    check_scaling(large, plan);
    smaller += scaled_down(large, plan).ranks.empty() ? 0 : 1;
  });
  CHECK(smaller > static_cast<int>(kCases / 5));
}

TEST_CASE("Chunks stay whole, and what they leave the rest: L is C Q + T") {
  const std::vector<Setting> settings{{"form", "chunked"}, {"L", "4000"}, {"chunk", "256"}};
  const auto loaded = load_workload("mamba2-130m", settings);
  REQUIRE(loaded.has_value());
  const auto machine = load_accelerator("marca");
  REQUIRE(machine.has_value());
  for (const char* strategy : {"unfused", "fuse-all", "greedy"}) {
    CAPTURE(strategy);
    const auto made = assess(loaded->block, design_of(*machine), *find_strategy(strategy));
    REQUIRE(made.has_value());
    check_scaling(loaded->block, made->plan);
    const Cascade small = scaled_down(loaded->block, made->plan).cascade;
    const auto extent = [&](const char* name) { return small.extent(*find_rank(small, name)).value(); };
    CHECK(extent("L") == extent("C") * extent("Q") + extent("T"));
    CHECK(extent("M") == extent("Q"));
    CHECK(extent("U") == extent("T"));
    CHECK(extent("Q") < 256);
    CHECK(extent("C") > 2);
    CHECK(total_ops(small).value() < 3'000'000);
  }
}

TEST_CASE("Slices stay side by side: D2 is twice D and X is R and two N") {
  const auto loaded = load_workload("mamba-2.8b");
  REQUIRE(loaded.has_value());
  const auto machine = load_accelerator("marca");
  REQUIRE(machine.has_value());
  const auto made = assess(loaded->block, design_of(*machine), *find_strategy("fuse-all"));
  REQUIRE(made.has_value());
  const Cascade small = scaled_down(loaded->block, made->plan).cascade;
  const auto extent = [&](const char* name) { return small.extent(*find_rank(small, name)).value(); };
  CHECK(extent("D2") == 2 * extent("D"));
  CHECK(extent("X") == extent("R") + 2 * extent("N"));
  CHECK(extent("K") == 4);
  CHECK(extent("L") > 2 * extent("K") - 2);  // Windows that meet both ends of the tokens, and neither.
}

TEST_CASE("Small ranks stay as they are") {
  const Cascade cascade = matmul(4, 6, 5);
  const Plan plan = plan_of(cascade, "M:3{ N:2{ Z } }");
  const ScaledCase scaled = scaled_down(cascade, plan);
  CHECK(scaled.ranks.empty());
  CHECK(scaled.plan == plan);
}

TEST_CASE("Exact tiles stay exact and ragged ones ragged") {
  // M: 8 whole tiles; N: 17 tiles of 30 and a rest of 2; K: two tiles, the second shorter. The example of
  // docs/model/verification.md.
  const Cascade cascade = matmul(640, 512, 100);
  const ScaledCase scaled = scaled_down(cascade, plan_of(cascade, "M:80{ N:30{ K:64{ Z } } }"));
  const auto at = [&](std::size_t node) { return scaled.plan.nodes[node].tile; };
  const auto extent = [&](std::size_t rank) { return scaled.cascade.ranks[rank].extent.value(); };
  CHECK(extent(0) % at(2) == 0);
  CHECK(extent(0) / at(2) > 2);
  CHECK(extent(1) % at(3) != 0);
  CHECK(extent(1) / at(3) > 2);
  CHECK(extent(2) / at(4) == 1);
  CHECK(extent(2) % at(4) != 0);
  CHECK(std::vector{extent(0), extent(1), extent(2)} == std::vector<std::int64_t>{6, 11, 5});
  CHECK(std::vector{at(2), at(3), at(4)} == std::vector<std::int64_t>{2, 3, 3});
}

/// out[l] = sum over k of x[l-k] w[k].
Cascade convolution(std::int64_t tokens, std::int64_t taps) {
  CascadeBuilder make{"convolution", DataType::kFp32};
  const RankId l = make.rank("L", Elements{tokens});
  const RankId k = make.rank("K", Elements{taps});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  make.make("conv", OpKind::kConv, {"out", {l}}, {{x, {{.rank = l, .tap = k}}}, make.at(w)});
  return sound(make.finish());
}

TEST_CASE("Tiles shorter than a window stay shorter, longer ones longer") {
  const auto scaled_tile = [](std::int64_t tile) {
    const Cascade cascade = convolution(1000, 4);
    const ScaledCase scaled = scaled_down(cascade, plan_of(cascade, fmt::format("L:{}{{ conv }}", tile)));
    CHECK(scaled.cascade.extent(RankId{1}) == Elements{4});
    return scaled.plan.nodes[2].tile;
  };
  // The window reaches three tokens back.
  CHECK(scaled_tile(1) == 1);
  CHECK(scaled_tile(2) == 2);
  CHECK(scaled_tile(3) == 3);
  CHECK(scaled_tile(4) > 3);
  CHECK(scaled_tile(6) == 6);  // Twice as far.
  CHECK(scaled_tile(100) > 6);
}

}  // namespace
}  // namespace fusescape::test_plans::scaling_test
