// Does a plan under managed memory move what it must, within its capacity, for any cascade, plan and machine?
#include <catch2/catch.hpp>
#include <map>

#include "fusescape/plan/spatial.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "same_result.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::managed_test {
namespace {

constexpr std::uint32_t kCases = 3000;

/// Calls `check(dice, cascade, plan, layout, machine)` for legal random plans.
template <class Check>
void for_managed_plans(const Check& check) {
  const int legal = for_legal_plans(
      kCases, [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
        Accelerator machine = random_machine(dice);
        machine.model.count_second_slots = dice.one_in(2);
        check(dice, cascade, plan, layout, machine);
      });
  CHECK(legal > static_cast<int>(kCases / 5));
}

SimOptions managed(Dice& dice, Keep keep) {
  return {.eviction = dice.one_in(2) ? Eviction::kLru : Eviction::kFurthestNextUse, .keep = keep};
}

using PerTensor = std::map<std::pair<std::uint32_t, TensorId>, SimTraffic>;

PerTensor by_tensor(const SimResult& run) {
  PerTensor found;
  for (const SimTraffic& one : run.traffic) {
    if (one.read + one.written + one.evicted + one.reloaded > Bytes{}) found[{one.group, one.tensor}] = one;
  }
  return found;
}

/// Some kinds of operators get a core of their own.
Accelerator with_two_cores(Dice& dice, Accelerator machine) {
  machine.model.count_second_slots = true;  // Or memory is hardly ever what a circle waits for.
  machine.cores.push_back(machine.cores.front());
  for (std::size_t kind = 0; kind < machine.cores.front().cycles_per_op.size(); ++kind)
    machine.cores[dice.one_in(2) ? 1 : 0].cycles_per_op[kind] = 0;
  return machine;
}

TEST_CASE("Where all groups fit and nothing is kept between them, eviction changes nothing") {
  for_managed_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        if (dice.one_in(2)) machine = with_two_cores(dice, machine);
        if (!hardware_violations(cascade, plan, machine).empty()) return;  // A chain on both.
        const auto roomy = simulate(cascade, plan, layout, machine);
        REQUIRE(roomy.has_value());
        if (dice.one_in(2))
          machine.sram.capacity = Bytes{dice.in(roomy->peak.value() / 2, roomy->peak.value() + 3)};
        SimOptions options{.prefetch_depth = dice.in(0, 3), .steady_state = dice.one_in(2)};
        const auto free = simulate(cascade, plan, layout, machine, options);
        options.eviction = managed(dice, Keep::kNone).eviction;
        const auto run = simulate(cascade, plan, layout, machine, options);
        if (!free && free.error().reason == SimFailure::Reason::kCapacity) return;  // A group does not fit.
        REQUIRE(run.has_value());
        REQUIRE(free.has_value());  // Cores that lock side by side take turns.
        check_same(*run, *free);
        CHECK(run->events == free->events);
        CHECK(run->cycles == free->cycles);
      });
}

TEST_CASE("A plan that does not fit moves what it moves if it fits, and what it spills on top") {
  int spilled = 0;
  for_managed_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        const auto free = simulate(cascade, plan, layout, machine);
        REQUIRE(free.has_value());
        machine.sram.capacity = Bytes{dice.in(0, free->peak.value())};
        CAPTURE(machine.sram.capacity.value());
        const auto run = simulate(cascade, plan, layout, machine, managed(dice, Keep::kNone));
        if (!run) {
          REQUIRE(run.error().reason == SimFailure::Reason::kCapacity);
          REQUIRE(run.error().needed > machine.sram.capacity);
          return;
        }
        REQUIRE(run->peak <= machine.sram.capacity);
        const PerTensor expected = by_tensor(*free);
        Bytes extra;
        Bytes sum;
        for (auto& [key, one] : by_tensor(*run)) {
          CAPTURE(cascade.tensor(key.second).name);
          const auto known = expected.find(key);
          const SimTraffic planned = known == expected.end() ? SimTraffic{} : known->second;
          CHECK(one.read == planned.read);
          CHECK(one.written <= planned.written);  // The last values of a state may have left before.
          CHECK(one.written + one.evicted >= planned.written);
          extra += one.reloaded + one.evicted;
          sum += one.read + one.written + one.reloaded + one.evicted;
          // What comes back was an input of the group, or has left it.
          if (planned.read == Bytes{})
            CHECK((one.reloaded == Bytes{} || one.evicted + one.written > Bytes{}));
        }
        CHECK(run->dram_read + run->dram_write == sum);
        spilled += extra > Bytes{} ? 1 : 0;
      });
  CHECK(spilled > 50);
}

