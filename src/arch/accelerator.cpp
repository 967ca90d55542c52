#include "fusescape/arch/accelerator.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {

std::int64_t OnChipMemory::bank_count() const {
  if (banks) return *banks;
  FUSESCAPE_EXPECTS(bank_capacity > Bytes{0});
  return std::max<std::int64_t>(1, capacity.value() / bank_capacity.value());
}

BitsPerCycle Dram::effective_bandwidth() const {
  if (bandwidth.unlimited()) return bandwidth;
  FUSESCAPE_EXPECTS(efficiency > Ratio{0} && efficiency <= Ratio{1});
  const auto bits = floor_times(efficiency, bandwidth.value);
  FUSESCAPE_EXPECTS(bits && *bits >= 1);
  return {*bits};
}

std::int64_t Accelerator::pes() const {
  std::int64_t sum = 0;
  for (const Core& core : cores) sum += core.pes();
  return sum;
}

std::string core_name(const Accelerator& accelerator, std::size_t core) {
  const std::string& name = accelerator.cores[core].name;
  return name.empty() ? "core" + std::to_string(core) : name;
}

}  // namespace fusescape
