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

/// The elementary operations that a table prices; everything else is made of them (cost/energy.hpp).
enum class Operation : unsigned char { kMultiplication, kAddition };

/// Energy of one operation in one type.
struct OperationEnergy {
  Operation operation{};
  DataType type{};
  Picojoules value;
};
struct OperationTable {
  std::vector<OperationEnergy> entries;
  Provenance provenance;
};

/// What a DRAM energy covers. No scope holds anything of the on-chip memory.
enum class DramScope : unsigned char {
  kDevice,  ///< The DRAM dies alone.
  kPhy,     ///< And the interface of both sides.
  kSystem,  ///< And what else a measured system spends on a bit: controller, idle power, refresh.
};
[[nodiscard]] std::string_view name_of(DramScope scope);

struct DramEnergy {
  Picojoules per_bit;
  DramScope scope{};
  Provenance provenance;
};

/// Energy of moving one bit out of or into a PE's registers.
struct RegisterEnergy {
  Picojoules read_per_bit;
  Picojoules write_per_bit;
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

/// Every energy of a technology. They come from one table, since families of numbers must not mix.
struct EnergyTable {
  std::string name;  ///< The technology that they are of.
  SizeTable<SramEnergyPoint> sram;
  SizeTable<SramLeakagePoint> leakage;
  ArithmeticTable<Picojoules> mac;  ///< Where a source gives whole multiply-accumulates.
  OperationTable operations;
  std::optional<DramEnergy> dram;
  std::optional<SourcedNumber<Picojoules>> wire;  ///< Per bit and mm.
  std::optional<RegisterEnergy> registers;
  /// One evaluation of an exponential or the like takes no more than this.
  std::optional<SourcedNumber<Picojoules>> function_upper;
};

struct Technology {
  std::string name;
  std::int64_t node_nm = 0;
  std::string description;
  SizeTable<SramAreaPoint> sram_area;
  ArithmeticTable<SquareMm> pe_area;
  EnergyTable energy;       ///< Its own, or those of the technology `energy_from`.
  std::string energy_from;  ///< Empty: its own.
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

/// One PE of `type` with the accumulator that partial sums of `type` are kept in (support/data_type.hpp), or
/// with a given one.
[[nodiscard]] std::optional<SquareMm> pe_area(const Technology& technology, DataType type);
[[nodiscard]] std::optional<SquareMm> pe_area(const Technology& technology, DataType type,
                                              DataType accumulator);
/// One multiplication or addition.
[[nodiscard]] std::optional<Picojoules> operation_energy(const Technology& technology, Operation operation,
                                                         DataType type);
/// The table's own multiply-accumulate; where it has none, a multiplication in `type` plus an addition in
/// `accumulator`.
[[nodiscard]] std::optional<Picojoules> mac_energy(const Technology& technology, DataType type);
[[nodiscard]] std::optional<Picojoules> mac_energy(const Technology& technology, DataType type,
                                                   DataType accumulator);

}  // namespace fusescape
