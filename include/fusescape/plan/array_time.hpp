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
  [[nodiscard]] Bytes read() const { return whole_bytes(read_bits); }
  [[nodiscard]] Bytes written() const { return whole_bytes(written_bits); }

 private:
  /// Rounded up. Bits are never negative; so said, the division is a shift.
  [[nodiscard]] static Bytes whole_bytes(std::int64_t bits) {
    return Bytes{static_cast<std::int64_t>((static_cast<std::uint64_t>(bits) + 7) / 8)};
  }
};

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

[[nodiscard]] inline PerDimension sizes_of(const Engine& engine) {
  return {engine.count, engine.rows, engine.cols, engine.rows * engine.cols};
}

/// What an operator asks in a tile whose spatial steps are known.
struct SpatialWork {
  std::array<std::int64_t, kMostAccesses> covered{};  ///< Bits of each operand, over all spatial steps.
  std::uint32_t operands = 0;                         ///< The last one is the output.
  std::int64_t steps = 1;
  std::int64_t temporal = 1;     ///< Times that all of the steps run.
  std::int64_t output_bits = 0;  ///< OperatorWork's.
};

/// Operands move at every step in time, but those that a stationary rank lets stay: of `candidates` ranks the
/// one that saves most, of equals the first. `repeats(c)` is StationaryCandidate's, `stays(c, i)` whether
/// operand i does not change along rank c. Sums come back from the on-chip memory but the first time.
template <class Repeats, class Stays>
[[nodiscard]] inline WorkCost cost_in_time(const SpatialWork& work, std::uint32_t candidates,
                                           const Repeats& repeats, const Stays& stays, const Engine& engine,
                                           std::int64_t fill) {
  const std::uint32_t output = work.operands - 1;
  std::int64_t read = 0;
  for (std::uint32_t i = 0; i < output; ++i) read += work.covered[i];
  std::int64_t most = 0;
  std::int64_t saved_reads = 0;
  std::int64_t saved_writes = 0;
  for (std::uint32_t c = 0; c < candidates; ++c) {
    std::int64_t reads = 0;
    for (std::uint32_t i = 0; i < output; ++i) reads += stays(c, i) ? work.covered[i] * repeats(c) : 0;
    const std::int64_t writes = stays(c, output) ? work.covered[output] * repeats(c) : 0;
    if (reads + 2 * writes <= most) continue;
    most = reads + 2 * writes;
    saved_reads = reads;
    saved_writes = writes;
  }
  WorkCost cost;
  cost.written_bits = work.covered[output] * work.temporal - saved_writes;
  cost.read_bits = read * work.temporal - saved_reads + cost.written_bits - work.output_bits;
  cost.compute = engine.cycles(work.temporal * work.steps) + fill;
  return cost;
}

/// One operator on one machine's array.
class WorkEvaluation {
 public:
  WorkEvaluation(const WorkTable& table, const OperatorWork& work, const Engine& engine)
      : work_{work},
        engine_{engine},
        accesses_{table.accesses.data() + work.first_access},
        sizes_{sizes_of(engine)} {
    for (std::size_t d = 0; d < kDimensionCount; ++d) steps_[d] = steps_over(work.extent[d], sizes_[d]);
  }

  [[nodiscard]] std::int64_t spatial_steps() const { return steps_[0] * steps_[1] * steps_[2] * steps_[3]; }
  /// Of an operand, over all spatial steps.
  [[nodiscard]] std::int64_t covered_bits(std::uint32_t operand) const {
    const OperandAccess& access = accesses_[operand];
    std::int64_t bits = access.whole_bits;
    for (std::uint32_t i = 0; i < access.partial_count; ++i) {
      const PartialShare& partial = access.partial[i];
      const auto d = static_cast<std::size_t>(partial.dimension);
      bits *= coverage(partial.share, partial.part, steps_[d], sizes_[d]);
    }
    return bits;
  }

  [[nodiscard]] WorkCost run(std::int64_t fill) const {
    SpatialWork work{.operands = work_.access_count,
                     .steps = spatial_steps(),
                     .temporal = work_.temporal,
                     .output_bits = work_.output_bits};
    for (std::uint32_t i = 0; i < work.operands; ++i) work.covered[i] = covered_bits(i);
    return cost_in_time(
        work, work_.stationary_count, [&](std::uint32_t c) { return work_.stationary[c].repeats; },
        [&](std::uint32_t c, std::uint32_t i) { return ((accesses_[i].stays >> c) & 1U) != 0; }, engine_,
        fill);
  }

 private:
  const OperatorWork& work_;
  const Engine& engine_;
  const OperandAccess* accesses_;
  PerDimension sizes_;
  PerDimension steps_{};
};

/// Expects an engine that runs operators of this kind.
[[nodiscard]] inline WorkCost work_cost(const WorkTable& table, const OperatorWork& work,
                                        const Engine& engine, std::int64_t fill) {
  return WorkEvaluation{table, work, engine}.run(fill);
}

/// Time of all operators of a table, one after another; `engine_of` is indexed by OpId.
[[nodiscard]] inline WorkCost work_cost(const WorkTable& table, const std::vector<Engine>& engine_of,
                                        const ModelOptions& model) {
  WorkCost sum;
  for (const OperatorWork& work : table.operators) {
    sum += work_cost(table, work, engine_of[index_of(work.op)], model.fill_cycles.value());
  }
  return sum;
}

}  // namespace fusescape
