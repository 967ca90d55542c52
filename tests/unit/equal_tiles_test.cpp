// Do equal tiles take what the formulas say, however far ahead their inputs are loaded?
#include <catch2/catch.hpp>
#include <deque>

#include "for_all.hpp"
#include "simulation.hpp"
#include "tile_cases.hpp"

namespace fusescape::test_plans::equal_tiles_test {
namespace {

std::int64_t cycles(const Tiles& tiles, int slots = 2, Ports ports = Ports::kShared, std::int64_t depth = 1) {
  const TileCase made = tile_case(tiles, slots, ports);
  SimOptions options{.prefetch_depth = depth};
  const SimResult run = simulated(made.cascade, made.plan, made.machine, options);
  options.steady_state = false;
  const SimResult unrolled = simulated(made.cascade, made.plan, made.machine, options);
  CHECK(run.latency == unrolled.latency);
  return run.cycles.value();
}

TEST_CASE("Simulated equal tiles take what the formulas give, with one slot or two, on one port or two") {
  for (const EqualTilesCase& one : equal_tiles_cases()) {
    CAPTURE(one.tiles.count, one.tiles.load, one.tiles.compute, one.tiles.store, one.slots,
            one.ports == Ports::kShared);
    CHECK(cycles(one.tiles, one.slots, one.ports) == one.cycles);
  }
}

/// The same rules in other words: cycle by cycle, one load, one computation and one store per tile.
class CycleByCycle {
 public:
  struct Slots {
    std::int64_t in = 2;
    std::int64_t out = 2;
  };
  CycleByCycle(const Tiles& tiles, Slots slots, Ports ports) : tiles_{tiles}, slots_{slots}, ports_{ports} {}

  std::int64_t run() {
    for (now_ = 0; stored_ < tiles_.count; ++now_) step();
    return now_ - 1;
  }

 private:
  struct Port {
    std::int64_t until = -1;  ///< -1: idle.
    bool storing = false;
  };

  void step() {
    if (core_until_ == now_) {
      core_until_ = -1;
      ++computed_;
      waiting_stores_.push_back(now_);
    }
    for (Port& port : port_) {
      if (port.until != now_) continue;
      port.until = -1;
      ++(port.storing ? stored_ : loaded_);
    }
    while (asked_ < std::min(tiles_.count, computed_ + slots_.in)) {
      waiting_loads_.push_back({now_, asked_ > computed_ + 1});
      ++asked_;
    }
    const bool place = begun_ - stored_ < slots_.out;
    if (core_until_ < 0 && begun_ < loaded_ && place) {
      core_until_ = now_ + tiles_.compute;
      ++begun_;
    }
    serve(port_[0], true, ports_ == Ports::kShared);
    if (ports_ == Ports::kSeparate) serve(port_[1], false, true);
  }

  void serve(Port& port, bool loads, bool stores) {
    if (port.until >= 0) return;
    const bool load = loads && !waiting_loads_.empty();
    const bool store = stores && !waiting_stores_.empty();
    if (!load && !store) return;
    port.storing = store && (!load || waiting_loads_.front().far ||
                             waiting_stores_.front() <= waiting_loads_.front().since);
    port.until = now_ + (port.storing ? tiles_.store : tiles_.load);
    if (port.storing) {
      waiting_stores_.pop_front();
    } else {
      waiting_loads_.pop_front();
    }
  }

  struct Load {
    std::int64_t since = 0;
    bool far = false;  ///< More than one tile ahead.
  };

