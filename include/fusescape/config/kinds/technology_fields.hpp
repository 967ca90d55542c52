// What may a technology file hold? The table of `kind: technology`.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/technology.hpp"
#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"

namespace fusescape {

inline constexpr std::array<std::string_view, 3> kLabelWords{"published", "reproduced", "modelled"};
inline constexpr const TypeOf<Label>& kLabel = kChoice<Label, kLabelWords>;
inline constexpr const TypeOf<Bytes>& kTableBytes = kWhole<Bytes, kByteQuantity>;

inline constexpr MeasureSpec kAreaSpec{"area", "0.00542 mm2", kAreaUnits};
inline constexpr MeasureSpec kDensitySpec{"density", "7.40 mm2/MiB", kDensityUnits};
inline constexpr MeasureSpec kEnergySpec{"energy", "2.36 pJ", kEnergyUnits};
inline constexpr MeasureSpec kBitEnergySpec{"energy per bit", "3.9 pJ/bit", kBitEnergyUnits};
inline constexpr MeasureSpec kWireEnergySpec{"energy per bit and mm", "0.12 pJ/bit/mm", kWireEnergyUnits};
inline constexpr MeasureSpec kPowerSpec{"power", "2.408 mW", kPowerUnits};
inline constexpr const auto& kMeasuredArea = kMeasure<SquareMm, kAreaSpec>;
inline constexpr const auto& kBitEnergy = kMeasure<Picojoules, kBitEnergySpec>;

inline constexpr std::string_view kCapacityDoc = "Size of the memory; points in ascending order.";
inline constexpr std::string_view kSourceDoc = "Citation, or the calculation.";
inline constexpr std::string_view kLabelDoc = "Who says so.";

inline constexpr std::array kAreaPointFields{
    required<&SramAreaPoint::capacity, kTableBytes>("capacity", kCapacityDoc),
    required<&SramAreaPoint::per_mib, kMeasure<SquareMm, kDensitySpec>>("density", "Area of one MiB of it."),
};
inline constexpr SectionSpec kAreaPointSection{"area point", "Density of an SRAM of one size.",
                                               kAreaPointFields};

inline constexpr std::array kEnergyPointFields{
    required<&SramEnergyPoint::capacity, kTableBytes>("capacity", kCapacityDoc),
    required<&SramEnergyPoint::read_per_bit, kBitEnergy>("read", "Energy of reading a bit."),
    required<&SramEnergyPoint::write_per_bit, kBitEnergy>("write", "Energy of writing a bit."),
};
inline constexpr SectionSpec kEnergyPointSection{"energy point", "Access energy of an SRAM of one size.",
                                                 kEnergyPointFields};

inline constexpr std::array kLeakagePointFields{
    required<&SramLeakagePoint::capacity, kTableBytes>("capacity", kCapacityDoc),
    required<&SramLeakagePoint::power, kMeasure<Watts, kPowerSpec>>("power", "Leakage of the whole of it."),
};
inline constexpr SectionSpec kLeakagePointSection{"leakage point", "Leakage of an SRAM of one size.",
                                                  kLeakagePointFields};

/// A section as written: its provenance beside its content.
template <class T>
struct Sourced {
  Label label = Label::kPublished;
  std::string source;
  T content{};
};

template <class Point, const SectionSpec& PointSection>
inline constexpr std::array kSizeTableFields{
    required<&Sourced<std::vector<Point>>::label, kLabel>("label", kLabelDoc),
    required<&Sourced<std::vector<Point>>::source, kText>("source", kSourceDoc),
    required<&Sourced<std::vector<Point>>::content, kListOf<kSectionOf<Point, PointSection>>>(
        "points", "At least one; between them linear in log2(capacity)."),
};
inline constexpr SectionSpec kSramAreaSection{"sram_area", "Area of SRAM by its size.",
                                              kSizeTableFields<SramAreaPoint, kAreaPointSection>};
inline constexpr SectionSpec kSramEnergySection{"sram_energy", "Access energy of SRAM by its size.",
                                                kSizeTableFields<SramEnergyPoint, kEnergyPointSection>};
inline constexpr SectionSpec kSramLeakageSection{"sram_leakage", "Leakage of SRAM by its size.",
                                                 kSizeTableFields<SramLeakagePoint, kLeakagePointSection>};

/// One arithmetic unit as written.
template <class Q>
struct UnitFile {
  DataType type{};
  std::optional<DataType> accumulator;
  Q value;
};
template <class Q, const MeasureSpec& Measure, const auto& Key>
inline constexpr std::array kUnitFields{
    required<&UnitFile<Q>::type, kDataTypeWord>("type", "What it multiplies in."),
    optional_field<&UnitFile<Q>::accumulator, kDataTypeWord>("accumulator", "that of the type: fp32 or int32",
                                                             "What it adds in."),
    required<&UnitFile<Q>::value, kMeasure<Q, Measure>>(Key, "Of one unit."),
};
inline constexpr std::string_view kAreaKey = "area";
inline constexpr std::string_view kEnergyKey = "energy";
inline constexpr SectionSpec kUnitAreaSection{"area entry", "Area of one arithmetic unit.",
                                              kUnitFields<SquareMm, kAreaSpec, kAreaKey>};
inline constexpr SectionSpec kUnitEnergySection{"energy entry", "Energy of one multiply-accumulate.",
                                                kUnitFields<Picojoules, kEnergySpec, kEnergyKey>};

template <class Q, const SectionSpec& UnitSection>
inline constexpr std::array kUnitTableFields{
    required<&Sourced<std::vector<UnitFile<Q>>>::label, kLabel>("label", kLabelDoc),
    required<&Sourced<std::vector<UnitFile<Q>>>::source, kText>("source", kSourceDoc),
    required<&Sourced<std::vector<UnitFile<Q>>>::content, kListOf<kSectionOf<UnitFile<Q>, UnitSection>>>(
        "entries", "One per type and accumulator; what is absent has no number."),
};
inline constexpr SectionSpec kPeAreaSection{"pe_area", "Area of PEs.",
                                            kUnitTableFields<SquareMm, kUnitAreaSection>};
inline constexpr SectionSpec kMacEnergySection{"mac_energy", "Energy of multiply-accumulates.",
                                               kUnitTableFields<Picojoules, kUnitEnergySection>};

template <class Q, const MeasureSpec& Measure, const auto& Key>
inline constexpr std::array kNumberFields{
    required<&Sourced<Q>::label, kLabel>("label", kLabelDoc),
    required<&Sourced<Q>::source, kText>("source", kSourceDoc),
    required<&Sourced<Q>::content, kMeasure<Q, Measure>>(Key, "The number."),
};
inline constexpr SectionSpec kWireEnergySection{"wire_energy", "Energy of a bit over a wire on the chip.",
                                                kNumberFields<Picojoules, kWireEnergySpec, kEnergyKey>};
inline constexpr SectionSpec kFunctionUpperSection{
    "function_energy_upper", "The most that one exponential, reciprocal, root or logarithm takes.",
    kNumberFields<Picojoules, kEnergySpec, kEnergyKey>};
inline constexpr SectionSpec kUncoreSection{"uncore", "Area added to every die, whatever its SRAM and PEs.",
                                            kNumberFields<SquareMm, kAreaSpec, kAreaKey>};

inline constexpr std::array<std::string_view, 2> kOperationWords{"multiplication", "addition"};
inline constexpr std::array kOperationFields{
    required<&OperationEnergy::operation, kChoice<Operation, kOperationWords>>("operation", "Which one."),
    required<&OperationEnergy::type, kDataTypeWord>("type", "What it computes in."),
    required<&OperationEnergy::value, kMeasure<Picojoules, kEnergySpec>>("energy", "Of one of them."),
};
inline constexpr SectionSpec kOperationSection{"operation entry", "Energy of one kind of operation.",
                                               kOperationFields};
using OperationsFile = Sourced<std::vector<OperationEnergy>>;
inline constexpr std::array kOperationTableFields{
    required<&OperationsFile::label, kLabel>("label", kLabelDoc),
    required<&OperationsFile::source, kText>("source", kSourceDoc),
    required<&OperationsFile::content, kListOf<kSectionOf<OperationEnergy, kOperationSection>>>(
        "entries", "One per operation and type; what is absent has no number."),
};
inline constexpr SectionSpec kOperationEnergySection{
    "operation_energy", "Energy of multiplications and additions, which all other operations are made of.",
    kOperationTableFields};

struct DramEnergyFile {
  Label label = Label::kPublished;
  std::string source;
  DramScope scope{};
  Picojoules per_bit;
};
inline constexpr std::array<std::string_view, 3> kScopeWords{"device", "phy", "system"};
inline constexpr std::array kDramEnergyFields{
    required<&DramEnergyFile::label, kLabel>("label", kLabelDoc),
    required<&DramEnergyFile::source, kText>("source", kSourceDoc),
    required<&DramEnergyFile::scope, kChoice<DramScope, kScopeWords>>(
        "scope", "What it covers: the DRAM dies, their interface on both sides too, or a whole system."),
    required<&DramEnergyFile::per_bit, kBitEnergy>("energy", "The number."),
};
inline constexpr SectionSpec kDramEnergySection{"dram_energy", "Energy of a bit to or from DRAM.",
                                                kDramEnergyFields};

struct RegisterEnergyFile {
  Label label = Label::kPublished;
  std::string source;
  Picojoules read_per_bit;
  Picojoules write_per_bit;
};
inline constexpr std::array kRegisterEnergyFields{
    required<&RegisterEnergyFile::label, kLabel>("label", kLabelDoc),
    required<&RegisterEnergyFile::source, kText>("source", kSourceDoc),
    required<&RegisterEnergyFile::read_per_bit, kBitEnergy>("read", "Energy of reading a bit."),
    required<&RegisterEnergyFile::write_per_bit, kBitEnergy>("write", "Energy of writing a bit."),
};
inline constexpr SectionSpec kRegisterEnergySection{"register_energy", "Energy of a bit in a PE's registers.",
                                                    kRegisterEnergyFields};

}  // namespace fusescape