TEST_CASE("Under managed memory no resource is busier than the run is long, and no port than a group is") {
  for_managed_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        const auto free = simulate(cascade, plan, layout, machine);
        REQUIRE(free.has_value());
        machine.sram.capacity = Bytes{dice.in(0, 2 * free->peak.value())};
        const auto run = simulate(cascade, plan, layout, machine, managed(dice, Keep::kAll));
        if (!run) return;
        REQUIRE(run->peak <= machine.sram.capacity);
        Ticks sum;
        for (const SimResource& used : run->resources) {
          CAPTURE(used.name);
          CHECK(used.busy <= run->latency);
          if (used.kind != SimResourceKind::kOnChipRead && used.kind != SimResourceKind::kOnChipWrite)
            sum += used.busy;
        }
        Ticks end;
        const Ticks ticks_per_byte{run->scale.ticks_per_byte(machine.dram.effective_bandwidth())};
        for (const SimGroup& group : run->groups) {
          CHECK(group.start >= end);
          end = group.end;
          const Bytes read = group.dram_read;
          const Bytes written = group.dram_write;
          const bool shared = machine.dram.ports == Ports::kShared;
          const Ticks port = ticks_per_byte * (shared ? read + written : std::max(read, written)).value();
          CHECK(port <= group.end - group.start);
        }
        CHECK(end == run->latency);
        Ticks running;
        for (const SimGroup& group : run->groups) running += group.compute;
        const SimResource& core = run->resources.front();
        CHECK(running == core.busy + core.stall[static_cast<std::size_t>(Stall::kOnChip)]);
      });
}

TEST_CASE("What is kept takes room and no bank") {
  // a stays on chip while e, which has nothing to do with it, is made: 64 bytes in and out, one a cycle.
  CascadeBuilder make{"beside", DataType::kInt8};
  const RankId l = make.rank("L", Elements{64});
  const TensorId a =
      make.make("a", OpKind::kExp, {"a", {l}}, {make.at(make.tensor("x", {l}, TensorKind::kInput))});
  const TensorId e = make.tensor("e", {l}, TensorKind::kOutput);
  make.make("e", OpKind::kExp, e, {make.at(make.tensor("y", {l}, TensorKind::kInput))});
  make.make("c", OpKind::kExp, {"c", {l}}, {make.at(a)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.sram.capacity = Bytes{240};
  machine.sram.banks.reset();
  machine.sram.bank_capacity = Bytes{16};
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{1};  // Of 15 banks, or of 11 beside a.
  const SimOptions options{.eviction = Eviction::kLru, .keep = Keep::kAll};
  const SimResult derived = simulated(cascade, plan_of(cascade, "a | e | c"), machine, options);
  machine.sram.banks = 15;
  check_same(derived, simulated(cascade, plan_of(cascade, "a | e | c"), machine, options));
  CHECK(derived.scale.whole_cycles(derived.groups[1].end - derived.groups[1].start) >= Cycles{128});
}

TEST_CASE("What is kept takes room beside a group whose cores take turns") {
  // a's 64 bytes stay on chip while e and f are made, each on a core of its own.
  CascadeBuilder make{"turns", DataType::kInt8};
  const RankId l = make.rank("L", Elements{64});
  const TensorId a =
      make.make("a", OpKind::kExp, {"a", {l}}, {make.at(make.tensor("x", {l}, TensorKind::kInput))});
  const TensorId e =
      make.make("e", OpKind::kExp, {"e", {l}}, {make.at(make.tensor("y", {l}, TensorKind::kInput))});
  make.make("f", OpKind::kAdd, make.tensor("f", {l}, TensorKind::kOutput), {make.at(e), make.at(e)});
  make.make("c", OpKind::kExp, {"c", {l}}, {make.at(a)});
  const Cascade cascade = sound(make.finish());
  Accelerator machine = accelerator();
  machine.sram.capacity = Bytes{240};
  machine.cores.push_back(machine.cores.front());
  machine.cores.front().cycles_per_op[static_cast<std::size_t>(OpKind::kAdd)] = 0;
  machine.cores.back().cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 0;
  const Plan plan = plan_of(cascade, "a | L:8{ e f } | c");
  SimOptions options{.side_by_side = false, .eviction = Eviction::kLru, .keep = Keep::kAll};
  const SimResult kept = simulated(cascade, plan, machine, options);
  options.keep = Keep::kNone;
  const SimResult alone = simulated(cascade, plan, machine, options);
  CHECK(kept.dram_read == alone.dram_read - Bytes{64});
  CHECK(kept.groups[1].peak == alone.groups[1].peak + Bytes{64});
}

TEST_CASE("What stays between groups saves traffic, never more than was there to save") {
  std::int64_t saved = 0;
  for_managed_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        const auto free = simulate(cascade, plan, layout, machine);
        REQUIRE(free.has_value());
        machine.sram.capacity = free->peak + Bytes{dice.in(0, free->peak.value())};
        const SimOptions none = managed(dice, Keep::kNone);
        SimOptions all = none;
        all.keep = Keep::kAll;
        const auto apart = simulate(cascade, plan, layout, machine, none);
        const auto kept = simulate(cascade, plan, layout, machine, all);
        REQUIRE(apart.has_value());
        REQUIRE(kept.has_value());
        REQUIRE(kept->dram_read <= apart->dram_read);
        REQUIRE(kept->dram_write <= apart->dram_write);
        saved += (apart->dram_read - kept->dram_read).value();
      });
  CHECK(saved > 0);
}

