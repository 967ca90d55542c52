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
  std::int64_t runs = 0;
  Ticks compute{};  ///< Of all its runs, on the PEs alone.
};

struct SlabStep {
  std::uint32_t piece = 0;
  Ticks time;  ///< Of PEs or on-chip ports, the longer.
  std::uint32_t first_use = 0;
  std::uint32_t use_count = 0;
};

struct SlabProgram {
  std::vector<StepPiece> pieces;
  std::vector<SlabStep> steps;
  std::vector<SlabStepUse> uses;
  std::vector<ProgramSlab> slabs;
  std::vector<int> slots;                ///< Per buffer.
  std::vector<std::uint32_t> load_with;  ///< Per buffer: equal numbers load side by side; 0: on its own.
  Bytes onchip_read{};
  Bytes onchip_written{};
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

[[nodiscard]] SlabProgram slab_program(const SlabContext& context, StepSize size);

}  // namespace fusescape
