// What energy do counted transfers and operations take under a technology table?
//
// Pure functions of counts. A part whose number the table lacks is null, and so is every sum with it; a count
// of zero needs no number (docs/model/area.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/support/data_type.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// What was moved and computed. Operations are counted in multiply-accumulates: one operation of a kind that
/// takes c cycles on a PE counts c.
struct EnergyCounts {
  Bytes dram;
  Bytes onchip_read;
  Bytes onchip_write;
  std::array<Ops, kDataTypes.size()> ops{};  ///< Indexed by DataType.
};

struct EnergyBreakdown {
  std::optional<Picojoules> dram;
  std::optional<Picojoules> onchip_read;
  std::optional<Picojoules> onchip_write;
  std::optional<Picojoules> compute;
  bool extrapolated = false;  ///< The SRAM's capacity lies outside the table's points.

  /// The sum of the parts, without leakage.
  [[nodiscard]] std::optional<Picojoules> total() const;
};

/// How a memory of several banks is read.
enum class SramAccess : unsigned char {
  kBanked,      ///< One bank, and a wire over half the side of the whole memory's square: the mean distance
                ///< |x| + |y| from its middle.
  kMonolithic,  ///< One array of the whole capacity.
};

/// Energy per bit of reading from, and writing to, the memory. Null where the table lacks a number for it.
struct AccessEnergy {
  Interpolated<Picojoules> read;
  Interpolated<Picojoules> write;
};
[[nodiscard]] std::optional<AccessEnergy> access_energy(const OnChipMemory& memory,
                                                        const Technology& technology, SramAccess access);

[[nodiscard]] EnergyBreakdown energy_of(const EnergyCounts& counts, const OnChipMemory& memory,
                                        const Technology& technology,
                                        SramAccess access = SramAccess::kBanked);

/// Of the on-chip memory, as one array; no table has a number for logic.
[[nodiscard]] std::optional<Watts> leakage_of(const OnChipMemory& memory, const Technology& technology);

/// energy / time + leakage. Null if either is null. Expects time > 0.
[[nodiscard]] std::optional<Watts> average_power(std::optional<Picojoules> energy, Seconds time,
                                                 std::optional<Watts> leakage);

}  // namespace fusescape
