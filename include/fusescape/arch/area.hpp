// How large is an accelerator under an area table, and how much of a real die does the table explain?
//
// Areas of different tables do not compare (docs/model/area.md). An iso-area budget is therefore the area
// that the *same* table gives the reference design: area_of(reference, technology).total.
#pragma once

#include <optional>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// Whether the PHYs of the DRAM channels are part of the area that is counted.
enum class PhyArea : unsigned char { kUncharged, kCharged };

/// A part is null where the table has no number for it. `uncore` is null unless the table has that term, and
/// `phy` unless it is charged; neither makes `total` null then.
struct AreaBreakdown {
  std::optional<SquareMm> sram;
  std::optional<SquareMm> pes;
  std::optional<SquareMm> phy;
  std::optional<SquareMm> uncore;
  std::optional<SquareMm> total;
  bool extrapolated = false;  ///< The SRAM's capacity lies outside the table's points.
};

/// SRAM at the density of its whole capacity, every PE as `accelerator.pe_type`, and whole DRAM channels.
[[nodiscard]] AreaBreakdown area_of(const Accelerator& accelerator, const Technology& technology,
                                    PhyArea phy = PhyArea::kUncharged);

/// Channels that `bandwidth` takes at `clock`, rounded up.
[[nodiscard]] std::int64_t dram_channels(const DramChannel& channel, BitsPerCycle bandwidth, Hertz clock);

/// What SRAM and PEs of the table account for on its reference die.
struct Closure {
  SquareMm die;
  SquareMm sram;
  SquareMm pes;

  [[nodiscard]] SquareMm explained() const { return sram + pes; }
  [[nodiscard]] SquareMm unexplained() const { return die - explained(); }
  [[nodiscard]] double explained_share() const { return explained() / die; }
};

/// Null where the table names no reference die, or prices its SRAM or PEs not at all.
[[nodiscard]] std::optional<Closure> closure_of(const Technology& technology);

/// The table with an `uncore` that makes it reproduce its reference die; what it was before is replaced.
/// Null where there is no closure, or the table's SRAM and PEs alone are larger than the die.
[[nodiscard]] std::optional<Technology> closed_on_reference(const Technology& technology);

}  // namespace fusescape
