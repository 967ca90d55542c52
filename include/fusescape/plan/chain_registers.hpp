// What do the values of chains take of the registers of their PEs, and what moves there instead of on chip?
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/support/units.hpp"
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

/// Bytes of each PE's registers that the values between a chain's operators take at their most crowded point.
[[nodiscard]] Bytes chain_registers(const Cascade& cascade, const std::vector<OpId>& chain);

}  // namespace fusescape
