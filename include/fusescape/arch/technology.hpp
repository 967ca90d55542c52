// What do memory, arithmetic and wires cost in area and energy? One table of published numbers, with its
// holes.
//
// A number that the table's sources do not give is absent, never 0 and never a guess: every query returns
// std::nullopt for it. To add a technology: one file in configs/tech/ (docs/model/area.md has the tables).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/data_type.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

using BitsPerSecond = Quantity<struct BitsPerSecondTag>;

/// Who says so: the cited source, the authors' public artifact, or we (by a calculation that `source` shows).
enum class Label : unsigned char { kPublished, kReproduced, kModelled };
[[nodiscard]] std::string_view name_of(Label label);
[[nodiscard]] std::optional<Label> label_named(std::string_view name);

struct Provenance {
  Label label = Label::kPublished;
  std::string source;
};

/// Area of one MiB of an SRAM of `capacity`. Sizes are binary (64 KB is 65,536 B), as CACTI counts them.
struct SramAreaPoint {
  Bytes capacity;
  SquareMm per_mib;
};
/// Energy of moving one bit out of or into an SRAM of `capacity`.
struct SramEnergyPoint {
  Bytes capacity;
  Picojoules read_per_bit;
  Picojoules write_per_bit;
};
/// Leakage of a whole SRAM of `capacity`.
struct SramLeakagePoint {
  Bytes capacity;
  Watts power;
};

/// Points in ascending order of capacity; no points: the table does not say.
template <class Point>
struct SizeTable {
  std::vector<Point> points;
  Provenance provenance;
};

/// One number for an arithmetic unit that multiplies in `type` and adds in `accumulator`.
template <class Q>
struct ArithmeticEntry {
  DataType type{};
  DataType accumulator{};
  Q value;
};
template <class Q>
struct ArithmeticTable {
  std::vector<ArithmeticEntry<Q>> entries;
  Provenance provenance;
};

template <class Q>
struct SourcedNumber {
  Q value;
  Provenance provenance;
};

/// What one DRAM channel takes on the die, and what it moves.
struct DramChannel {
  SquareMm phy_area;
  BitsPerSecond bandwidth;
  Provenance provenance;
};

/// A real die that the table can be compared with (arch/area.hpp, `closure_of`).
struct ReferenceDie {
  std::string name;
  SquareMm area;
  Bytes sram;
  std::int64_t pes = 0;
  DataType type = DataType::kFp32;
  Provenance provenance;
};

struct Technology {
  std::string name;
  std::int64_t node_nm = 0;
  std::string description;
  SizeTable<SramAreaPoint> sram_area;
  SizeTable<SramEnergyPoint> sram_energy;
  SizeTable<SramLeakagePoint> sram_leakage;
  ArithmeticTable<SquareMm> pe_area;
  ArithmeticTable<Picojoules> mac_energy;
  std::optional<SourcedNumber<Picojoules>> dram_energy;  ///< Per bit.
  std::optional<SourcedNumber<Picojoules>> wire_energy;  ///< Per bit and mm.
  std::optional<DramChannel> dram_channel;
  std::optional<SourcedNumber<SquareMm>> uncore;  ///< Added to every die, whatever its SRAM and PEs.
  std::optional<ReferenceDie> reference;
  std::vector<std::string> notes;
};

template <class Q>
struct Interpolated {
  Q value;
  bool extrapolated = false;  ///< The capacity lies outside the table's points; the end point was held.
};

/// The four size tables are linear in log2(capacity) between points. Outside them the end point is held: its
/// area and leakage *per MiB*, its energy per bit. Each expects capacity > 0 and is null for an empty table.
[[nodiscard]] std::optional<Interpolated<SquareMm>> sram_area(const Technology& technology, Bytes capacity);
[[nodiscard]] std::optional<Interpolated<Picojoules>> sram_read_energy(const Technology& technology,
                                                                       Bytes capacity);
[[nodiscard]] std::optional<Interpolated<Picojoules>> sram_write_energy(const Technology& technology,
                                                                        Bytes capacity);
[[nodiscard]] std::optional<Interpolated<Watts>> sram_leakage(const Technology& technology, Bytes capacity);

/// One PE, or one multiply-accumulate, of `type` with the accumulator that partial sums of `type` are kept in
/// (support/data_type.hpp), or with a given one.
[[nodiscard]] std::optional<SquareMm> pe_area(const Technology& technology, DataType type);
[[nodiscard]] std::optional<SquareMm> pe_area(const Technology& technology, DataType type,
                                              DataType accumulator);
[[nodiscard]] std::optional<Picojoules> mac_energy(const Technology& technology, DataType type);
[[nodiscard]] std::optional<Picojoules> mac_energy(const Technology& technology, DataType type,
                                                   DataType accumulator);

}  // namespace fusescape
