// Which nests does the planner try for one operator, and which of them runs?
#include "fusescape/search/planner.hpp"

#include <catch2/catch.hpp>

#include "fusescape/check/verification.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans {
namespace {

const std::vector<Candidate>& candidates(const Planner& planner, std::string_view op) {
  return planner.candidates(*find_operator(planner.cascade(), op));
}

Bytes moved(const Candidate& candidate) {
  const GroupProfile& group = candidate.profile;
  return group.dram_read + group.dram_write;
}

/// As `L:16 D:4`.
std::string text_of(const Cascade& cascade, const Candidate& candidate) {
  std::string text;
  for (const LoopSpec& loop : candidate.loops) {
    text += (text.empty() ? "" : " ") + cascade.rank(loop.rank).name + ":" + std::to_string(loop.tile);
  }
  return text;
}

std::vector<std::string> texts_of(const Planner& planner, std::string_view op) {
  std::vector<std::string> texts;
  for (const Candidate& candidate : candidates(planner, op))
    texts.push_back(text_of(planner.cascade(), candidate));
  return texts;
}

/// Over 64 bytes of x: energy = sum over k of x[l-k] x[l-k], lags = sum over k and j of x[l-k] x[l-j],
/// conv = sum over k of x[l-k] w[k].
Cascade windows(std::int64_t taps = 4) {
  CascadeBuilder make{"windows", DataType::kInt8};
  const RankId l = make.rank("L", Elements{64});
  const RankId k = make.rank("K", Elements{taps});
  const RankId j = make.rank("J", Elements{taps});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  const Access window{x, {{.rank = l, .tap = k}}};
  const Access other{x, {{.rank = l, .tap = j}}};
  make.make("energy", OpKind::kConv, {"energy", {l}}, {window, window});
  make.make("lags", OpKind::kConv, {"lags", {l}}, {window, other});
  make.make("conv", OpKind::kConv, {"conv", {l}}, {window, make.at(w)});
  return sound(make.finish());
}

/// Nests that hold windows and move `bytes`.
std::vector<std::string> holding(const Planner& planner, std::string_view op, Bytes bytes) {
  std::vector<std::string> found;
  for (const Candidate& candidate : candidates(planner, op)) {
    if (candidate.holds_windows && moved(candidate) == bytes)
      found.push_back(text_of(planner.cascade(), candidate));
  }
  return found;
}

TEST_CASE("A window that is read twice is held like one that is read once") {
  const Cascade cascade = windows();
  const Planner planner{cascade, accelerator()};
  const std::vector<std::string> tiles{"L:1", "L:4", "L:16"};
  // Each of 64 elements once in and once out; w besides; x twice for its two windows.
  CHECK(holding(planner, "energy", Bytes{64 + 64}) == tiles);
  CHECK(holding(planner, "conv", Bytes{64 + 4 + 64}) == tiles);
  CHECK(holding(planner, "lags", Bytes{2 * 64 + 64}) == tiles);
}

TEST_CASE("Operators compute the same with windows held, also where they read two of one tensor") {
  const Cascade cascade = windows();
  const Accelerator machine = accelerator();
  const Planner planner{cascade, machine};
  for (std::size_t i = 0; i < 3; ++i) {
    Plan plan;
    plan.spatial = planner.spatial();
    for (const char* op : {"energy", "lags", "conv"}) {
      const Candidate& candidate = candidates(planner, op).at(i);
      CHECK(candidate.holds_windows);
      add_group(plan, cascade, candidate);
    }
    CHECK(faults(cascade, plan).empty());
    CHECK(verify(cascade, plan, machine).passed());
  }
}

TEST_CASE("A group names what it stores of a tensor once, however often it reads it") {
  const Cascade cascade = windows();
  Plan plan;
  const OpId op = *find_operator(cascade, "energy");
  const TensorId x = *find_tensor(cascade, "x");
  const RankId l = *find_rank(cascade, "L");
  add_group(plan, cascade, {.loops = {{l, 4}}, .operators = {op}, .spilled = {x}, .holds_windows = true});
  REQUIRE(plan.storages.size() == 1);
  CHECK(plan.storages.front().held);
  CHECK(plan.storages.front().spilled);
}

TEST_CASE("Windows are held only where loops step along one") {
  const Cascade with_halo = windows();
  const Cascade without = windows(1);
  const Planner planner{with_halo, accelerator()};
  CHECK(texts_of(planner, "conv") == std::vector<std::string>{"L:1", "L:4", "L:16", ""});
  for (const Candidate& candidate : candidates(planner, "conv"))
    CHECK(candidate.holds_windows == !candidate.loops.empty());
  const Planner planner_without{without, accelerator()};
  for (const Candidate& candidate : candidates(planner_without, "conv")) CHECK_FALSE(candidate.holds_windows);
}

/// a = exp(x) over these ranks, a byte each.
Cascade exponential(const std::vector<std::pair<std::string, std::int64_t>>& extents) {
  CascadeBuilder make{"exponential", DataType::kInt8};
  std::vector<RankId> ranks;
  for (const auto& [name, extent] : extents) ranks.push_back(make.rank(name, Elements{extent}));
  const TensorId x = make.tensor("x", ranks, TensorKind::kInput);
  make.make("exp", OpKind::kExp, {"a", ranks}, {make.at(x)});
  return sound(make.finish());
}

TEST_CASE("Each nest is tried once, and those that move the same bytes all stay, smallest first") {
  // All of it at once needs one slot, tiles two.
  const Cascade line = exponential({{"L", 7}});
  CHECK(texts_of({line, accelerator()}, "exp") == std::vector<std::string>{"L:1", "", "L:4"});
  // Cut in row-major order, and in slices of D around tiles of L.
  const Cascade plane = exponential({{"L", 4}, {"D", 3}});
  CHECK(texts_of({plane, accelerator()}, "exp") ==
        std::vector<std::string>{"L:1 D:1", "D:1 L:1", "L:1", "D:1", ""});
}

TEST_CASE("A time is about the least up to a sixteenth above it") {
  CHECK(about(Ticks{16 + 1}, Ticks{16}));
  CHECK_FALSE(about(Ticks{16 + 2}, Ticks{16}));
  CHECK(at_most_a_part_above(Ticks{128 + 1}, Ticks{128}, kPartForEvenTiles));
  CHECK_FALSE(at_most_a_part_above(Ticks{128 + 2}, Ticks{128}, kPartForEvenTiles));
}

/// Four elements at a time take two cycles, and a byte one cycle each way; room for two slots of four.
Accelerator four_at_a_time() {
  Accelerator machine = accelerator(1, 4);
  machine.cores.front().cycles_per_op.fill(2);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {}, .cols = {}, .flat = {"L", "D"}});
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kSeparate;
  machine.sram.capacity = Bytes{2 * (4 + 4)};
  return machine;
}

