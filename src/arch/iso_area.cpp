#include "fusescape/arch/iso_area.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kMaxPes = std::int64_t{1} << 40;  // Bounds the search for a shape.

/// The power of two within 5% of `pes`, or `pes`.
std::int64_t snapped(std::int64_t pes) {
  const auto lower = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(pes)));
  // Twice `lower` may not fit, so both distances are compared in halves of it.
  if (pes - lower <= lower / 20) return lower;
  const bool near_upper = lower - (pes - lower) <= lower / 10;
  return near_upper && lower < (std::int64_t{1} << 62) ? 2 * lower : pes;
}

std::optional<ArrayShape> most_square(std::int64_t pes) {
  for (std::int64_t rows = integer_sqrt(pes); rows > 0 && pes / rows < 3 * rows; --rows) {
    if (pes % rows == 0) return ArrayShape{rows, pes / rows};
  }
  return std::nullopt;
}

struct Channels {
  std::int64_t count = 0;
  BitsPerCycle bandwidth;
  Ratio core_fraction;  ///< Of full_area_mm2, for SRAM and PEs.
};

expected<Channels, DerivationError> channels_of(const AreaTemplate& area, const Ratio& fraction) {
  FUSESCAPE_EXPECTS(!area.phy.bandwidth.unlimited() && area.full_area_mm2 > Ratio{0});
  const auto whole_die = Ratio::of(area.full_bandwidth.value, area.phy.bandwidth.value);
  const auto share = whole_die ? product(*whole_die, fraction) : std::nullopt;
  const auto affordable = share ? floor_times(*share, 1) : std::nullopt;
  if (!affordable) return unexpected{DerivationError::kTooLarge};
  const std::int64_t count = area.phy.count.value_or(*affordable);
  if (count < 1) return unexpected{DerivationError::kNoBandwidth};

  const auto spare = difference(*share, Ratio{count});
  const auto channel = quotient(area.phy.area_mm2, area.full_area_mm2);
  const auto refund = spare && channel ? product(*spare, *channel) : std::nullopt;
  const auto core_fraction = refund ? sum(fraction, *refund) : std::nullopt;
  if (!core_fraction) return unexpected{DerivationError::kTooLarge};
  if (*core_fraction <= Ratio{0}) return unexpected{DerivationError::kPhyTooLarge};
  const auto bits = floor_times(Ratio{count}, area.phy.bandwidth.value);
  if (!bits) return unexpected{DerivationError::kTooLarge};
  return Channels{count, BitsPerCycle{*bits}, *core_fraction};
}

/// floor(a x full x m).
std::optional<std::int64_t> sram_of(const AreaTemplate& area, const Ratio& a, const Ratio& m) {
  const auto share = product(a, m);
  return share ? floor_times(*share, area.full_sram.value()) : std::nullopt;
}

/// ceil(a x full x (1 - m)). Expects 0 < m < 1.
std::optional<std::int64_t> pes_of(const AreaTemplate& area, const Ratio& a, const Ratio& m) {
  if (area.rounding == Rounding::kBinary64) {
    const double pes =
        std::ceil(a.nearest_double() * static_cast<double>(area.full_pes) * (1.0 - m.nearest_double()));
    return pes < 9e18 ? std::optional{static_cast<std::int64_t>(pes)} : std::nullopt;
  }
  const auto rest = difference(Ratio{1}, m);
  const auto share = rest ? product(a, *rest) : std::nullopt;
  return share ? ceil_times(*share, area.full_pes) : std::nullopt;
}

}  // namespace

ArrayShape array_shape(std::int64_t pes, Misfit misfit) {
  FUSESCAPE_EXPECTS(pes > 0);
  std::int64_t wanted = snapped(pes);
  for (;; --wanted) {  // Ends: every square has a shape.
    if (const auto shape = most_square(wanted)) return *shape;
    if (misfit == Misfit::kSquare) return {integer_sqrt(wanted), integer_sqrt(wanted)};
  }
}

expected<DerivedDesign, DerivationError> derive(const AreaTemplate& area, const Ratio& area_fraction,
                                                const Ratio& memory_fraction) {
  FUSESCAPE_EXPECTS(area.full_pes > 0);
  if (area_fraction <= Ratio{0}) return unexpected{DerivationError::kAreaFraction};
  if (memory_fraction <= Ratio{0} || memory_fraction >= Ratio{1}) {
    return unexpected{DerivationError::kMemoryFraction};
  }

  DerivedDesign design;
  Ratio core_fraction = area_fraction;
  design.dram_bandwidth = area.full_bandwidth;
  if (area.bandwidth_rule == BandwidthRule::kSqrtArea) {
    const auto bits = floor_sqrt_times(area_fraction, area.full_bandwidth.value);
    if (!bits) return unexpected{DerivationError::kTooLarge};
    // A bandwidth of 0 would mean `unlimited`.
    if (*bits < 1 && !area.full_bandwidth.unlimited()) return unexpected{DerivationError::kNoBandwidth};
    design.dram_bandwidth = BitsPerCycle{*bits};
  } else if (area.bandwidth_rule == BandwidthRule::kPhy) {
    const auto channels = channels_of(area, area_fraction);
    if (!channels) return unexpected{channels.error()};
    core_fraction = channels->core_fraction;
    design.dram_channels = channels->count;
    design.dram_bandwidth = channels->bandwidth;
  }

  const auto sram = sram_of(area, core_fraction, memory_fraction);
  if (!sram) return unexpected{DerivationError::kTooLarge};
  if (*sram < 1) return unexpected{DerivationError::kNoSram};
  design.sram = Bytes{*sram};
  const auto pes = pes_of(area, core_fraction, memory_fraction);
  if (!pes || *pes > kMaxPes) return unexpected{DerivationError::kTooLarge};
  if (*pes < 1) return unexpected{DerivationError::kNoPes};  // 1 - m may be 0 in binary64.
  design.budgeted_pes = *pes;
  design.array = array_shape(*pes, area.misfit);
  return design;
}

std::string_view describe(DerivationError error) {
  switch (error) {
    case DerivationError::kAreaFraction:
      return "area_fraction must be greater than 0";
    case DerivationError::kMemoryFraction:
      return "memory_fraction must be greater than 0 and less than 1";
    case DerivationError::kNoSram:
      return "the memory share is less than one byte";
    case DerivationError::kNoPes:
      return "the PE share holds no PE";
    case DerivationError::kNoBandwidth:
      return "the DRAM share is less than one bit per cycle or one channel";
    case DerivationError::kPhyTooLarge:
      return "the DRAM channels leave no area for SRAM and PEs";
    case DerivationError::kTooLarge:
      return "a derived number does not fit in 63 bits; use fewer digits";
  }
  return "";
}

}  // namespace fusescape
