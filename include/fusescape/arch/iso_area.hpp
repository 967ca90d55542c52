// Which accelerator does a share of a die give? The derived fields of an accelerator template: SRAM, PEs,
// array shape and DRAM bandwidth from an area fraction and a memory fraction.
//
// Fractions are exact rationals. docs/model/area.md has the rules; docs/adr/array-shape-and-rounding.md our
// choices.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fusescape/support/expected.hpp"
#include "fusescape/support/ratio.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// How DRAM bandwidth goes with the area fraction a.
enum class BandwidthRule : unsigned char {
  kFixed,     ///< Not at all.
  kSqrtArea,  ///< floor(full x sqrt(a)): pads and PHYs lie along the edge.
  kPhy,       ///< Whole channels whose PHY is paid out of the same area.
};

/// How the number of PEs, ceil(a x full x (1 - m)), is computed.
enum class Rounding : unsigned char {
  kExact,
  kBinary64,  ///< In IEEE double, from left to right: may give one PE more.
};

/// What becomes of a number of PEs that no allowed array shape has.
enum class Misfit : unsigned char {
  kNearestLower,  ///< The nearest lower number that has one.
  kSquare,        ///< floor(sqrt(P)) x floor(sqrt(P)).
};

template <class E>
struct ChoiceName {
  E value;
  std::string_view name;
};
inline constexpr std::array kBandwidthRules{ChoiceName<BandwidthRule>{BandwidthRule::kFixed, "fixed"},
                                            ChoiceName<BandwidthRule>{BandwidthRule::kSqrtArea, "sqrt_area"},
                                            ChoiceName<BandwidthRule>{BandwidthRule::kPhy, "phy"}};
inline constexpr std::array kRoundings{ChoiceName<Rounding>{Rounding::kExact, "exact"},
                                       ChoiceName<Rounding>{Rounding::kBinary64, "binary64"}};
inline constexpr std::array kMisfits{ChoiceName<Misfit>{Misfit::kNearestLower, "nearest_lower"},
                                     ChoiceName<Misfit>{Misfit::kSquare, "square"}};

struct ArrayShape {
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  [[nodiscard]] constexpr std::int64_t pes() const { return rows * cols; }
  friend constexpr bool operator==(const ArrayShape&, const ArrayShape&) = default;
};

/// The most square array of `pes` PEs with rows <= cols < 3 x rows. A number within 5% of a power of two is
/// taken for that power first; one that has no such shape is changed as `misfit` says. Expects pes > 0.
[[nodiscard]] ArrayShape array_shape(std::int64_t pes, Misfit misfit = Misfit::kNearestLower);

/// PHY area and bandwidth of one DRAM channel (BandwidthRule::kPhy).
struct PhyChannels {
  Ratio area_mm2;                     ///< One channel, in mm2.
  BitsPerCycle bandwidth;             ///< What one channel carries.
  std::optional<std::int64_t> count;  ///< None: as many whole channels as the fraction's share buys.
};

/// What a whole die (a = 1) holds if all of it is SRAM (m = 1), or all of it PEs (m = 0).
struct AreaTemplate {
  Bytes full_sram;
  std::int64_t full_pes = 0;
  BitsPerCycle full_bandwidth;
  Ratio full_area_mm2;  ///< SRAM and PEs alone, in mm2; only BandwidthRule::kPhy reads it.
  BandwidthRule bandwidth_rule = BandwidthRule::kSqrtArea;
  PhyChannels phy;  ///< Only BandwidthRule::kPhy reads it.
  Rounding rounding = Rounding::kExact;
  Misfit misfit = Misfit::kNearestLower;
};

struct DerivedDesign {
  Bytes sram;
  std::int64_t budgeted_pes = 0;  ///< Before the array shape changed it.
  ArrayShape array;
  BitsPerCycle dram_bandwidth;
  std::int64_t dram_channels = 0;  ///< 0 where the rule does not count channels.
};

enum class DerivationError : unsigned char {
  kAreaFraction,    ///< Not > 0.
  kMemoryFraction,  ///< Not strictly between 0 and 1.
  kNoSram,          ///< Less than one byte.
  kNoPes,           ///< None.
  kNoBandwidth,     ///< Less than one bit per cycle, or no channel.
  kPhyTooLarge,     ///< Channels leave no area for SRAM and PEs.
  kTooLarge,        ///< A number does not fit in 63 bits, or there are over 2^40 PEs.
};

/// SRAM = floor(a x full_sram x m) bytes, PEs = ceil(a x full_pes x (1 - m)), bandwidth by the rule. Under
/// kPhy, a also buys full_bandwidth / phy.bandwidth channels at a = 1; what whole channels leave over, or
/// take in excess, of that share goes to, or comes out of, SRAM and PEs.
[[nodiscard]] expected<DerivedDesign, DerivationError> derive(const AreaTemplate& area,
                                                              const Ratio& area_fraction,
                                                              const Ratio& memory_fraction);

[[nodiscard]] std::string_view describe(DerivationError error);

}  // namespace fusescape
