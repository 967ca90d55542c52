// Does the cost model obey its laws for any cascade, plan and machine?
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "fusescape/plan/windows.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::cost_test {
namespace {

constexpr std::uint32_t kCases = 4000;

Cost priced(const PlanProfile& profile, const Accelerator& on) {
  return cost_on(profile, on);
}

TEST_CASE("What comes from outside is read at least once, and outputs are written at least once") {
  const int legal =
      for_legal_plans(kCases, [](Dice&, const Cascade& cascade, const Plan& plan, const Layout& layout) {
        const PlanProfile made = profile(cascade, plan, layout, {});
        for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
          const Tensor& tensor = cascade.tensors[i];
          const TensorId id{static_cast<std::uint16_t>(i)};
          const Bytes whole = bytes_of(elements_of(cascade, id), bits_of(tensor.type));
          const Moved bytes = moved(cascade, made, tensor.name);
          if (tensor.kind == TensorKind::kOutput) CHECK(bytes.written >= whole.value());
          const bool plain = std::any_of(cascade.uses[i].begin(), cascade.uses[i].end(), [&](const Use& use) {
            return !is_shifted(cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
          });
          if (!cascade.producer[i] && plain) CHECK(bytes.read >= whole.value());
        }
      });
  CHECK(legal > static_cast<int>(kCases / 5));
}

TEST_CASE("Groups do as many operations as the cascade has unless a loop recomputes") {
  int exact = 0;
  for_legal_plans(kCases, [&](Dice&, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    bool recomputes = false;
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      if (plan.nodes[i].kind != NodeKind::kOperator) continue;
      for (const PathLoop& loop : loops_above(plan, NodeId{static_cast<std::uint16_t>(i)})) {
        const bool own = has_rank(cascade.op(plan.nodes[i].op).ranks, loop.rank);
        recomputes = recomputes || (!own && Elements{loop.tile} < cascade.extent(loop.rank));
      }
    }
    Ops ops;
    for (const GroupProfile& group : profile(cascade, plan, layout, {}).groups) ops += group.ops;
    CHECK(ops >= total_ops(cascade));
    if (!recomputes) {
      CHECK(ops == total_ops(cascade));
      ++exact;
    }
  });
  CHECK(exact > 50);
}

bool same_cost(const Cost& a, const Cost& b) {
  return a.latency == b.latency && a.compute == b.compute && a.total.dram_read == b.total.dram_read &&
         a.total.dram_write == b.total.dram_write && a.total.peak == b.total.peak &&
         a.total.onchip_read == b.total.onchip_read && a.total.onchip_write == b.total.onchip_write;
}

bool holds_halo(const Cascade& cascade, const Plan& plan, const Storage& storage) {
  const std::vector<OpId> readers = operators_below(plan, storage.node);
  return std::any_of(readers.begin(), readers.end(), [&](OpId op) {
    const std::vector<Access>& inputs = cascade.op(op).inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](const Access& access) {
      return access.tensor == storage.tensor && steps_along_window(plan, storage.node, access);
    });
  });
}

TEST_CASE("A tile of the full extent, or of more, costs the same as no loop") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    // The same tree with every loop of one trip made a sequence.
    Plan without = plan;
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      Node& node = without.nodes[i];
      if (node.kind != NodeKind::kLoop || Elements{node.tile} < cascade.extent(node.rank)) continue;
      node = {.kind = NodeKind::kSequence, .parent = node.parent, .children = node.children};
    }
    // Where no loop is left that steps along its window, a buffer has no halo to hold, and may not say so.
    for (Storage& storage : without.storages)
      storage.held = storage.held && holds_halo(cascade, without, storage);
    const Accelerator machine = random_machine(dice);
    const auto other = lay_out(cascade, without);
    REQUIRE(other.has_value());
    CHECK(same_cost(priced(profile(cascade, plan, layout, {}), machine),
                    priced(profile(cascade, without, *other, {}), machine)));
  });
}

/// Whether all of `ids` have both ranks or neither.
bool both_or_neither(const std::vector<RankId>& ranks, RankId a, RankId b) {
  return has_rank(ranks, a) == has_rank(ranks, b);
}

bool swappable(const Cascade& cascade, const Plan& plan, NodeId outer) {
  const Node& here = plan.node(outer);
  if (here.kind != NodeKind::kLoop || here.children.size() != 1) return false;
  const Node& inner = plan.node(here.children.front());
  if (inner.kind != NodeKind::kLoop || inner.rank == here.rank) return false;
  for (const Storage& storage : plan.storages) {
    if (storage.node == outer) return false;
  }
  for (const OpId id : operators_below(plan, outer)) {
    const Operator& op = cascade.op(id);
    if (!both_or_neither(op.ranks, here.rank, inner.rank)) return false;
    if (!both_or_neither(op.reduction_ranks, here.rank, inner.rank)) return false;
    if (!both_or_neither(cascade.tensor(op.output).ranks, here.rank, inner.rank)) return false;
    for (const Access& access : op.inputs) {
      std::vector<RankId> ranks;
      for (const Index& index : access.indices) ranks.push_back(index.rank);
      if (!both_or_neither(ranks, here.rank, inner.rank) || is_shifted(access)) return false;
    }
  }
  return true;
}

