// What does a design pay for a bit moved, an operation done and a second passed, under its technology?
//
// A price that the table's sources do not give is a hole with its reason, never 0 (docs/model/energy.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/support/data_type.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// The parts of an energy, in the order in which they are summed and printed.
enum class EnergyComponent : unsigned char { kDram, kOnchip, kWire, kCompute, kRegisters, kLeakage };

struct EnergyComponentFacts {
  EnergyComponent component;
  std::string_view name;
  std::string_view meaning;
};
inline constexpr std::array kEnergyComponents{
    EnergyComponentFacts{EnergyComponent::kDram, "dram",
                         "Bits to and from DRAM at their stored width, in whole bursts."},
    EnergyComponentFacts{
        EnergyComponent::kOnchip, "onchip",
        "Bits read from and written to the on-chip memory's banks, by PEs and by DRAM transfers."},
    EnergyComponentFacts{EnergyComponent::kWire, "wire",
                         "The same bits over half the side of the square that the banks fill."},
    EnergyComponentFacts{EnergyComponent::kCompute, "compute", "Operations of the PEs, by kind."},
    EnergyComponentFacts{EnergyComponent::kRegisters, "registers",
                         "Bits that chains keep in PE registers instead of the on-chip memory."},
    EnergyComponentFacts{EnergyComponent::kLeakage, "leakage", "Leakage of the on-chip memory x time."},
};
[[nodiscard]] constexpr std::string_view name_of(EnergyComponent component) {
  return kEnergyComponents[static_cast<std::size_t>(component)].name;
}

/// What the sum of all components is without.
inline constexpr std::string_view kEnergyTotalLeavesOut =
    "control, clock tree, operand networks, registers outside chains, leakage of logic";

/// Why a component of an energy is null. `describe` has the words.
enum class Missing : unsigned char {
  kTable,           ///< The accelerator names no technology.
  kDram,            ///< The table has no energy of a bit to or from DRAM;
  kSram,            ///< of SRAM accesses;
  kSramArea,        ///< no area of SRAM, so that the wires' length is unknown;
  kWire,            ///< no energy of wires;
  kRegisters,       ///< of PE registers, though a chain uses them;
  kMac,             ///< of a multiply-accumulate in `type`;
  kMultiplication,  ///< of a multiplication in `type`;
  kAddition,        ///< of an addition in `type`;
  kFunctionUpper,   ///< no upper bound of an exponential;
  kLeakage,         ///< no leakage.
  kWiderThanPes,    ///< Data of `type` cannot be computed by narrower PEs.
  kOverflow,        ///< The count does not fit 64 bits.
};

struct EnergyHole {
  Missing missing{};
  DataType type{};
  friend bool operator==(const EnergyHole&, const EnergyHole&) = default;
};

/// One sentence without a full stop: "cacti7-28nm has no energy of bf16 additions".
[[nodiscard]] std::string describe(const EnergyHole& hole, const Technology* technology);

/// An energy, or why it is null.
using Energy = expected<Picojoules, EnergyHole>;

/// How a memory of several banks is read.
enum class SramAccess : unsigned char {
  kBanked,      ///< One bank, and a wire over half the side of the square that all banks fill: the mean
                ///< distance |x| + |y| from its middle.
  kMonolithic,  ///< One array of the whole capacity, whose wires the table's numbers hold.
};

/// Length of the wire between the PEs and a bank, in mm: 0 for one array. Null without an SRAM area.
[[nodiscard]] std::optional<Interpolated<double>> wire_length_mm(const OnChipMemory& memory,
                                                                 const Technology& technology,
                                                                 SramAccess access = SramAccess::kBanked);

/// Leakage of all banks of the memory; no table has a number for logic.
[[nodiscard]] std::optional<Watts> leakage_of(const OnChipMemory& memory, const Technology& technology);

/// Per bit, per operation and per second. Operations are those of the PEs' type, whatever narrower type their
/// data have.
struct EnergyPrices {
  Energy dram;
  Energy sram_read;
  Energy sram_write;
  Energy wire;  ///< One bit over the whole length.
  Energy register_read;
  Energy register_write;
  Energy mac;
  Energy multiplication;
  Energy addition;
  Energy sum;             ///< An addition in the accumulator's type.
  Energy function;        ///< An exponential or the like: two multiplications and two additions (modelled).
  Energy function_upper;  ///< No less than it.
  expected<Watts, EnergyHole> leakage;
  DataType pe_type{};
  Hertz clock{};
  bool extrapolated = false;  ///< A memory or bank lies outside the table's sizes.
};

/// Without a technology every price is a hole.
[[nodiscard]] EnergyPrices prices_of(const Accelerator& accelerator, const Technology* technology,
                                     SramAccess access = SramAccess::kBanked);

/// Whose numbers the table's energies are, and how much of the DRAM they cover: a line each.
[[nodiscard]] std::vector<std::string> energy_provenance(const Technology& technology);

}  // namespace fusescape
