// Which machines do the property tests try? Small ones, whose every resource is now and then the slowest.
#pragma once

#include "random_plans.hpp"

namespace fusescape::test_plans {

inline Accelerator random_machine(Dice& dice) {
  Accelerator machine = accelerator(dice.in(1, 4), dice.in(1, 4));
  machine.dram.bandwidth = BitsPerCycle{8 * dice.in(1, 8)};
  machine.dram.ports = dice.one_in(2) ? Ports::kShared : Ports::kSeparate;
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{8 * dice.in(0, 8)};
  machine.sram.ports = dice.one_in(2) ? Ports::kShared : Ports::kSeparate;
  machine.model.fill_cycles = Cycles{dice.in(0, 2)};
  machine.model.count_second_slots = !dice.one_in(4);
  return machine;
}

/// Gives it one or two more kinds of cores; each kind of operator runs on one of them or on several.
inline void add_kinds_of_cores(Dice& dice, Accelerator& machine) {
  const std::int64_t kinds = dice.in(2, 3);
  while (static_cast<std::int64_t>(machine.cores.size()) < kinds) {
    Core core = machine.cores.front();
    core.rows = dice.in(1, 4);
    core.cols = dice.in(1, 4);
    machine.cores.push_back(core);
  }
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    const std::int64_t only = dice.in(0, kinds - 1);
    for (std::size_t core = 0; core < machine.cores.size(); ++core) {
      const bool runs = static_cast<std::int64_t>(core) == only || dice.one_in(4);
      machine.cores[core].cycles_per_op[kind] = runs ? dice.in(1, 5) : 0;
    }
  }
}

/// Each operator on one of so many cores; a chain on one.
inline std::vector<std::uint32_t> random_placement(Dice& dice, const Cascade& cascade, const Plan& plan,
                                                   std::int64_t cores) {
  std::vector<std::uint32_t> core_of;
  for (std::size_t op = 0; op < cascade.operators.size(); ++op)
    core_of.push_back(static_cast<std::uint32_t>(dice.in(0, cores - 1)));
  for (std::size_t n = 0; n < plan.nodes.size(); ++n) {
    if (plan.nodes[n].kind != NodeKind::kChain) continue;
    const std::vector<OpId> members = operators_below(plan, NodeId{static_cast<std::uint16_t>(n)});
    for (const OpId op : members) core_of[index_of(op)] = core_of[index_of(members.front())];
  }
  return core_of;
}

/// What most properties leave as it is: buffering, granules, unlike ports, kinds that take unlike times.
inline void vary_machine(Dice& dice, Accelerator& machine) {
  machine.model.double_buffering = dice.one_in(2);
  machine.model.in_place = dice.one_in(4);
  if (dice.one_in(4)) machine.dram.granule = Bytes{dice.one_in(2) ? 4 : 32};
  if (dice.one_in(4)) {
    machine.sram.ports = Ports::kSeparate;
    machine.sram.bank_write = BitsPerCycle{8 * dice.in(0, 8)};
  }
  if (dice.one_in(2)) return;
  for (std::int64_t& cycles : machine.cores.front().cycles_per_op) cycles = dice.in(1, 5);
}

/// What is attained of a rate, of some machines. Each tile is rounded to whole cycles, so that two small ones
/// may take less than one of their size: laws of searches, which drop tiles that do more, hold at the peak.
inline void vary_efficiency(Dice& dice, Accelerator& machine) {
  if (!dice.one_in(4)) return;
  for (Ratio& share : machine.cores.front().efficiency) share = Ratio::of(dice.in(1, 10), 10).value();
}

/// Ranks on rows and columns, where no recurrence runs along them, and inputs that load side by side.
inline void vary_spatial(Dice& dice, const Cascade& cascade, Plan& plan) {
  plan.spatial.resize(cascade.operators.size());
  const bool mapped = dice.one_in(2);
  for (std::size_t i = 0; i < plan.spatial.size(); ++i) {
    SpatialMapping& mapping = plan.spatial[i];
    if (dice.one_in(2)) mapping.operand_loads = OperandLoads::kConcurrent;
    const auto& recurrence = cascade.recurrence_of[i];
    for (const RankId rank : cascade.operators[i].ranks) {
      const bool sequential = recurrence && cascade.recurrences[*recurrence].rank == rank;
      if (!mapped || sequential) continue;
      const std::int64_t where = dice.in(0, 3);
      if (where == 1) mapping.rows.push_back(rank);
      if (where == 2) mapping.cols.push_back(rank);
    }
  }
}

}  // namespace fusescape::test_plans