/// Adds up what it hears.
class Listener final : public SimObserver {
 public:
  void event(const SimEvent& event) override {
    in_order_ = in_order_ && last_ <= event.end && event.start <= event.end && event.bytes >= Bytes{};
    last_ = event.end;
    if (event.kind == SimEventKind::kTile) ++tiles_;
    if (event.kind == SimEventKind::kLoad || event.kind == SimEventKind::kStore) moved_ += event.bytes;
  }
  void memory(const MemoryChange& change) override {
    most_ = std::max(most_, change.total);
    in_order_ = in_order_ && change.tensor_bytes <= change.total && change.tensor_bytes >= Bytes{};
  }
  void skipped(Ticks, Ticks, std::int64_t) override { skipped_ = true; }

  Ticks last_;
  Bytes most_;
  Bytes moved_;
  std::int64_t tiles_ = 0;
  bool in_order_ = true;
  bool skipped_ = false;
};

TEST_CASE(
    "An observer hears of every tile and byte, and where a group spills of no more memory than there is") {
  for_managed_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        const auto free = simulate(cascade, plan, layout, machine);
        REQUIRE(free.has_value());
        machine.sram.capacity = Bytes{dice.in(0, 2 * free->peak.value())};
        Listener heard;
        SimOptions options = managed(dice, Keep::kAll);
        options.steady_state = false;
        const auto run = simulate(cascade, plan, layout, machine, options, &heard);
        if (!run) return;
        std::int64_t tiles = 0;
        for (const SimTile& tile : run->tiles) tiles += tile.runs;
        CHECK(heard.in_order_);
        CHECK(!heard.skipped_);
        CHECK(heard.tiles_ == tiles);
        CHECK(heard.last_ <= run->latency);
        CHECK(heard.moved_ == run->dram_read + run->dram_write);
        // Of a group that fits, all slabs of a tile are heard of at once.
        const bool spills = std::any_of(run->traffic.begin(), run->traffic.end(), [](const SimTraffic& one) {
          return one.evicted + one.reloaded > Bytes{};
        });
        if (spills && layout.groups.size() == 1) CHECK(heard.most_ <= run->peak);
      });
}

auto moved_under_eviction(const Cascade& cascade, std::string_view plan) {
  const SimOptions options{.eviction = Eviction::kLru, .keep = Keep::kNone};
  return by_tensor(simulated(cascade, plan_of(cascade, plan), accelerator(), options));
}

TEST_CASE("A sum that a loop inside its buffer's node computes again is complete after the first time") {
  // z[N] = x[N], 3 elements of 4 bytes, made in tiles of 2, each of them twice.
  CascadeBuilder make{"twice", DataType::kFp32};
  const RankId n = make.rank("N", Elements{3});
  make.rank("R", Elements{2});
  const TensorId x = make.tensor("x", {n}, TensorKind::kInput);
  const TensorId z = make.make("z", OpKind::kExp, {"z", {n}}, {make.at(x)});
  const Cascade cascade = sound(make.finish());
  const auto moved = moved_under_eviction(cascade, "@z N:2{ R:1{ z } }");
  CHECK(moved.at({0, z}).written == Bytes{12});
}

