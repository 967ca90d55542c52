// What does an operator ask of the PEs and of the memory above them in one tile?
//
// Independent of array shape and bandwidth; plan/work_cost.hpp prices it on a machine (docs/model/onchip.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// The part of an operator's iteration space that lies on one dimension of the hardware: the product of the
/// extents of the ranks mapped there, within one tile.
enum class Dimension : unsigned char { kCores, kRows, kCols, kFlat };
inline constexpr std::size_t kDimensionCount = 4;

/// How an operand's ranks share one dimension's product: decides how often it is read (docs/model/onchip.md).
enum class Share : unsigned char {
  kNone,    ///< It has none of these ranks: one read serves the dimension, and every step reads again.
  kAll,     ///< It has all of them.
  kPrefix,  ///< The slowest ones.
  kSuffix,  ///< Others.
};

/// One operand of an operator within a tile, as the on-chip memory sees it.
struct OperandAccess {
  std::array<Share, kDimensionCount> share{};
  std::array<std::int64_t, kDimensionCount> part{1, 1, 1, 1};  ///< Its share of each dimension's product.
  std::int64_t elements = 1;                                   ///< Of the operand that the tile touches.
  int bits = 0;
  bool written = false;    ///< The output; partial sums are also read back.
  bool on_chip = true;     ///< False inside a chain: registers only.
  std::uint8_t stays = 0;  ///< Bit i: it does not change along stationary candidate i.
};

/// A rank that may be innermost in time, so that operands which lack it stay where they are.
struct StationaryCandidate {
  std::int64_t temporal = 0;  ///< OperatorWork::temporal without this rank; 0: no such candidate.
};
inline constexpr std::size_t kMostCandidates = 4;

/// An operator's work in one tile.
struct OperatorWork {
  OpId op{};
  OpKind kind{};
  std::int64_t ops = 0;       ///< Product of its iteration space in the tile.
  std::int64_t temporal = 1;  ///< Product of the extents of the ranks that are not on hardware.
  std::array<std::int64_t, kDimensionCount> extent{1, 1, 1, 1};
  std::array<StationaryCandidate, kMostCandidates> stationary{};
  std::uint32_t first_access = 0;  ///< Into WorkTable::accesses.
  std::uint32_t access_count = 0;
};

/// Work of many operators and tiles, and what each touches.
struct WorkTable {
  std::vector<OperatorWork> operators;
  std::vector<OperandAccess> accesses;
};

/// Whether no count of a tile with this work can leave 64 bits on any machine: it takes at most one step, and
/// one access of each operand, for each operation.
[[nodiscard]] bool is_countable(std::span<const OperatorWork> work);

/// Appends the work of `node` (an operator, or a chain of them) in a tile of the given extents, one per rank
/// of the cascade.
void append_work(const Cascade& cascade, const Plan& plan, NodeId node,
                 const std::vector<std::int64_t>& extent, WorkTable& table);

}  // namespace fusescape
