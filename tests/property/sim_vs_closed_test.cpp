// How far above the closed form is the simulation? results/sim_vs_closed.csv, made again and compared.
//
// FUSESCAPE_UPDATE=1 in the environment writes the file instead; docs/model/latency.md says what it shows.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>

#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/leaf_runs.hpp"
#include "fusescape/plan/tile_classes.hpp"
#include "fusescape/plan/traffic.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "regenerated.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::sim_vs_closed_test {
namespace {

constexpr std::uint32_t kSeeds = 6000;
constexpr std::uint32_t kLongSeeds = 30'000;
constexpr std::int64_t kMany = 32;

/// What of a plan decides how tight the closed form is.
enum class PlanKind : unsigned char {
  kLongOneRun,
  kLongSeveralRuns,
  kShort,
  kOneRun,
  kSeveralRuns,
  kReturns
};
constexpr std::array<const char*, 6> kKindNames{
    "even, at least 32 tiles and visits in a row, one run in each group",
    "even, at least 64 tiles and 32 visits in a row, several runs",
    "even, fewer in a row",
    "other, one run in each group",
    "other, several runs",
    "something leaves and comes back"};

bool moves_something(const std::vector<Stream>& streams) {
  return std::any_of(streams.begin(), streams.end(), [](const Stream& s) { return s.total > Bytes{0}; });
}

/// Does it hold what its group spilled, or sums that were stored unfinished?
bool returns(const Cascade& cascade, const GroupLayout& group, const Buffer& buffer, const BufferFlow& flow) {
  const auto& own = group.operators;
  const auto& maker = cascade.producer[index_of(buffer.tensor)];
  const bool made_here = maker && std::find(own.begin(), own.end(), *maker) != own.end();
  if (buffer.role == BufferRole::kFetched) return made_here;
  return buffer.role != BufferRole::kCarried && moves_something(flow.loads);
}

/// Does its content, if it changes, do so at least `kMany` times, at every tile or at most at every
/// `kMany`th, by equal transfers, with two slots for them?
bool is_alike(const BufferFlow& flow, std::int64_t tiles) {
  const auto alike = [&](const Stream& s) {
    if (!s.moves) return true;
    const bool often = s.visits >= kMany && (s.visits == tiles || s.visits <= tiles / kMany);
    return flow.slots == 2 && often && s.total == s.first * s.visits;
  };
  return std::all_of(flow.loads.begin(), flow.loads.end(), alike) &&
         std::all_of(flow.stores.begin(), flow.stores.end(), alike);
}

/// Do all loops divide their ranks evenly, and none makes an operator do again what it has done?
bool is_regular(const Cascade& cascade, const Plan& plan, const GroupLayout& group) {
  const std::vector<OpId>& own = group.operators;
  return std::all_of(plan.nodes.begin(), plan.nodes.end(), [&](const Node& node) {
    const bool here =
        node.kind == NodeKind::kOperator && std::find(own.begin(), own.end(), node.op) != own.end();
    if (!here) return true;
    TileBounds bounds = whole_bounds(cascade);
    for (const PathLoop& loop : loops_above(plan, node.parent)) {
      std::int64_t& extent = bounds[index_of(loop.rank)].extent;
      if (loop.tile >= extent) continue;
      if (extent % loop.tile != 0 || !has_rank(cascade.op(node.op).ranks, loop.rank)) return false;
      extent = loop.tile;
    }
    return true;
  });
}

/// Of the run with the most.
std::int64_t tiles_of(const GroupProfile& group) {
  std::int64_t most = 0;
  for (const TileClass& tiles : group.classes) most = std::max(most, tiles.count);
  return most;
}

/// Has each run, whenever its turn comes, at least `kMany` tiles before another one runs; if several take
/// turns, for each end of a turn?
bool has_long_turns(const Cascade& cascade, const Plan& plan, const GroupLayout& group) {
  const std::vector<LeafRun> runs = leaf_runs(cascade, plan, group);
  return std::all_of(runs.begin(), runs.end(), [&](const LeafRun& run) {
    NodeId turns = run.parent;
    const auto alone = [&] {
      return std::count_if(runs.begin(), runs.end(),
                           [&](const LeafRun& other) { return is_above(plan, turns, other.parent); }) == 1;
    };
    while (turns != group.node && alone()) turns = plan.node(turns).parent;
    const std::int64_t tiles = iteration_count(cascade, loops_above(plan, run.parent)).value();
    return tiles >= kMany * (runs.size() > 1 ? 2 : 1) *
                        (alone() ? 1 : iteration_count(cascade, loops_above(plan, turns)).value());
  });
}

PlanKind kind_of(const Cascade& cascade, const Plan& plan, const Layout& layout, const PlanProfile& closed,
                 const ProfileOptions& options) {
  bool one_run = true;
  bool alike = options.count_second_slots;  // Else it is not known what is there at the start.
  bool long_turns = true;
  for (std::size_t g = 0; g < layout.groups.size(); ++g) {
    const GroupLayout& group = layout.groups[g];
    const std::int64_t tiles = tiles_of(closed.groups[g]);
    one_run = one_run && leaf_runs(cascade, plan, group).size() == 1;
    alike = alike && is_regular(cascade, plan, group);
    long_turns = long_turns && has_long_turns(cascade, plan, group);
    for (const Buffer& buffer : group.buffers) {
      const BufferFlow flow = flow_of({cascade, plan, group, options}, buffer);
      if (returns(cascade, group, buffer, flow)) return PlanKind::kReturns;
      alike = alike && is_alike(flow, tiles);
    }
  }
  if (alike && !long_turns) return PlanKind::kShort;
  if (alike) return one_run ? PlanKind::kLongOneRun : PlanKind::kLongSeveralRuns;
  return one_run ? PlanKind::kOneRun : PlanKind::kSeveralRuns;
}

using Ratios = std::array<std::vector<double>, kKindNames.size()>;

void add_plan(Dice& dice, const Cascade& cascade, const Plan& plan, Ratios& ratios) {
  const auto layout = lay_out(cascade, plan);
  if (!layout) return;
  const Accelerator machine = random_machine(dice);
  const ProfileOptions options = profile_options(machine);
  const PlanProfile closed = profile(cascade, plan, *layout, options);
  const auto run = simulate(cascade, plan, *layout, machine);
  REQUIRE(run.has_value());
  const double ratio = static_cast<double>(run->latency.value()) /
                       static_cast<double>(cost_on(closed, machine).total.latency.value());
  ratios[static_cast<std::size_t>(kind_of(cascade, plan, *layout, closed, options))].push_back(ratio);
}

/// With short tiles, mostly: many visits.
Plan finely_tiled(Dice& dice, const Cascade& cascade, Plan plan) {
  for (Node& node : plan.nodes) {
    if (node.kind != NodeKind::kLoop || dice.one_in(4)) continue;
    const std::int64_t eighth = cascade.extent(node.rank).value() / 8;
    node.tile = dice.in(1, dice.one_in(2) ? 2 : std::max<std::int64_t>(eighth, 1));
  }
  return plan;
}

std::string rows_of(const char* ranks, Ratios& ratios) {
  std::string rows;
  for (std::size_t kind = 0; kind < ratios.size(); ++kind) {
    std::vector<double>& sorted = ratios[kind];
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    const auto quantile = [&](std::size_t percent) { return sorted[(sorted.size() - 1) * percent / 100]; };
    rows += fmt::format("\"{}\",\"{}\",{},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f}\n", ranks, kKindNames[kind],
                        sorted.size(), quantile(0), quantile(50), quantile(90), quantile(99), quantile(100));
  }
  return rows;
}

TEST_CASE("results/sim_vs_closed.csv is what the two models say of random plans") {
  Ratios small;
  Ratios large;
  Ratios fine;
  Ratios turns;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice{seed};
    const Cascade cascade = random_cascade(dice);
    add_plan(dice, cascade, RandomPlan{dice, cascade}.run(), small);
    const Cascade longer = lengthened(dice, cascade);
    add_plan(dice, longer, RandomPlan{dice, longer}.run(), large);
  }
  for (std::uint32_t seed = 0; seed < kLongSeeds; ++seed) {
    Dice dice{seed};
    const Cascade cascade = lengthened(dice, random_cascade(dice), 80);
    const Plan plan = RandomPlan{dice, cascade}.run();
    add_plan(dice, cascade, finely_tiled(dice, cascade, plan), fine);
    add_plan(dice, cascade, taking_turns(dice, cascade), turns);
  }
  check_regenerated("sim_vs_closed.csv", "ranks,plans,count,min,median,q90,q99,max\n" +
                                             rows_of("1 to 7", small) + rows_of("1 to 40", large) +
                                             rows_of("1 to 80, finely tiled", fine) +
                                             rows_of("1 to 80, taking turns", turns));
  // Never below; and where tiles and transfers repeat often in a row, within 2%.
  for (const Ratios* ratios : {&small, &large, &fine, &turns}) {
    for (const std::vector<double>& kind : *ratios) CHECK((kind.empty() || kind.front() >= 1));
  }
  for (const Ratios* ratios : {&fine, &turns}) {
    const std::vector<double>& one_run = (*ratios)[static_cast<std::size_t>(PlanKind::kLongOneRun)];
    REQUIRE(one_run.size() > 200);
    CHECK(one_run.back() <= 1.02);
  }
  const std::vector<double>& several = turns[static_cast<std::size_t>(PlanKind::kLongSeveralRuns)];
  REQUIRE(several.size() > 20);
  CHECK(several.back() <= 1.02);
}

}  // namespace
}  // namespace fusescape::test_plans::sim_vs_closed_test