TEST_CASE("A held window that starts again is loaded whole again") {
  // The first two outputs read x[-2] to x[1], the third needs x[2] besides: 4 and 1 elements of 4 bytes, for
  // each of M's two elements.
  CascadeBuilder make{"window", DataType::kFp32};
  const RankId l = make.rank("L", Elements{3});
  const RankId k = make.rank("K", Elements{3});
  const RankId m = make.rank("M", Elements{2});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  make.tensor(x).initial = Initial::kLoaded;
  const TensorId y = make.tensor("y", {m}, TensorKind::kInput);
  make.make("z", OpKind::kMatmul, {"z", {l}}, {{x, {{.rank = l, .tap = k}}}, make.at(y)});
  const Cascade cascade = sound(make.finish());
  const auto moved = moved_under_eviction(cascade, "M:1{ L:2{ @x^ z } }");
  CHECK(moved.at({0, x}).read == Bytes{4 * 2 * (4 + 1)});
}

TEST_CASE("Sums that are computed again leave and come back again, but are stored once") {
  // Z[L] = x[L] y[N] summed over N, 2 x 2 elements of 4 bytes. In each of two passes both sums leave after
  // the first N, 8 bytes, and come back for the second; after the first pass 8 bytes are stored.
  CascadeBuilder make{"again", DataType::kFp32};
  const RankId l = make.rank("L", Elements{2});
  const RankId n = make.rank("N", Elements{2});
  make.rank("R", Elements{2});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId y = make.tensor("y", {n}, TensorKind::kInput);
  const TensorId z = make.make("Z", OpKind::kMatmul, {"Z", {l}}, {make.at(x), make.at(y)});
  const Cascade cascade = sound(make.finish());
  const auto moved = moved_under_eviction(cascade, "R:1{ N:1{ L:1{ Z } } }");
  CHECK(moved.at({0, z}).read == Bytes{2 * 8});
  CHECK(moved.at({0, z}).written == Bytes{2 * 8 + 8});
}

TEST_CASE("A slab that is made in parts, each of them again and again, leaves once, complete") {
  CascadeBuilder make{"parts", DataType::kInt8};
  const RankId n = make.rank("N", Elements{4});
  make.rank("L", Elements{2});
  const TensorId x = make.tensor("x", {n}, TensorKind::kInput);
  const TensorId y = make.make("y", OpKind::kExp, {"y", {n}}, {make.at(x)});
  const Cascade cascade = sound(make.finish());
  const auto moved = moved_under_eviction(cascade, "{ @y N:3{ L:1{ y } } }");
  CHECK(moved.at({0, y}).written == Bytes{4});
}

TEST_CASE("However far ahead its loads may start, a plan moves the same bytes through the same memory") {
  int faster = 0;
  int slower = 0;
  for_managed_plans(
      [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout, Accelerator machine) {
        const auto free = simulate(cascade, plan, layout, machine);
        REQUIRE(free.has_value());
        machine.sram.capacity = Bytes{dice.in(0, 2 * free->peak.value())};
        SimOptions options = managed(dice, Keep::kAll);
        const auto near = simulate(cascade, plan, layout, machine, options);
        options.prefetch_depth = dice.pick<std::int64_t>({0, 2, 3, 1000});
        const auto far = simulate(cascade, plan, layout, machine, options);
        REQUIRE(near.has_value() == far.has_value());
        if (!near) return;
        CHECK(near->dram_read == far->dram_read);
        CHECK(near->dram_write == far->dram_write);
        CHECK(far->peak <= machine.sram.capacity);
        faster += options.prefetch_depth > 1 && far->latency < near->latency ? 1 : 0;
        slower += options.prefetch_depth == 0 && far->latency > near->latency ? 1 : 0;
      });
  CHECK(faster > 0);
  CHECK(slower > 50);
}

TEST_CASE("On demand a tile's load begins when the tile before has ended; else while it runs") {
  // Each of 3 tiles loads 4 bytes, runs 6 cycles and stores 4, a byte a cycle through separate ports.
  CascadeBuilder make{"demand", DataType::kFp32};
  const RankId n = make.rank("N", Elements{3});
  const TensorId x = make.tensor("x", {n}, TensorKind::kInput);
  make.make("y", OpKind::kExp, {"y", {n}}, {make.at(x)});
  const Cascade cascade = sound(make.finish());
  const Plan plan = plan_of(cascade, "N:1{ y }");
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{8};
  machine.dram.ports = Ports::kSeparate;
  machine.cores.front().cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 6;
  SimOptions options{.eviction = Eviction::kFurthestNextUse};
  CHECK(simulated(cascade, plan, machine, options).cycles == Cycles{4 + 3 * 6 + 4});
  options.prefetch_depth = 0;
  CHECK(simulated(cascade, plan, machine, options).cycles == Cycles{3 * (4 + 6) + 4});
}

}  // namespace
}  // namespace fusescape::test_plans::managed_test