  Tiles tiles_;
  Slots slots_;
  Ports ports_;
  std::int64_t now_ = 0;
  std::int64_t core_until_ = -1;
  std::int64_t asked_ = 0;
  std::int64_t loaded_ = 0;
  std::int64_t begun_ = 0;
  std::int64_t computed_ = 0;
  std::int64_t stored_ = 0;
  Port port_[2];
  std::deque<Load> waiting_loads_;
  std::deque<std::int64_t> waiting_stores_;
};

TEST_CASE("Random equal tiles take as long as another simulator says, which knows only cycles") {
  for_all(300, [](Dice& dice) {
    const Tiles tiles{dice.in(1, 40), dice.in(1, 12), dice.in(1, 12), dice.in(1, 12)};
    const int slots = static_cast<int>(dice.in(1, 2));
    const Ports ports = dice.one_in(2) ? Ports::kShared : Ports::kSeparate;
    CAPTURE(tiles.count, tiles.load, tiles.compute, tiles.store, slots, ports == Ports::kShared);
    CHECK(cycles(tiles, slots, ports) == CycleByCycle(tiles, {slots, slots}, ports).run());
    const std::int64_t depth = dice.in(0, 9);
    CAPTURE(depth);
    const std::int64_t at_depth = CycleByCycle(tiles, {depth + 1, 2}, ports).run();
    const std::int64_t with_two = CycleByCycle(tiles, {2, 2}, ports).run();
    CHECK(cycles(tiles, 2, ports, depth) == (depth > 1 ? std::min(at_depth, with_two) : at_depth));
  });
}

TEST_CASE("Loaded on demand over a shared port, equal tiles take n(r + c + w) as with one slot") {
  for (const Tiles& tiles : {Tiles{8, 4, 6, 4}, Tiles{64, 10, 9, 1}, Tiles{10, 1, 20, 2}}) {
    CHECK(cycles(tiles, 2, Ports::kShared, 0) == tiles.count * (tiles.load + tiles.compute + tiles.store));
  }
  // With a port of its own a store goes on beside the next load.
  CHECK(cycles({8, 4, 6, 4}, 2, Ports::kSeparate, 0) == 14 + 7 * (4 + 6));
}

TEST_CASE("On demand can be faster: a second load is not in the way of what the first tile needs") {
  // Two tiles of one cycle, 4 bytes of A and 20 of Z; all 80 of B before the first; a byte a cycle each way.
  const Cascade cascade = matmul(2, 20, 4, DataType::kInt8);
  Accelerator machine = accelerator(4, 20);
  machine.cores.front().spatial.push_back(
      {.kinds = {}, .operators = {}, .cores = {}, .rows = {"K"}, .cols = {"N"}, .flat = {}});
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kSeparate;
  Plan plan = plan_of(cascade, "M:1{ Z }");
  plan.spatial = spatial_mappings(cascade, machine);
  const auto cycles_at = [&](std::int64_t depth) {
    return simulated(cascade, plan, machine, {.prefetch_depth = depth}).cycles.value();
  };
  CHECK(cycles_at(1) == (4 + 4 + 80) + 1 + 20 + 20);
  CHECK(cycles_at(0) == (4 + 80) + 1 + 20 + 20);  // The second A comes beside the first store.
}

TEST_CASE("Inputs are loaded as far ahead as memory has places for") {
  // 64 tiles of 4 bytes of x and 4 of z, two places each: 16 bytes, and 4 for every further place of x.
  const TileCase made = tile_case({64, 4, 6, 4}, 2, Ports::kShared);
  const auto depth_in = [&](std::int64_t bytes, std::int64_t asked) {
    Accelerator machine = made.machine;
    machine.sram.capacity = Bytes{bytes};
    const SimResult run = simulated(made.cascade, made.plan, machine, {.prefetch_depth = asked});
    CHECK(run.peak <= Bytes{bytes});
    return run.groups.front().prefetch_depth;
  };
  CHECK(depth_in(16, 0) == 0);
  CHECK(depth_in(16, 1) == 1);
  CHECK(depth_in(16 + 3, 4) == 1);
  CHECK(depth_in(16 + 4, 4) == 2);
  CHECK(depth_in(16 + 11, 4) == 3);
  CHECK(depth_in(16 + 12, 4) == 4);
  CHECK(depth_in(1000, 4) == 4);
  // A store that waits goes before loads that far ahead: of the formula's 64 * 8 + 2 * 2, two are saved.
  CHECK(cycles({64, 4, 6, 4}, 2, Ports::kShared, 4) == 64 * 8 + 2);
}

}  // namespace
}  // namespace fusescape::test_plans::equal_tiles_test
