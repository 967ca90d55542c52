// Does the simulation obey its laws, and agree with the closed form, for any cascade, plan and machine?
#include <catch2/catch.hpp>
#include <numeric>

#include "fusescape/plan/leaf_runs.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "random_variations.hpp"
#include "same_result.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::sim_test {
namespace {

constexpr std::uint32_t kCases = 6000;

SimResult run_of(const Cascade& cascade, const Plan& plan, const Layout& layout, const Accelerator& machine,
                 const SimOptions& options = {}) {
  auto run = simulate(cascade, plan, layout, machine, options);
  REQUIRE(run.has_value());
  return std::move(*run);
}

void check_traffic(const Cascade& cascade, const PlanProfile& closed, const SimResult& run) {
  for (std::uint32_t g = 0; g < closed.groups.size(); ++g) {
    CHECK(run.groups[g].dram_read == closed.groups[g].dram_read);
    CHECK(run.groups[g].dram_write == closed.groups[g].dram_write);
    for (const TensorTraffic& expected : closed.groups[g].tensors) {
      CAPTURE(cascade.tensor(expected.tensor).name);
      const auto found = std::find_if(run.traffic.begin(), run.traffic.end(), [&](const SimTraffic& traffic) {
        return traffic.group == g && traffic.tensor == expected.tensor;
      });
      REQUIRE(found != run.traffic.end());
      CHECK(found->read == expected.read);
      CHECK(found->written == expected.written);
    }
  }
}

TEST_CASE(
    "On one core the simulation moves what the closed form says, per tensor and group, and takes no less "
    "time") {
  const int legal =
      for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
        const Accelerator machine = random_machine(dice);
        const PlanProfile closed = profile(cascade, plan, layout, profile_options(machine));
        const SimResult run = run_of(cascade, plan, layout, machine);
        check_traffic(cascade, closed, run);
        CHECK(run.latency >= cost_on(closed, machine).total.latency);
      });
  CHECK(legal > static_cast<int>(kCases / 5));
}

TEST_CASE(
    "Nor less or other bytes where tensors are retained, slots are single, inputs come side by side, ranks "
    "lie on "
    "the array and kinds take unlike times") {
  int legal = 0;
  for_all(2 * kCases, [&](Dice& dice) {
    const Cascade cascade = random_cascade(dice);
    Plan plan = RandomPlan{dice, cascade}.run();
    vary_plan(dice, cascade, plan);
    vary_spatial(dice, cascade, plan);
    CAPTURE(text_of(cascade), text_of(cascade, plan));
    const auto layout = lay_out(cascade, plan);
    if (!layout) return;
    Accelerator machine = random_machine(dice);
    vary_machine(dice, machine);
    vary_efficiency(dice, machine);
    const PlanProfile closed = profile(cascade, plan, *layout, profile_options(machine));
    const SimResult run = run_of(cascade, plan, *layout, machine);
    check_traffic(cascade, closed, run);
    CHECK(run.latency >= cost_on(closed, machine).total.latency);
    ++legal;
  });
  CHECK(legal > static_cast<int>(kCases / 5));
}

TEST_CASE("A plan that just fits is simulated in the memory that the closed form says it needs") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    machine.model.double_buffering = dice.one_in(2);
    const Cost closed = cost_on(profile(cascade, plan, layout, profile_options(machine)), machine);
    machine.sram.capacity = closed.total.peak;
    const SimResult run = run_of(cascade, plan, layout, machine);
    CHECK(run.peak <= closed.total.peak);
    CHECK(run.latency >= closed.total.latency);
    machine.sram.capacity = closed.total.peak - Bytes{1};
    CHECK_FALSE(simulate(cascade, plan, layout, machine).has_value());
  });
}

/// The most memory that a simulation reports.
class MostMemory final : public SimObserver {
 public:
  void event(const SimEvent&) override {}
  void memory(const MemoryChange& change) override { most = std::max(most, change.total); }
  void skipped(Ticks, Ticks, std::int64_t) override {}

  Bytes most;
};

TEST_CASE("The memory that is reported over time is never more than the peak, nor that more than there is") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    const Bytes footprint =
        cost_on(profile(cascade, plan, layout, profile_options(machine)), machine).total.peak;
    machine.sram.capacity = footprint + Bytes{dice.in(0, footprint.value())};
    MostMemory heard;
    const SimOptions options{.prefetch = dice.one_in(2), .steady_state = false};
    const auto run = simulate(cascade, plan, layout, machine, options, &heard);
    REQUIRE(run.has_value());
    CHECK(heard.most <= run->peak);
    CHECK(run->peak <= machine.sram.capacity);
  });
}