TEST_CASE("Swapping two adjacent loops that all below have both or neither of changes nothing") {
  int swapped = 0;
  for_legal_plans(kCases, [&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      const NodeId outer{static_cast<std::uint16_t>(i)};
      if (!swappable(cascade, plan, outer)) continue;
      Plan other = plan;
      Node& a = other.nodes[i];
      Node& b = other.nodes[index_of(a.children.front())];
      std::swap(a.rank, b.rank);
      std::swap(a.tile, b.tile);
      const auto other_layout = lay_out(cascade, other);
      REQUIRE(other_layout.has_value());
      const Accelerator machine = random_machine(dice);
      const Cost before = priced(profile(cascade, plan, layout, {}), machine);
      const Cost after = priced(profile(cascade, other, *other_layout, {}), machine);
      CHECK(before.total.dram_read == after.total.dram_read);
      CHECK(before.total.dram_write == after.total.dram_write);
      CHECK(before.total.peak == after.total.peak);
      CHECK(before.compute == after.compute);
      CHECK(before.latency == after.latency);
      ++swapped;
    }
  });
  CHECK(swapped > 20);
}

TEST_CASE("More bandwidth never makes a plan slower") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const PlanProfile made = profile(cascade, plan, layout, {});
    Accelerator machine = random_machine(dice);
    const Cycles before = priced(made, machine).latency;
    Accelerator wider = machine;
    wider.dram.bandwidth.value *= dice.in(1, 3);
    CHECK(priced(made, wider).latency <= before);
    wider.sram.bank_read.value *= dice.in(1, 3);
    wider.sram.bank_write = wider.sram.bank_read;
    CHECK(priced(made, wider).latency <= before);
    wider.dram.ports = Ports::kSeparate;
    wider.sram.ports = Ports::kSeparate;
    CHECK(priced(made, wider).latency <= before);
  });
}

TEST_CASE("A k-th of a rate is k times the cycles, to the tick, and more of a rate is never slower") {
  for_legal_plans(kCases / 4, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const PlanProfile made = profile(cascade, plan, layout, {});
    Accelerator machine = random_machine(dice);
    for (std::int64_t& cycles : machine.cores.front().cycles_per_op) cycles = dice.in(1, 5);
    const std::int64_t k = dice.in(2, 5);
    const auto at = [&](std::int64_t part, std::int64_t whole) {
      Accelerator slower = machine;
      slower.cores.front().efficiency.fill(Ratio::of(part, whole).value());
      return slower;
    };
    Accelerator longer = machine;
    for (std::int64_t& cycles : longer.cores.front().cycles_per_op) cycles *= k;
    const Cost slow = priced(made, at(1, k));
    const Cost same = priced(made, longer);
    CHECK(slow.total.latency == same.total.latency);
    CHECK(slow.total.compute_cycles == same.total.compute_cycles);
    CHECK(slow.total.pe_cycles == same.total.pe_cycles);
    const Accelerator some = at(dice.in(100, 100 * k), 100 * k);
    CHECK(priced(made, machine).total.latency <= priced(made, some).total.latency);
    CHECK(priced(made, some).total.latency <= slow.total.latency);
    const auto simulated_on = [&](const Accelerator& on) {
      return simulate(cascade, plan, layout, on).value().latency;
    };
    CHECK(simulated_on(at(1, k)) == simulated_on(longer));
    CHECK(simulated_on(some) >=
          cost_on(profile(cascade, plan, layout, profile_options(some)), some).total.latency);
  });
}

TEST_CASE("Latency is at least every resource's time, and at most all of it one after another") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const PlanProfile made = profile(cascade, plan, layout, {});
    Accelerator machine = random_machine(dice);
    const Machine resolved = make_machine(machine).value();
    std::vector<GroupCost> groups(made.groups.size());
    REQUIRE(evaluate(made, resolved, groups).has_value());
    for (const GroupCost& group : groups) {
      CHECK(group.latency >= group.compute);
      CHECK(group.latency >= group.dram);
      CHECK(group.latency >= group.onchip);
      const Ticks moves =
          Ticks{group.dram_read.value() + group.dram_write.value()} * resolved.dram_ticks_per_byte;
      CHECK(group.latency <= group.compute + group.onchip + moves);
    }
  });
}

TEST_CASE("A plan costs what its groups cost, each profiled and evaluated on its own") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const Accelerator on = random_machine(dice);
    const Machine machine = make_machine(on).value();
    std::vector<GroupCost> groups;
    for (const GroupLayout& group : layout.groups) {
      const GroupProfile alone = profile_group(cascade, plan, group, profile_options(on));
      groups.push_back(evaluate_group(alone, machine).value());
    }
    const Cost sum = total_cost(groups, machine).value();
    const Cost whole = priced(profile(cascade, plan, layout, profile_options(on)), on);
    CHECK(same_cost(sum, whole));
    CHECK(sum.total.latency == whole.total.latency);
    CHECK(sum.total.bound == whole.total.bound);
    CHECK(sum.total.ops == whole.total.ops);
    CHECK(sum.total.pe_cycles == whole.total.pe_cycles);
  });
}

