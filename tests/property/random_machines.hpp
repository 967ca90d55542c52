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

}  // namespace fusescape::test_plans
