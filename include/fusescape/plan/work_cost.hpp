// How long does an operator take the PEs in one tile, and what does it read and write on chip?
//
// Inline: it is the innermost part of every evaluation (docs/model/onchip.md has the formulas).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "fusescape/arch/machine.hpp"
#include "fusescape/plan/work.hpp"

namespace fusescape {

/// What one operator takes in one tile. Plain integers: whoever calls has checked that its counts are small
/// enough (the product of operations, accesses, bits and cycles fits 64 bits).
struct WorkCost {
  std::int64_t compute = 0;       ///< Cycles.
  std::int64_t read_bits = 0;     ///< From the on-chip memory.
  std::int64_t written_bits = 0;  ///< To it.

  WorkCost& operator+=(const WorkCost& other) {
    compute += other.compute;
    read_bits += other.read_bits;
    written_bits += other.written_bits;
    return *this;
  }
  [[nodiscard]] Bytes read() const { return Bytes{(read_bits + 7) / 8}; }
  [[nodiscard]] Bytes written() const { return Bytes{(written_bits + 7) / 8}; }
};

/// Three inputs and an output are the most that any kind has.
inline constexpr std::size_t kMostAccesses = 4;

using PerDimension = std::array<std::int64_t, kDimensionCount>;

/// How often the hardware has to be filled to cover `extent`.
inline std::int64_t steps_over(std::int64_t extent, std::int64_t size) {
  if (extent <= size) return 1;
  constexpr std::int64_t kNarrow = std::numeric_limits<std::uint32_t>::max();
  if (extent <= kNarrow) {  // A 32-bit division takes a third of the time.
    return (static_cast<std::uint32_t>(extent) - 1) / static_cast<std::uint32_t>(size) + 1;
  }
  return ceil_div(extent, size);
}

/// Elements of an operand read over all spatial steps of one dimension.
inline std::int64_t coverage(Share share, std::int64_t part, std::int64_t steps, std::int64_t size) {
  switch (share) {
    case Share::kNone:
      return steps;
    case Share::kAll:
      return part;
    case Share::kPrefix:
      return std::max(part, steps);
    case Share::kSuffix:
      return steps * std::min(part, size);
  }
  return steps;
}

/// One operator on one machine's array.
class WorkEvaluation {
 public:
  WorkEvaluation(const WorkTable& table, const OperatorWork& work, const Engine& engine)
      : work_{work},
        accesses_{table.accesses.data() + work.first_access},
        sizes_{engine.count, engine.rows, engine.cols, engine.rows * engine.cols} {
    for (std::size_t d = 0; d < kDimensionCount; ++d) steps_[d] = steps_over(work.extent[d], sizes_[d]);
    for (std::uint32_t i = 0; i < work.access_count; ++i) covered_[i] = covered(accesses_[i]);
  }

  [[nodiscard]] WorkCost run(std::int64_t cycles_per_op, std::int64_t fill) const {
    WorkCost best = traffic(work_.temporal, 0);
    for (std::size_t i = 0; i < kMostCandidates && work_.stationary[i].temporal > 0; ++i) {
      const WorkCost cost = traffic(work_.stationary[i].temporal, 1U << i);
      if (cost.read_bits + cost.written_bits < best.read_bits + best.written_bits) best = cost;
    }
    best.compute = work_.temporal * steps_[0] * steps_[1] * steps_[2] * steps_[3] * cycles_per_op + fill;
    return best;
  }

 private:
  /// Operands with a bit of `staying` move `temporal` times, others at every step in time.
  [[nodiscard]] WorkCost traffic(std::int64_t temporal, unsigned staying) const {
    WorkCost cost;
    for (std::uint32_t i = 0; i < work_.access_count; ++i) {
      const OperandAccess& operand = accesses_[i];
      if (!operand.on_chip) continue;
      const bool stays = (operand.stays & staying) != 0;
      const std::int64_t moved = covered_[i] * (stays ? temporal : work_.temporal);
      const std::int64_t unfinished = operand.written ? moved - operand.elements : moved;  // Sums come back.
      cost.read_bits += unfinished * operand.bits;
      if (operand.written) cost.written_bits += moved * operand.bits;
    }
    return cost;
  }

  [[nodiscard]] std::int64_t covered(const OperandAccess& operand) const {
    std::int64_t elements = 1;
    for (std::size_t d = 0; d < kDimensionCount; ++d) {
      if (work_.extent[d] != 1) elements *= coverage(operand.share[d], operand.part[d], steps_[d], sizes_[d]);
    }
    return elements;
  }

  const OperatorWork& work_;
  const OperandAccess* accesses_;
  PerDimension sizes_;
  PerDimension steps_{};
  std::array<std::int64_t, kMostAccesses> covered_{};  ///< Elements of each operand over all spatial steps.
};

/// Expects an engine that runs operators of this kind.
[[nodiscard]] inline WorkCost work_cost(const WorkTable& table, const OperatorWork& work,
                                        const Engine& engine, std::int64_t fill) {
  return WorkEvaluation{table, work, engine}.run(engine.cycles_per_op, fill);
}

/// Of all operators of a table one after another; `engine_of` is indexed by OpId.
[[nodiscard]] inline WorkCost work_cost(const WorkTable& table, const std::vector<Engine>& engine_of,
                                        const ModelOptions& model) {
  WorkCost sum;
  for (const OperatorWork& work : table.operators) {
    sum += work_cost(table, work, engine_of[index_of(work.op)], model.fill_cycles.value());
  }
  return sum;
}

}  // namespace fusescape
