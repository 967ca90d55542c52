// Is the plan that a strategy builds what it says: legal, whole, within memory, and the same again?
#pragma once

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {

/// With little memory and narrow ports, so that what is chosen matters.
inline Accelerator planning_machine(Dice& dice) {
  Accelerator machine = accelerator(dice.in(1, 4), dice.in(1, 4));
  machine.cores.front().registers_per_pe = Bytes{64};
  machine.dram.bandwidth = BitsPerCycle{8 * dice.in(1, 8)};
  machine.dram.ports = dice.one_in(2) ? Ports::kShared : Ports::kSeparate;
  machine.dram.granule = Bytes{dice.one_in(4) ? 32 : 1};
  machine.sram.bank_read = machine.sram.bank_write = BitsPerCycle{8 * dice.in(0, 8)};
  machine.sram.capacity = Bytes{1 << dice.in(6, 16)};
  machine.model.double_buffering = dice.one_in(2);
  machine.model.count_second_slots = dice.one_in(2);
  machine.model.in_place = dice.one_in(2);
  machine.model.fill_cycles = Cycles{dice.in(0, 2)};
  return machine;
}

inline Bytes dram_traffic(const Cost& cost) {
  return cost.total.dram_read + cost.total.dram_write;
}

/// What the block itself must move, however it is run: weights, inputs and outputs once, loaded and stored
/// states.
inline Bytes least_traffic(const Cascade& cascade) {
  Bytes least;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const Tensor& tensor = cascade.tensors[i];
    const bool outside = !cascade.producer[i] && !cascade.uses[i].empty();
    if (!outside && tensor.kind != TensorKind::kOutput) continue;
    least += bytes_of(elements_of(cascade, TensorId{static_cast<std::uint16_t>(i)}), bits_of(tensor.type));
  }
  return least;
}

/// Fails where the plan of a strategy that was built for this accelerator is illegal, does not hold what it
/// says, or leaves out work; or does some again, unless it may: slices of channels that some operators of a
/// state update lack repeat these.
inline bool check_built(const Planner& planner, const Accelerator& machine, const Strategy& strategy,
                        bool may_repeat = false) {
  const Cascade& cascade = planner.cascade();
  const auto found = assess(planner, design_of(machine), strategy);
  if (!found) {
    CAPTURE(describe(found.error()));
    CHECK_FALSE(std::holds_alternative<IllegalPlan>(found.error()));
    CHECK_FALSE(describe(found.error()).empty());
    return false;
  }
  CHECK(lay_out(cascade, found->plan).has_value());
  CHECK((found->cost.total.ops == total_ops(cascade) ||
         (may_repeat && found->cost.total.ops > total_ops(cascade))));
  for (const GroupProfile& group : found->profile.groups)
    CHECK(group.peak + group.reserved <= machine.sram.capacity);
  CHECK(dram_traffic(found->cost) >= least_traffic(cascade));
  const auto again = assess(planner, design_of(machine), strategy);
  REQUIRE(again.has_value());
  CHECK(again->plan == found->plan);
  return true;
}

}  // namespace fusescape::test_plans
