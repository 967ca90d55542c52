// What are the top-level keys of a technology file?
#pragma once

#include "fusescape/config/kinds/technology_fields.hpp"

namespace fusescape {

inline constexpr WholeQuantity kRateQuantity{"bandwidth", "32 GB/s", kSecondRateUnits, 1,
                                             std::int64_t{1} << 61U};
struct ChannelFile {
  Label label = Label::kPublished;
  std::string source;
  SquareMm phy_area;
  std::int64_t bits_per_second = 0;
};
inline constexpr std::array kChannelFields{
    required<&ChannelFile::label, kLabel>("label", kLabelDoc),
    required<&ChannelFile::source, kText>("source", kSourceDoc),
    required<&ChannelFile::phy_area, kMeasuredArea>("phy_area", "Area of its PHY on the die."),
    required<&ChannelFile::bits_per_second, kWhole<std::int64_t, kRateQuantity>>("bandwidth",
                                                                                 "What it moves."),
};
inline constexpr SectionSpec kChannelSection{"dram_channel", "One DRAM channel.", kChannelFields};

struct DieFile {
  Label label = Label::kPublished;
  std::string source;
  std::string name;
  SquareMm area;
  Bytes sram;
  std::int64_t pes = 0;
  DataType type = DataType::kFp32;
};
inline constexpr std::array kDieFields{
    required<&DieFile::label, kLabel>("label", kLabelDoc),
    required<&DieFile::source, kText>("source", kSourceDoc),
    required<&DieFile::name, kText>("name", "The die."),
    required<&DieFile::area, kMeasuredArea>("area", "Its area."),
    required<&DieFile::sram, kTableBytes>("sram", "Its on-chip memory."),
    required<&DieFile::pes, kIntegerIn<1, 1'000'000'000>>("pes", "Its PEs."),
    required<&DieFile::type, kDataTypeWord>("type", "What they compute in."),
};
inline constexpr SectionSpec kDieSection{"reference", "A real die that the table can be held against.",
                                         kDieFields};

struct TechnologyFile {
  std::string name;
  std::int64_t node_nm = 0;
  std::string description;
  std::string energy_from;
  std::optional<Sourced<std::vector<SramAreaPoint>>> sram_area;
  std::optional<Sourced<std::vector<SramEnergyPoint>>> sram_energy;
  std::optional<Sourced<std::vector<SramLeakagePoint>>> sram_leakage;
  std::optional<Sourced<std::vector<UnitFile<SquareMm>>>> pe_area;
  std::optional<Sourced<std::vector<UnitFile<Picojoules>>>> mac_energy;
  std::optional<OperationsFile> operation_energy;
  std::optional<DramEnergyFile> dram_energy;
  std::optional<RegisterEnergyFile> register_energy;
  std::optional<Sourced<Picojoules>> function_energy_upper;
  std::optional<Sourced<Picojoules>> wire_energy;
  std::optional<ChannelFile> dram_channel;
  std::optional<Sourced<SquareMm>> uncore;
  std::optional<DieFile> reference;
  std::vector<std::string> notes;
};

inline constexpr std::string_view kNoNumber = "the table has no number for it";

/// An optional section of a technology file.
template <auto Member, class T, const SectionSpec& Section>
constexpr FieldSpec table_section(std::string_view key) {
  return optional_field<Member, kSectionOf<T, Section>>(key, kNoNumber, Section.doc);
}
inline constexpr std::array kTechnologyFields{
    kKindField,
    kVersionField,
    required<&TechnologyFile::name, kName>("name", "Name in reports, and in accelerator files."),
    required<&TechnologyFile::node_nm, kWhole<std::int64_t, kNodeQuantity>>("node", "Technology node."),
    required<&TechnologyFile::description, kText>("description", "What is and is not counted."),
    optional_field<&TechnologyFile::energy_from, kName>(
        "energy_from", "energies are its own",
        "Another technology at the same node, whose energies are used; then none of its own may be given."),
    table_section<&TechnologyFile::sram_area, Sourced<std::vector<SramAreaPoint>>, kSramAreaSection>(
        "sram_area"),
    table_section<&TechnologyFile::sram_energy, Sourced<std::vector<SramEnergyPoint>>, kSramEnergySection>(
        "sram_energy"),
    table_section<&TechnologyFile::sram_leakage, Sourced<std::vector<SramLeakagePoint>>, kSramLeakageSection>(
        "sram_leakage"),
    table_section<&TechnologyFile::pe_area, Sourced<std::vector<UnitFile<SquareMm>>>, kPeAreaSection>(
        "pe_area"),
    table_section<&TechnologyFile::mac_energy, Sourced<std::vector<UnitFile<Picojoules>>>, kMacEnergySection>(
        "mac_energy"),
    table_section<&TechnologyFile::operation_energy, OperationsFile, kOperationEnergySection>(
        "operation_energy"),
    table_section<&TechnologyFile::dram_energy, DramEnergyFile, kDramEnergySection>("dram_energy"),
    table_section<&TechnologyFile::register_energy, RegisterEnergyFile, kRegisterEnergySection>(
        "register_energy"),
    table_section<&TechnologyFile::function_energy_upper, Sourced<Picojoules>, kFunctionUpperSection>(
        "function_energy_upper"),
    table_section<&TechnologyFile::wire_energy, Sourced<Picojoules>, kWireEnergySection>("wire_energy"),
    table_section<&TechnologyFile::dram_channel, ChannelFile, kChannelSection>("dram_channel"),
    table_section<&TechnologyFile::uncore, Sourced<SquareMm>, kUncoreSection>("uncore"),
    table_section<&TechnologyFile::reference, DieFile, kDieSection>("reference"),
    optional_field<&TechnologyFile::notes, kListOf<kText>>("notes", "none",
                                                           "What a reader of its numbers should know."),
};
inline constexpr SectionSpec kTechnologyTable{
    "technology", "Area and energy from named sources. A number that is absent is null in every result.",
    kTechnologyFields};

}  // namespace fusescape