/// A tile may have to wait for the loads and stores of its neighbours, and for its own: no port is idle, and
/// no core waits, but for one of these.
TEST_CASE("The simulation takes at most all compute, all loads and all stores after each other") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const Accelerator machine = random_machine(dice);
    const SimResult run = run_of(cascade, plan, layout, machine);
    Ticks sum;
    for (const SimResource& resource : run.resources) {
      const bool counts = resource.kind == SimResourceKind::kCore ||
                          resource.kind == SimResourceKind::kDramRead ||
                          resource.kind == SimResourceKind::kDramWrite;
      if (counts) sum += resource.busy + resource.stall[static_cast<std::size_t>(Stall::kOnChip)];
      const Ticks waits = std::accumulate(resource.stall.begin(), resource.stall.end(), Ticks{});
      CHECK(run.latency >= resource.busy + waits);
    }
    CHECK(run.latency <= sum);
    const Cost closed = cost_on(profile(cascade, plan, layout, profile_options(machine)), machine);
    const Ticks largest = std::max({closed.total.compute, closed.total.dram, closed.total.onchip});
    if (plan.node(kRoot).children.size() == 1) CHECK(run.latency - closed.total.latency <= sum - largest);
  });
}

/// A token of the state update with a PE per core: all but y make D x N elements, y adds as many products.
struct TokenTimes {
  std::int64_t op = 0;   ///< An operator, with its fill.
  std::int64_t hop = 0;  ///< D x N values from one core to another: their bytes, and the link's latency.
};

TEST_CASE(
    "A run on several cores takes at least its recurrence, and its critical path to there and from there") {
  int exact = 0;
  for_all(kCases, [&](Dice& dice) {
    const StateShape shape{.l = dice.in(1, 12), .d = dice.in(1, 4), .n = dice.in(1, 4)};
    const Cascade cascade = state_update(shape);
    const Plan plan = plan_of(cascade, "L:1{ dA exp dB dBx t h y }");
    Accelerator machine = accelerator();
    machine.cores.front().count = 7;
    machine.model.fill_cycles = Cycles{dice.in(0, 2)};
    machine.links.latency = Cycles{dice.in(0, 5)};
    machine.links.bandwidth = BitsPerCycle{32 * dice.in(0, 2)};
    machine.dram.bandwidth = BitsPerCycle{dice.one_in(2) ? 0 : 32 * dice.in(1, 8)};
    const SimOptions options{.core_of = random_placement(dice, cascade, plan, dice.in(1, 7))};
    const SimResult run = run_of(cascade, plan, lay_out(cascade, plan).value(), machine, options);

    const std::int64_t elements = shape.d * shape.n;
    const std::int64_t bits = machine.links.bandwidth.value;
    const TokenTimes times{.op = elements + machine.model.fill_cycles.value(),
                           .hop = (bits == 0 ? 0 : elements * 32 / bits) + machine.links.latency.value()};
    const auto hop = [&](const char* from, const char* to) {
      const auto core = [&](const char* name) {
        return options.core_of[index_of(*find_operator(cascade, name))];
      };
      return core(from) == core(to) ? 0 : times.hop;
    };
    // To the first t; t and h of each token, and the way back for the next one's t; from the last h.
    const std::int64_t to_t = 2 * times.op + hop("dA", "exp") + hop("exp", "t");
    const std::int64_t token = 2 * times.op + hop("t", "h");
    const std::int64_t from_h = hop("h", "y") + times.op;
    const std::int64_t least = to_t + shape.l * token + (shape.l - 1) * hop("h", "t") + from_h;
    CAPTURE(shape.l, shape.d, shape.n, times.op, times.hop, least, run.cycles.value());
    CHECK(run.cycles >= Cycles{least});
    exact += run.cycles == Cycles{least} ? 1 : 0;
  });
  CHECK(exact > 0);
}

