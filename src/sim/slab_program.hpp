// Which slabs does a group use, operator by operator? Its plan, unrolled, before any decision about memory.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/arch/machine.hpp"
#include "fusescape/plan/iteration.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/sim/memory.hpp"
#include "fusescape/support/time.hpp"
#include "long_loops.hpp"

namespace fusescape {

/// What one buffer holds between two changes of its content.
struct ProgramSlab {
  TensorId tensor{};
  std::uint32_t buffer = 0;  ///< Of the group's layout.
  std::int64_t visit = 0;    ///< The how manieth of its buffer.
  Bytes bytes;               ///< On chip.
  Bytes load{};              ///< From DRAM at its first use; 0 if it is made here.
  Bytes store{};             ///< To DRAM after its last update, in any case.
  Box box{};                 ///< Its elements, where other groups make or read them.
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;
  std::int64_t stored_step = -1;  ///< After which it is stored.
};

struct SlabStepUse {
  std::uint32_t slab = 0;
  SlabUse::Kind kind{};
  bool whole = false;
};

/// Operators that run as one piece.
struct StepPiece {
  NodeId node = kRoot;
  std::vector<NodeId> leaves{};  ///< Operators, or one chain.
  std::vector<OpId> operators{};
};

/// What one step asks of PEs and on-chip ports.
struct StepWork {
  Ticks time{};     ///< Of PEs or on-chip ports, the longer.
  Ticks compute{};  ///< On the PEs alone.
  Bytes read{};     ///< On chip.
  Bytes written{};
};

struct SlabStep {
  std::uint32_t piece = 0;
  std::uint32_t work = 0;  ///< Position in SlabProgram::works.
  std::uint32_t first_use = 0;
  std::uint32_t use_count = 0;
};

/// An iteration of a long loop begins.
struct IterationStart {
  std::int64_t step = 0;
  std::uint32_t loop = 0;      ///< Position in the list of long loops.
  std::int64_t index = 0;      ///< Of the iteration.
  std::int64_t head_step = 0;  ///< After the loop's head,
  std::int64_t tail_step = 0;  ///< and with which its tail begins.
  bool regular = false;        ///< Past the head, and too early to see the tail.

  /// Whether a step belongs to the part that repeats, so that it is told by its distance.
  [[nodiscard]] bool moves(std::int64_t other) const { return other >= head_step && other < tail_step; }
};

struct SlabProgram {
  std::vector<StepPiece> pieces;
  std::vector<StepWork> works;
  std::vector<SlabStep> steps;
  std::vector<SlabStepUse> uses;
  std::vector<ProgramSlab> slabs;
  std::vector<int> slots;                ///< Per buffer.
  std::vector<std::uint32_t> load_with;  ///< Per buffer: equal numbers load side by side; 0: on its own.
  std::vector<IterationStart> starts;    ///< In order; of an outer loop before those inside.
};

/// What all steps do together.
struct WorkTotals {
  std::vector<std::int64_t> runs;  ///< Per piece.
  std::vector<Ticks> compute;      ///< Per piece, on the PEs alone.
  Ticks onchip{};                  ///< In which steps run and PEs wait for on-chip ports.
  Bytes read{};                    ///< On chip.
  Bytes written{};
};

/// How many operators make a step.
enum class StepSize : unsigned char { kOperator, kBody };

/// What a group depends on beside memory.
struct SlabContext {
  const Cascade& cascade;
  const Plan& plan;  ///< Of this group alone.
  const GroupLayout& layout;
  const Machine& machine;
  const std::vector<Engine>& engine_of;  ///< Per operator.
  Bytes granule;
};

/// `loops` are those whose iterations are noted.
[[nodiscard]] SlabProgram slab_program(const SlabContext& context, StepSize size,
                                       const std::vector<LongLoop>& loops = {});

/// If step k runs `runs[k]` times.
[[nodiscard]] WorkTotals work_totals(const SlabProgram& program, const std::vector<std::int64_t>& runs);

}  // namespace fusescape