struct Times {
  std::int64_t closed = 0;
  std::int64_t simulated = 0;
  friend bool operator==(const Times&, const Times&) = default;
};

Times times_of(const Planner& planner, const Accelerator& machine, std::string_view loops) {
  for (const Candidate& candidate : candidates(planner, "exp")) {
    if (text_of(planner.cascade(), candidate) != loops) continue;
    Plan plan;
    plan.spatial = planner.spatial();
    add_group(plan, planner.cascade(), candidate);
    return {cost_on(candidate.profile, machine).latency.value(),
            simulated(planner.cascade(), plan, machine).cycles.value()};
  }
  return {};
}

std::string best(const Planner& planner, const Accelerator& machine) {
  const OpId op = *find_operator(planner.cascade(), "exp");
  const Candidate* found = planner.best(op, make_machine(machine).value());
  return found == nullptr ? "none" : text_of(planner.cascade(), *found);
}

TEST_CASE("Of tilings that take the same time one of equal tiles runs, not long and short ones in turn") {
  const Cascade cascade = exponential({{"L", 16}, {"D", 5}});
  const Accelerator machine = four_at_a_time();
  const Planner planner{cascade, machine};
  // 80 loads, then the last tile of four: 2 cycles and 4 stores. Only the simulation sees the order of tiles:
  // where they take turns, four elements are asked for when the four before are done, and come while the tile
  // of one runs and the core waits; then 2 cycles for them. At the end their 4 stores and that of the last
  // one.
  constexpr std::int64_t kHidden = 80 + 2 + 4;
  CHECK(times_of(planner, machine, "L:1 D:4") == Times{kHidden, 4 + 2 + 15 * (4 + 2) + 4 + 1});
  CHECK(times_of(planner, machine, "D:1 L:4") == Times{kHidden, kHidden});
  CHECK(best(planner, machine) == "D:1 L:4");
}

TEST_CASE("Long and short tiles in turn run where equal ones take much longer") {
  const Accelerator machine = four_at_a_time();
  // Slices of D are not tried here, so equal ones are of one element: 20 * 2 cycles. In turn 8 * 2, and 20
  // loads beside them.
  const Cascade cube = exponential({{"L", 4}, {"C", 1}, {"D", 5}});
  CHECK(best({cube, machine}, machine) == "L:1 D:4");
}

TEST_CASE("One short tile at the end of all is no reason for equal ones") {
  const Cascade cascade = exponential({{"L", 9}, {"D", 2}});
  Accelerator machine = four_at_a_time();
  machine.cores.front().cycles_per_op.fill(3);
  machine.dram.ports = Ports::kShared;
  machine.sram.capacity = Bytes{64};
  const Planner planner{cascade, machine};
  // 18 loads and 18 stores on one port, beside which either computes; L:4 holds less.
  CHECK(times_of(planner, machine, "L:4").closed == 18 + 18);
  CHECK(times_of(planner, machine, "D:1").closed == 18 + 18);
  CHECK(best(planner, machine) == "L:4");
}

TEST_CASE("Nothing is best where nothing fits") {
  const Cascade cascade = exponential({{"L", 5}});
  Accelerator machine = accelerator();
  const Planner planner{cascade, machine};
  const Bytes least = planner.least_footprint(*find_operator(cascade, "exp"));
  machine.sram.capacity = least;
  CHECK(best(planner, machine) == "L:1");
  machine.sram.capacity = least - Bytes{1};
  CHECK(best(planner, machine) == "none");
}

TEST_CASE("A planner serves machines of other sizes, and none that lays operators over hardware otherwise") {
  const Cascade cascade = exponential({{"L", 5}, {"D", 5}});
  const Accelerator machine = four_at_a_time();
  const Planner planner{cascade, machine};
  Accelerator other = machine;
  other.cores.front().cols = 2;
  other.sram.capacity = Bytes{1};
  CHECK(planner.serves(other));
  other.cores.front().spatial.front().flat = {"D"};
  CHECK_FALSE(planner.serves(other));
}

}  // namespace
}  // namespace fusescape::test_plans
