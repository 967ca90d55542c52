// What does an operator ask of the PEs and of the memory above them in one tile?
//
// Independent of array shape and bandwidth; plan/array_time.hpp prices it on a machine
// (docs/model/onchip.md).
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

/// Part of an operand along one dimension, where how much of it is read depends on the hardware's size there.
struct PartialShare {
  Dimension dimension{};
  Share share{};          ///< Not kAll.
  std::int64_t part = 1;  ///< Product of the operand's own extents on the dimension.
  bool operator==(const PartialShare&) const = default;
};

/// Three inputs and an output are the most that any kind has.
inline constexpr std::size_t kMostAccesses = 4;

/// One operand of an operator within a tile, as the on-chip memory sees it. The last one is the output, whose
/// partial sums are also read back.
struct OperandAccess {
  std::int64_t whole_bits = 0;  ///< Product of its extents on dimensions all of whose ranks it has, in bits;
                                ///< 0 inside a chain, where it passes through registers only.
  std::array<PartialShare, kDimensionCount> partial{};
  std::uint8_t partial_count = 0;  ///< Entries in use of `partial`.
  std::uint8_t stays = 0;          ///< Bit i: it does not change along stationary candidate i.
  int bits = 0;                    ///< Per element.
  bool operator==(const OperandAccess&) const = default;
};

/// A rank that may be innermost in time, so that operands which lack it stay where they are.
struct StationaryCandidate {
  std::int64_t repeats = 0;  ///< Times less that such an operand moves: OperatorWork::temporal less its
                             ///< quotient by this rank's extent.
  bool operator==(const StationaryCandidate&) const = default;
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
  std::uint32_t stationary_count = 0;  ///< Entries in use of `stationary`.
  std::int64_t output_bits = 0;        ///< Bits that the tile writes; 0 inside a chain.
  std::uint32_t first_access = 0;      ///< Into WorkTable::accesses.
  std::uint32_t access_count = 0;
  bool operator==(const OperatorWork&) const = default;
};

/// Work of many operators and tiles, and what each touches.
struct WorkTable {
  std::vector<OperatorWork> operators;
  std::vector<OperandAccess> accesses;
  bool operator==(const WorkTable&) const = default;
};

/// Whether no count of a tile with this work can leave 64 bits on any machine: it takes at most one step, and
/// one access of each operand, for each operation.
[[nodiscard]] bool is_countable(std::span<const OperatorWork> work);

/// Products of the extents that a tile has along some of an operator's ranks; those along all of them decide
/// its work. They stay at the largest value instead of wrapping; evaluate refuses it.
struct WorkProducts {
  Elements all{1};
  Elements in_time{1};
  std::array<Elements, kDimensionCount> on_hardware{};
  std::array<std::array<Elements, kDimensionCount>, kMostAccesses> of_operand{};  ///< On hardware.
  Elements made{1};
  /// A rank that may be innermost in time.
  struct Stationary {
    std::int64_t extent = 1;
    std::uint8_t moving = 0;     ///< The operands that change along it.
    std::uint16_t position = 0;  ///< Among the operator's ranks.
  };
  std::array<Stationary, kMostCandidates> stationary{};  ///< The first ones that have more than one element.
  std::uint32_t stationary_count = 0;
};

class ChainTraffic;

/// What of an operator's work does not depend on the tile.
class WorkShape {
 public:
  /// Alone, or as the next operator of a chain.
  WorkShape(const Cascade& cascade, const SpatialMapping& mapping, OpId op, ChainTraffic* chain = nullptr);

  /// Appends the work of a tile of the given extents, one per rank of the cascade.
  void append(const std::vector<std::int64_t>& extent, WorkTable& table) const;
  /// Same, from its products along all ranks.
  void append(const WorkProducts& products, WorkTable& table) const;

  /// Work of a tile with these extents along `ranks`; ranks that the operator lacks do not count.
  [[nodiscard]] WorkProducts products(const std::vector<std::int64_t>& extent,
                                      std::span<const RankId> ranks) const;
  /// Along the ranks of both, of which none is in both.
  [[nodiscard]] WorkProducts product(const WorkProducts& a, const WorkProducts& b) const;

 private:
  struct RankShape {
    RankId rank{};
    std::uint8_t operands = 0;  ///< Bit i: operand i changes along it.
    bool may_stay = false;      ///< In time, and some operand does not change along it.
    std::size_t dimension = 0;  ///< On which it lies; kDimensionCount: in time.
  };
  struct OperandShape {
    int bits = 0;
    bool on_chip = false;  ///< Not in registers only.
    std::array<Share, kDimensionCount> share{};
  };

  [[nodiscard]] static bool changes(std::uint32_t operand, std::uint8_t operands) {
    return ((static_cast<unsigned>(operands) >> operand) & 1U) != 0;
  }
  [[nodiscard]] static WorkProducts no_ranks();
  void multiply(WorkProducts& products, std::size_t position, std::int64_t extent) const;
  [[nodiscard]] OperandAccess access(std::uint32_t operand, const WorkProducts& products) const;

  OpId op_{};
  OpKind kind_{};
  std::uint32_t count_ = 0;  ///< Operands in use; the output is the last.
  std::array<OperandShape, kMostAccesses> operands_{};
  std::vector<RankShape> ranks_;
};

/// Appends the shapes of the operators at `node` (an operator, or a chain of them).
void append_shapes(const Cascade& cascade, const Plan& plan, NodeId node, std::vector<WorkShape>& shapes);

/// Appends the work of `node` (an operator, or a chain of them) in a tile of the given extents, one per rank
/// of the cascade.
void append_work(const Cascade& cascade, const Plan& plan, NodeId node,
                 const std::vector<std::int64_t>& extent, WorkTable& table);

}  // namespace fusescape
