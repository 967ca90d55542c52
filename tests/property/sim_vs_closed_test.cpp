// How far above the closed form is the simulation? results/sim_vs_closed.csv, made again and compared.
//
// FUSESCAPE_UPDATE=1 in the environment writes the file instead; docs/model/latency.md says what it shows.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <limits>

#include "fusescape/plan/leaf_runs.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "regenerated.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans {
namespace {

constexpr std::uint32_t kSeeds = 6000;
constexpr std::int64_t kMany = 32;

/// What of a plan decides how tight the closed form is.
enum class PlanKind : unsigned char { kFewTiles, kManyTiles, kSeveralRuns, kSpilled };
constexpr std::array<const char*, 4> kKindNames{"one run, a class with fewer than 32 tiles",
                                                "one run, at least 32 tiles of each class",
                                                "several runs in a group", "spilled within a group"};

bool has_several_runs(const Cascade& cascade, const Plan& plan, const Layout& layout) {
  return std::any_of(layout.groups.begin(), layout.groups.end(),
                     [&](const GroupLayout& group) { return leaf_runs(cascade, plan, group).size() > 1; });
}

PlanKind kind_of(const Cascade& cascade, const Plan& plan, const Layout& layout, const PlanProfile& closed) {
  const auto spilled = [](const Storage& storage) { return storage.spilled; };
  const bool spills = std::any_of(plan.storages.begin(), plan.storages.end(), spilled);
  if (has_several_runs(cascade, plan, layout)) return spills ? PlanKind::kSpilled : PlanKind::kSeveralRuns;
  const bool many = std::all_of(closed.classes.begin(), closed.classes.end(),
                                [](const TileClass& tiles) { return tiles.count >= kMany; });
  return many ? PlanKind::kManyTiles : PlanKind::kFewTiles;
}

using Ratios = std::array<std::vector<double>, kKindNames.size()>;

void add_plan(Dice& dice, const Cascade& cascade, Ratios& ratios) {
  const Plan plan = RandomPlan{dice, cascade}.run();
  const auto layout = lay_out(cascade, plan);
  if (!layout) return;
  const Accelerator machine = random_machine(dice);
  const PlanProfile closed = profile(cascade, plan, *layout, profile_options(machine));
  const auto run = simulate(cascade, plan, *layout, machine);
  REQUIRE(run.has_value());
  const double ratio = static_cast<double>(run->latency.value()) /
                       static_cast<double>(cost_on(closed, machine).total.latency.value());
  ratios[static_cast<std::size_t>(kind_of(cascade, plan, *layout, closed))].push_back(ratio);
}

std::string rows_of(const char* ranks, Ratios& ratios) {
  std::string rows;
  for (std::size_t kind = 0; kind < ratios.size(); ++kind) {
    std::vector<double>& sorted = ratios[kind];
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    const auto quantile = [&](std::size_t percent) { return sorted[(sorted.size() - 1) * percent / 100]; };
    rows += fmt::format("{},\"{}\",{},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f}\n", ranks, kKindNames[kind],
                        sorted.size(), quantile(0), quantile(50), quantile(90), quantile(99), quantile(100));
  }
  return rows;
}

TEST_CASE("results/sim_vs_closed.csv is what the two models say of random plans") {
  Ratios small;
  Ratios large;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice{seed};
    const Cascade cascade = random_cascade(dice);
    add_plan(dice, cascade, small);
    add_plan(dice, lengthened(dice, cascade), large);
  }
  check_regenerated("sim_vs_closed.csv", "ranks,plans,count,min,median,q90,q99,max\n" +
                                             rows_of("1 to 7", small) + rows_of("1 to 40", large));
}

}  // namespace
}  // namespace fusescape::test_plans
