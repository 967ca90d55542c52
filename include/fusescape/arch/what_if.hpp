// What would an accelerator be if one constant of its technology were larger or smaller?
//
// docs/model/sweep.md says what each constant stands for. To add one: a row in kConstants, and where it is
// scaled in src/arch/what_if.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/iso_area.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/support/ratio.hpp"

namespace fusescape {

enum class Constant : unsigned char {
  kSramDensity,
  kPeArea,
  kDramBandwidth,
  kOnchipBandwidth,
  kDramEnergy,
  kSramEnergy,
  kOperationEnergy,
  kWireEnergy,
};

struct ConstantFacts {
  Constant constant;
  std::string_view name;
  std::string_view meaning;
  bool is_energy = false;
};
inline constexpr std::array kConstants{
    ConstantFacts{Constant::kSramDensity, "sram_density", "SRAM in an area"},
    ConstantFacts{Constant::kPeArea, "pe_area", "Area of a PE"},
    ConstantFacts{Constant::kDramBandwidth, "dram_bandwidth", "Bits per cycle of DRAM"},
    ConstantFacts{Constant::kOnchipBandwidth, "onchip_bandwidth", "Bits per cycle of each bank"},
    ConstantFacts{Constant::kDramEnergy, "dram_energy", "Energy of a bit from or to DRAM", true},
    ConstantFacts{Constant::kSramEnergy, "sram_energy",
                  "Energy of a bit from or to the on-chip memory, and its leakage", true},
    ConstantFacts{Constant::kOperationEnergy, "operation_energy", "Energy of every operation of the PEs",
                  true},
    ConstantFacts{Constant::kWireEnergy, "wire_energy", "Energy of a bit over a mm", true},
};

/// That `constant` is `factor` times what it is. Expects a factor above 0.
struct WhatIf {
  Constant constant{};
  Ratio factor{1};
};

/// Areas and energies of the table. Per-MiB areas are divided by a factor of SRAM density.
[[nodiscard]] Technology scaled(Technology technology, const WhatIf& what_if);

/// What a whole die holds: more SRAM if it is denser, fewer PEs if they are larger, rounded down, and DRAM
/// bandwidth. False: no whole number of bits a cycle is within 0.5% of the factor.
[[nodiscard]] bool scale(AreaTemplate& area, const WhatIf& what_if);

/// Bandwidths of DRAM and of banks, each the nearest whole number of bits a cycle; unlimited ones stay so.
/// False: none is within 0.5% of the factor. `derived`: DRAM bandwidth comes from a template, which was
/// scaled.
[[nodiscard]] bool scale(Accelerator& accelerator, const WhatIf& what_if, bool derived);

}  // namespace fusescape
