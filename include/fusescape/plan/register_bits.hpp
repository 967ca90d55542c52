// What do chains read from and write to the registers of their PEs instead of the on-chip memory?
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Of one operation of an operator in a chain: bits that it finds in its PE's registers, and bits that it
/// puts there for a later operator of the chain. 0 outside chains.
struct RegisterBits {
  std::int64_t read = 0;
  std::int64_t written = 0;
};
/// Indexed by OpId.
[[nodiscard]] std::vector<RegisterBits> register_bits(const Cascade& cascade, const Plan& plan);

}  // namespace fusescape
