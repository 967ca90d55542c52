// What are the top-level keys of an accelerator file, and those of its area template?
#pragma once

#include "fusescape/config/kinds/accelerator_fields.hpp"

namespace fusescape {

inline constexpr const auto& kArea = kWhole<SquareMicrometres, kAreaQuantity>;

struct PhyFile {
  SquareMicrometres area;
  Bandwidth bandwidth;
  std::optional<std::int64_t> channels;
};
inline constexpr std::array kPhyFields{
    required<&PhyFile::area, kArea>("area", "Area of one channel's PHY."),
    required<&PhyFile::bandwidth, kBandwidth>("bandwidth", "Bandwidth of one channel."),
    optional_field<&PhyFile::channels, kSmallCount>("channels", "as many as the area fraction's share buys",
                                                    "Whole channels."),
};
inline constexpr SectionSpec kPhySection{"phy", "DRAM channels that are paid out of the same area.",
                                         kPhyFields};

struct IsoAreaFile {
  Ratio area_fraction;
  Ratio memory_fraction;
  Bytes sram;
  std::int64_t pes = 0;
  Bandwidth dram_bandwidth;
  std::optional<SquareMicrometres> area;
  BandwidthRule bandwidth_rule = BandwidthRule::kSqrtArea;
  std::optional<PhyFile> phy;
  Rounding rounding = Rounding::kExact;
  Misfit misfit = Misfit::kNearestLower;
  std::string source;
};
inline constexpr std::array kIsoAreaFields{
    required<&IsoAreaFile::area_fraction, kRatio>("area_fraction", "Share a of the reference area, above 0."),
    required<&IsoAreaFile::memory_fraction, kRatio>("memory_fraction",
                                                    "Share m of the area that is SRAM, between 0 and 1."),
    by_full_path(required<&IsoAreaFile::sram, kBytes>(
        "sram", "SRAM if all of the area were SRAM: capacity = a x m x this.")),
    by_full_path(required<&IsoAreaFile::pes, kIntegerIn<1, 1'000'000'000>>(
        "pes",
        "PEs if all of the area were PEs: a x (1 - m) x this, rounded up, then the most square array.")),
    required<&IsoAreaFile::dram_bandwidth, kBandwidth>("dram_bandwidth",
                                                       "DRAM bandwidth at a = 1; finite for the rule `phy`."),
    optional_field<&IsoAreaFile::area, kArea>("area", "none", "Area at a = 1; the rule `phy` needs it."),
    optional_field<&IsoAreaFile::bandwidth_rule, kChoice<BandwidthRule, kNamesOf<kBandwidthRules>>>(
        "bandwidth_rule", "sqrt_area", "How DRAM bandwidth goes with a."),
    optional_field<&IsoAreaFile::phy, kSectionOf<PhyFile, kPhySection>>("phy", "none", "For the rule `phy`."),
    optional_field<&IsoAreaFile::rounding, kChoice<Rounding, kNamesOf<kRoundings>>>(
        "rounding", "exact", "Arithmetic of the number of PEs: rationals, or IEEE doubles left to right."),
    optional_field<&IsoAreaFile::misfit, kChoice<Misfit, kNamesOf<kMisfits>>>(
        "misfit", "nearest_lower", "What becomes of a number of PEs that has no allowed array shape."),
    required<&IsoAreaFile::source, kText>("source", "Where these numbers come from."),
};
inline constexpr SectionSpec kIsoAreaSection{
    "iso_area",
    "A template: SRAM capacity, array shape and DRAM bandwidth are derived from an area and a memory "
    "fraction, by "
    "the functions that docs/model/area.md names. The keys that it derives must be absent elsewhere.",
    kIsoAreaFields};

struct AcceleratorFile {
  std::string name;
  std::string source;
  std::optional<std::string> description;
  std::string technology;
  std::int64_t clock_hz = 0;
  DataType pe_type = DataType::kFp32;
  std::vector<CoreFile> cores;
  SramFile sram;
  DramFile dram;
  LinksFile links;
  OptionsFile model;
  std::optional<IsoAreaFile> iso_area;
};
inline constexpr std::array kAcceleratorFields{
    kKindField,
    kVersionField,
    required<&AcceleratorFile::name, kName>("name", "Name in reports."),
    required<&AcceleratorFile::source, kText>("source", "Where the numbers come from, and what is assumed."),
    optional_field<&AcceleratorFile::description, kText>("description", "none", "One line for people."),
    optional_field<&AcceleratorFile::technology, kText>("technology", "none: no area, no energy",
                                                        "Area and energy table: a file, or a shipped name."),
    required<&AcceleratorFile::clock_hz, kClock>("clock", "The one clock of the chip."),
    optional_field<&AcceleratorFile::pe_type, kDataTypeWord>(
        "pe_type", "fp32", "What a PE computes in: it widens narrower data, and wider data is refused."),
    required<&AcceleratorFile::cores, kListOf<kSectionOf<CoreFile, kCoreSection>>>(
        "cores", "PE arrays. Different cores each run the operators they support."),
    required<&AcceleratorFile::sram, kSectionOf<SramFile, kSramSection>>("sram",
                                                                         "The shared on-chip memory."),
    optional_field<&AcceleratorFile::dram, kSectionOf<DramFile, kDramSection>>(
        "dram", "derived by `iso_area`", "The memory off the chip."),
    optional_field<&AcceleratorFile::links, kSectionOf<LinksFile, kLinksSection>>(
        "links", "unlimited", "What carries values between cores."),
    optional_field<&AcceleratorFile::model, kSectionOf<OptionsFile, kOptionsSection>>(
        "model", "the physical choices", "Choices in which analytical models differ."),
    reached_through(optional_field<&AcceleratorFile::iso_area, kSectionOf<IsoAreaFile, kIsoAreaSection>>(
        "iso_area", "none", "Derives capacity, array and bandwidth from a share of a die.")),
};
inline constexpr SectionSpec kAcceleratorTable{"accelerator", "Cores, one shared on-chip memory, and DRAM.",
                                               kAcceleratorFields};

}  // namespace fusescape