/// With as many ticks per cycle as there may be, and ports as wide as before.
Machine finest(const Machine& machine) {
  Machine fine = machine;
  const std::int64_t before = fine.scale.ticks_per_cycle();
  while (fine.scale.include(BitsPerCycle{2 * fine.scale.ticks_per_cycle()})) continue;
  const std::int64_t finer = fine.scale.ticks_per_cycle() / before;
  fine.dram_ticks_per_byte *= finer;
  fine.sram_read_ticks_per_byte *= finer;
  fine.sram_write_ticks_per_byte *= finer;
  return fine;
}

// Groups of a few hundred operations then leave 64 bits of ticks, and are evaluated in wider numbers.
TEST_CASE("A finer time base changes no time, and no count") {
  for_legal_plans(kCases, [](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const Accelerator on = random_machine(dice);
    const Machine machine = make_machine(on).value();
    const Machine fine = finest(machine);
    const std::int64_t finer = fine.scale.ticks_per_cycle() / machine.scale.ticks_per_cycle();
    REQUIRE(finer > std::int64_t{1} << 20);
    for (const GroupProfile& group : profile(cascade, plan, layout, profile_options(on)).groups) {
      const GroupCost plain = evaluate_group(group, machine).value();
      const GroupCost wide = evaluate_group(group, fine).value();
      CHECK(wide.latency == plain.latency * finer);
      CHECK(wide.compute == plain.compute * finer);
      CHECK(wide.dram == plain.dram * finer);
      CHECK(wide.onchip == plain.onchip * finer);
      CHECK(wide.bound == plain.bound);
      CHECK(wide.onchip_read == plain.onchip_read);
      CHECK(wide.onchip_write == plain.onchip_write);
      CHECK(wide.compute_cycles == plain.compute_cycles);
      CHECK(wide.pe_cycles == plain.pe_cycles);
    }
  });
}

TEST_CASE("A granule of one byte is the least traffic, and a larger one that it divides never less") {
  for_legal_plans(kCases, [](Dice&, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    Bytes last;
    for (const std::int64_t granule : {1, 4, 64}) {
      ProfileOptions options;
      options.granule = Bytes{granule};
      Bytes bytes;
      for (const GroupProfile& group : profile(cascade, plan, layout, options).groups) {
        CHECK(group.dram_read.value() % granule == 0);
        bytes += group.dram_read + group.dram_write;
      }
      CHECK(bytes >= last);
      last = bytes;
    }
  });
}

TEST_CASE("Bytes and operations are affine in the number of tokens, to a thousand million and to the byte") {
  // Per token: Delta, x, y of D and B, C of N for each of D/640 slices; once: A, the state in and out. (One
  // token's B and C do not change from slice to slice.)
  constexpr std::int64_t kD = 5120;
  constexpr std::int64_t kN = 16;
  for (const std::int64_t tokens : {2LL, 64LL, 1'000'000LL, 1'000'000'000LL}) {
    CAPTURE(tokens);
    const Cascade cascade = state_update(
        {.l = tokens, .d = kD, .n = kN, .initial = Initial::kLoaded, .final_value = Final::kStored});
    const PlanProfile made = profile_of(cascade, "D:640{ L:1{ dA exp dB dBx t h y } }");
    const GroupProfile& group = made.groups.front();
    CHECK(group.dram_read.value() == 4 * (tokens * (2 * kD + 2 * kN * (kD / 640)) + 2 * kD * kN));
    CHECK(group.dram_write.value() == 4 * (tokens * kD + kD * kN));
    CHECK(group.ops.value() == 7 * tokens * kD * kN);
    CHECK(group.classes.size() == 1);
  }
}

TEST_CASE("Fusing two element-wise groups saves exactly the write and the read of what lies between them") {
  for_all(200, [](Dice& dice) {
    const Cascade cascade = state_update({.l = dice.in(1, 9), .d = dice.in(1, 9), .n = dice.in(1, 9)});
    const auto bytes = [&](const std::string& plan) {
      Bytes sum;
      for (const GroupProfile& group : profile_of(cascade, plan).groups)
        sum += group.dram_read + group.dram_write;
      return sum;
    };
    const auto tile = dice.in(1, 9);
    CAPTURE(text_of(cascade), tile);
    const std::string loop = fmt::format("L:{}{{ ", tile);
    const Bytes between = bytes_of(elements_of(cascade, *find_tensor(cascade, "dA")), 32);
    CHECK(bytes(loop + "dA } | " + loop + "exp }") - bytes(loop + "dA exp }") == between * 2);
  });
}

}  // namespace
}  // namespace fusescape::test_plans::cost_test