TEST_CASE("What is skipped as periodic is what running every tile gives, on one core and on several") {
  std::int64_t skipped = 0;
  for_all(kCases / 2, [&](Dice& dice) {
    const Cascade cascade = lengthened(dice, random_cascade(dice));
    const Plan plan = RandomPlan{dice, cascade}.run();
    const auto layout = lay_out(cascade, plan);
    if (!layout) return;
    CAPTURE(text_of(cascade), text_of(cascade, plan));
    Accelerator machine = random_machine(dice);
    SimOptions options{.prefetch = dice.one_in(3), .prefetch_depth = dice.in(0, 4)};
    if (dice.one_in(2)) {
      machine.cores.front().count = 3;
      machine.links.latency = Cycles{dice.in(0, 5)};
      machine.links.bandwidth = BitsPerCycle{8 * dice.in(0, 4)};
      machine.links.topology = dice.one_in(2) ? Topology::kBus : Topology::kPairwise;
      options.core_of = random_placement(dice, cascade, plan, 3);
    }
    const SimResult fast = run_of(cascade, plan, *layout, machine, options);
    for (const SimResource& used : fast.resources)
      CHECK(fast.latency >= used.busy);  // Cores, ports and links.
    options.steady_state = false;
    check_same(fast, run_of(cascade, plan, *layout, machine, options));
    check_traffic(cascade, profile(cascade, plan, *layout, profile_options(machine)), fast);
    skipped += fast.skipped;
  });
  CHECK(skipped > 1000);
}

// Of several ways to use its memory a group on one core takes the shortest. On demand may be faster than with
// two slots: a second load can be in the way of the first tile's (tests/unit/equal_tiles_test.cpp has the
// smallest case).
TEST_CASE("How far ahead inputs are loaded changes no byte and no tile; on one core, farther is not slower") {
  int deep_faster = 0;
  int demand_slower = 0;
  int demand_faster = 0;
  for_legal_plans(kCases, [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    machine.sram.capacity =
        cost_on(profile(cascade, plan, layout, profile_options(machine)), machine).total.peak * dice.in(1, 3);
    const SimResult demand = run_of(cascade, plan, layout, machine, {.prefetch_depth = 0});
    const SimResult two = run_of(cascade, plan, layout, machine);
    const SimResult deep = run_of(cascade, plan, layout, machine, {.prefetch_depth = dice.in(2, 6)});
    for (const SimResult* run : {&demand, &deep}) {
      check_traffic(cascade, profile(cascade, plan, layout, profile_options(machine)), *run);
      for (std::size_t i = 0; i < two.tiles.size(); ++i) CHECK(run->tiles[i].runs == two.tiles[i].runs);
      CHECK(run->peak <= machine.sram.capacity);
    }
    if (demand.latency > two.latency) ++demand_slower;
    if (demand.latency < two.latency) ++demand_faster;
    CHECK(deep.latency <= two.latency);
    if (deep.latency < two.latency) ++deep_faster;
  });
  CHECK(deep_faster > 0);
  CHECK(demand_slower > 4 * demand_faster);
}

/// Tiles of the smallest class.
std::int64_t fewest_tiles(const PlanProfile& closed) {
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (const GroupProfile& group : closed.groups) {
    for (const TileClass& tiles : group.classes) fewest = std::min(fewest, tiles.count);
  }
  return fewest;
}

// The transfers that double buffers ask for at the same instant go inner ones first: the second tile's inputs
// come before what stays, and the first tile starts one load later than it could. So the difference is at
// most about one tile, which is 2% from 50 tiles on.
TEST_CASE("One run under one loop is within a tile of the closed form, which is 2% of 64 tiles") {
  int compared = 0;
  for_all(kCases, [&](Dice& dice) {
    const Cascade cascade = matmul(32 * dice.in(1, 40), dice.in(1, 8), dice.in(1, 8), DataType::kInt8);
    const Plan plan = plan_of(cascade, fmt::format("M:{}{{ Z }}", dice.in(1, 2)));
    const Accelerator machine = random_machine(dice);
    const PlanProfile closed = profile_of(cascade, plan, profile_options(machine));
    const std::int64_t fewest = fewest_tiles(closed);
    if (fewest < 32) return;
    CAPTURE(text_of(cascade), text_of(cascade, plan), fewest);
    const SimResult run = simulated(cascade, plan, machine);
    const auto simulated_ticks = static_cast<double>(run.latency.value());
    const auto closed_ticks = static_cast<double>(cost_on(closed, machine).total.latency.value());
    CHECK(simulated_ticks >= closed_ticks);
    CHECK(simulated_ticks <= (fewest >= 64 ? 1.02 : 1.0 + 1.0 / 32) * closed_ticks);
    ++compared;
  });
  CHECK(compared > 1000);
}

