// What hardware is under study? Cores with PE arrays, one shared on-chip memory, and DRAM, as plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/support/data_type.hpp"
#include "fusescape/support/op_kind.hpp"
#include "fusescape/support/ratio.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// Whether reads and writes of a memory share their bandwidth or have one port each of that bandwidth.
enum class Ports : unsigned char { kShared, kSeparate };

/// Whether the inputs of a tile come from DRAM one after another or side by side, each at full bandwidth.
/// Side by side is what some models assume; one port cannot do it.
enum class OperandLoads : unsigned char { kSerial, kConcurrent };

/// How some operators are laid over a core's array. Entries of `rows`, `cols` and `flat` are rank names or
/// the words `reduction`, `output` (the output's last rank and those before it that the same inputs have) and
/// `all`; those an operator lacks are skipped, and ranks in one place compose to one. The first rule that
/// matches an operator is used.
struct SpatialRule {
  std::vector<OpKind> kinds;           ///< Empty: any kind.
  std::vector<std::string> operators;  ///< Empty: any name.
  std::vector<std::string> cores;
  std::vector<std::string> rows;
  std::vector<std::string> cols;
  std::vector<std::string> flat;  ///< A product of ranks over all rows x cols; excludes rows and cols.
  OperandLoads operand_loads = OperandLoads::kSerial;
};

inline constexpr std::int64_t kMostCyclesPerOp = 1000;

/// Shares of a peak rate, per kind of operator.
using Efficiencies = std::array<Ratio, kOpKindCount>;
inline constexpr Efficiencies kAtPeak = [] {
  Efficiencies all{};
  for (Ratio& share : all) share = Ratio{1};
  return all;
}();

/// `count` identical PE arrays of `rows` x `cols`.
struct Core {
  std::string name;
  std::int64_t count = 1;
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  bool reduces_rows = true;  ///< Has adders along the rows, so that a reduction rank may lie on them.
  bool reduces_cols = true;
  Bytes registers_per_pe{64};  ///< Bounds what a chain keeps in each PE.
  /// Per kind, at most kMostCyclesPerOp; 0: this core cannot run it.
  std::array<std::int64_t, kOpKindCount> cycles_per_op{};
  /// Of the rate that these cycles are, what is attained, in (0, 1]; cycles / efficiency is kMostCyclesPerOp
  /// at most.
  Efficiencies efficiency = kAtPeak;
  std::optional<DataType> type{};  ///< What its PEs compute in, if that is not the accelerator's `pe_type`.
  std::vector<SpatialRule> spatial;

  [[nodiscard]] std::int64_t pes() const { return count * rows * cols; }
};

/// The shared memory between DRAM and the PEs' registers.
struct OnChipMemory {
  Bytes capacity;
  std::optional<std::int64_t> banks;  ///< None: capacity / bank_capacity, at least one.
  Bytes bank_capacity{std::int64_t{64} * 1024};
  BitsPerCycle bank_read{};   ///< Per bank; 0 = unlimited.
  BitsPerCycle bank_write{};  ///< Per bank; 0 = unlimited. With shared ports equal to bank_read.
  Ports ports = Ports::kShared;

  [[nodiscard]] std::int64_t bank_count() const;
  [[nodiscard]] BitsPerCycle read_bandwidth() const { return {bank_read.value * bank_count()}; }
  [[nodiscard]] BitsPerCycle write_bandwidth() const { return {bank_write.value * bank_count()}; }
};

struct Dram {
  BitsPerCycle bandwidth;  ///< At the accelerator's clock, rounded down to whole bits.
  Ports ports = Ports::kShared;
  Bytes granule{1};     ///< Every transfer of a tile is rounded up to this.
  Ratio efficiency{1};  ///< Share of `bandwidth` that transfers reach, in (0, 1].

  /// bandwidth * efficiency, rounded down to whole bits per cycle. Expects at least one.
  [[nodiscard]] BitsPerCycle effective_bandwidth() const;
};

/// Which wires lead from one core to another.
enum class Topology : unsigned char {
  kPairwise,  ///< A link of its own from every core to every other.
  kBus,       ///< One link that all transfers between cores share.
};

/// What carries values between cores. One array with nothing to send to never uses it.
struct Links {
  Topology topology = Topology::kPairwise;
  BitsPerCycle bandwidth{};  ///< Bits per cycle that each link carries; 0 = unlimited.
  Cycles latency{0};         ///< From the last bit's departure to its arrival; the link is free meanwhile.
};

/// Choices in which analytical models differ. The defaults are the physical ones.
struct ModelOptions {
  bool double_buffering =
      true;  ///< Streamed tensors get a second slot, so that transfers hide behind compute.
  bool count_second_slots =
      true;                 ///< Second slots take on-chip memory; false leaves them out of the footprint.
  bool in_place = false;    ///< An element-wise output may take over an operand's buffer that dies there.
  Cycles fill_cycles{0};    ///< Added to each operator's compute on each tile.
  Cycles launch_cycles{0};  ///< Before each group: a kernel that is launched, say.
};

struct Accelerator {
  std::string name;
  std::string technology;  ///< Name of an area and energy table.
  Hertz clock{1e9};
  DataType pe_type = DataType::kFp32;  ///< What PEs compute in; energy, and area of cores without a type.
  std::vector<Core> cores;
  std::vector<Core> left_out;  ///< They do not compute in `pe_type`, and take nothing but their area.
  OnChipMemory sram;
  Dram dram;
  Links links;
  ModelOptions model;

  [[nodiscard]] std::int64_t pes() const;  ///< Of `cores`.
};

/// "core0", if the accelerator does not name it.
[[nodiscard]] std::string core_name(const Accelerator& accelerator, std::size_t core);

}  // namespace fusescape
