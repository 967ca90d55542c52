#include "fusescape/arch/area.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// All PEs, of each core in its own type, whether or not it is used; none if the table has no area of one.
std::optional<SquareMm> area_of_pes(const Accelerator& accelerator, const Technology& technology) {
  SquareMm sum{0.0};
  for (const auto* cores : {&accelerator.cores, &accelerator.left_out}) {
    for (const Core& core : *cores) {
      const auto pe = pe_area(technology, core.type.value_or(accelerator.pe_type));
      if (!pe) return std::nullopt;
      sum = sum + *pe * static_cast<double>(core.pes());
    }
  }
  return sum;
}

/// Rounding in sums of a few areas; less than a transistor on any die.
constexpr double kRoundingShare = 1e-9;

}  // namespace

std::int64_t dram_channels(const DramChannel& channel, BitsPerCycle bandwidth, Hertz clock) {
  FUSESCAPE_EXPECTS(channel.bandwidth > BitsPerSecond{0.0} && !bandwidth.unlimited());
  const double bits_per_second = static_cast<double>(bandwidth.value) * clock.value();
  return static_cast<std::int64_t>(std::ceil(bits_per_second / channel.bandwidth.value()));
}

AreaBreakdown area_of(const Accelerator& accelerator, const Technology& technology, PhyArea phy) {
  AreaBreakdown area;
  if (const auto sram = sram_area(technology, accelerator.sram.capacity)) {
    area.sram = sram->value;
    area.extrapolated = sram->extrapolated;
  }
  area.pes = area_of_pes(accelerator, technology);
  if (technology.uncore) area.uncore = technology.uncore->value;

  const bool charged = phy == PhyArea::kCharged;
  if (charged && technology.dram_channel && !accelerator.dram.bandwidth.unlimited()) {
    const std::int64_t channels =
        dram_channels(*technology.dram_channel, accelerator.dram.bandwidth, accelerator.clock);
    area.phy = technology.dram_channel->phy_area * static_cast<double>(channels);
  }
  if (area.sram && area.pes && (area.phy || !charged)) {
    area.total =
        *area.sram + *area.pes + area.phy.value_or(SquareMm{0.0}) + area.uncore.value_or(SquareMm{0.0});
  }
  return area;
}

std::optional<Closure> closure_of(const Technology& technology) {
  if (!technology.reference) return std::nullopt;
  const ReferenceDie& die = *technology.reference;
  const auto sram = sram_area(technology, die.sram);
  const auto pe = pe_area(technology, die.type);
  if (!sram || !pe) return std::nullopt;
  return Closure{die.area, sram->value, *pe * static_cast<double>(die.pes)};
}

std::optional<Technology> closed_on_reference(const Technology& technology) {
  const auto closure = closure_of(technology);
  if (!closure || closure->explained_share() > 1.0 + kRoundingShare) return std::nullopt;
  Technology closed = technology;
  closed.uncore = SourcedNumber<SquareMm>{
      std::max(closure->unexplained(), SquareMm{0.0}),
      {Label::kModelled, "the part of " + technology.reference->name + " that SRAM and PEs leave over"}};
  return closed;
}

}  // namespace fusescape