/// Cycles, to compare machines whose ticks differ.
double cycles_of(const SimResult& run) {
  return static_cast<double>(run.latency.value()) / static_cast<double>(run.scale.ticks_per_cycle());
}

TEST_CASE(
    "Loads for the next group never make a run slower, on one core or several, and move the same bytes") {
  int faster = 0;
  for_legal_plans(kCases / 2,
                  [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
                    Accelerator machine = random_machine(dice);
                    SimOptions options{.prefetch_depth = dice.in(0, 3)};
                    if (dice.one_in(3)) {
                      machine.cores.front().count = 2;
                      options.core_of = random_placement(dice, cascade, plan, 2);
                    }
                    const SimResult apart = run_of(cascade, plan, layout, machine, options);
                    options.prefetch = true;
                    const SimResult ahead = run_of(cascade, plan, layout, machine, options);
                    CHECK(ahead.latency <= apart.latency);
                    CHECK(ahead.dram_read == apart.dram_read);
                    CHECK(ahead.dram_write == apart.dram_write);
                    faster += ahead.latency < apart.latency ? 1 : 0;
                  });
  CHECK(faster > 100);
}

TEST_CASE("More DRAM bandwidth never makes a plan on one core slower") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    const double before = cycles_of(run_of(cascade, plan, layout, machine));
    machine.dram.bandwidth.value *= dice.in(2, 3);
    CHECK(cycles_of(run_of(cascade, plan, layout, machine)) <= before * (1.0 + 1e-12));
  });
}

// With room for all buffers side by side, loads for a later part of the group could come earlier, and one of
// them be in the way of a load that the next tile needs; then that room is left alone.
TEST_CASE("More memory never makes a plan on one core slower") {
  int several = 0;
  for_legal_plans(kCases, [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    machine.sram.capacity =
        cost_on(profile(cascade, plan, layout, profile_options(machine)), machine).total.peak;
    Ticks before = run_of(cascade, plan, layout, machine).latency;
    for (int step = 0; step < 3; ++step) {
      machine.sram.capacity = machine.sram.capacity * 2 + Bytes{dice.in(0, 64)};
      const Ticks after = run_of(cascade, plan, layout, machine).latency;
      CHECK(after <= before);
      if (after < before) ++several;
      before = after;
    }
  });
  CHECK(several > 10);  // Room that is used.
}

// No theorem, as the next test shows.
TEST_CASE("More DRAM bandwidth made no random plan on several cores slower") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Accelerator machine = random_machine(dice);
    machine.cores.front().count = 3;
    const SimOptions options{.core_of = random_placement(dice, cascade, plan, 3)};
    const double before = cycles_of(run_of(cascade, plan, layout, machine, options));
    machine.dram.bandwidth.value *= 2;
    CHECK(cycles_of(run_of(cascade, plan, layout, machine, options)) <= before * (1.0 + 1e-12));
  });
}

// Shrunk from the first that was found, among 35,000 random plans.
TEST_CASE("More DRAM bandwidth can make a plan on two cores slower, as of any list schedule") {
  CascadeBuilder make{"anomaly", DataType::kInt4};
  const RankId l = make.rank("L", Elements{3});
  const RankId m = make.rank("M", Elements{3});
  const RankId n = make.rank("N", Elements{2});
  const TensorId a = make.tensor("a", {m}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {l}, TensorKind::kInput);
  make.make("c", OpKind::kMatmul, {"c", {l}}, {make.at(a), make.at(b)});
  const TensorId decay = make.tensor("decay", {l, n}, TensorKind::kInput);
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l, n}, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", {l, n}}, {make.at(decay), make.earlier(h, l, 1)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(x)});
  const Cascade cascade = sound(make.finish());
  const Plan plan = plan_of(cascade, "N:1{ c L:1{ t h } }");
  Accelerator machine = accelerator();
  machine.cores.front().count = 2;
  machine.dram.ports = machine.sram.ports = Ports::kSeparate;
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{8};
  machine.model.fill_cycles = Cycles{2};
  const auto cycles_at = [&](std::int64_t bits) {
    machine.dram.bandwidth = BitsPerCycle{bits};
    return cycles_of(simulated(cascade, plan, machine, {.core_of = {1, 0, 0}}));
  };
  CHECK(cycles_at(64) > cycles_at(32));
}

}  // namespace
}  // namespace fusescape::test_plans::sim_test
