#include "fusescape/arch/accelerator.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {

std::int64_t OnChipMemory::bank_count() const {
  if (banks) return *banks;
  FUSESCAPE_EXPECTS(bank_capacity > Bytes{0});
  return std::max<std::int64_t>(1, capacity.value() / bank_capacity.value());
}

BitsPerCycle Dram::effective_bandwidth() const {
  if (bandwidth.unlimited()) return bandwidth;
  FUSESCAPE_EXPECTS(efficiency > 0.0 && efficiency <= 1.0);
  if (efficiency == 1.0) return bandwidth;  // Exact also beyond 2^53.
  const double bits = std::floor(static_cast<double>(bandwidth.value) * efficiency);
  return {std::max<std::int64_t>(1, static_cast<std::int64_t>(bits))};
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
