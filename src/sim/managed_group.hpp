// What does a group move under memory management, step by step? Decisions, before anything is timed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/sim/simulate.hpp"
#include "kept_tensors.hpp"
#include "slab_program.hpp"
#include "transfer_schedule.hpp"

namespace fusescape {

/// How many bytes a tensor has on chip from a step on.
struct MemorySample {
  std::int64_t step = 0;
  TensorId tensor{};
  Bytes tensor_bytes;
  Bytes total;
};

struct ManagedGroup {
  TransferProgram transfers;
  std::vector<SimTraffic> traffic;  ///< Per tensor that moves; `group` is left to the caller.
  Bytes peak;
  std::vector<MemorySample> memory;
};

/// A step that cannot run.
struct StuckStep {
  std::uint32_t piece = 0;
  MemoryDeadlock why;
  std::vector<SimHolder> held;
};

/// A group that does not fit: all of the memory is managed, slab by slab. Expects steps of one operator.
[[nodiscard]] expected<ManagedGroup, StuckStep> spilling_group(const SlabContext& context,
                                                               const SlabProgram& program, Eviction policy,
                                                               Bytes page);

/// A group in its static buffers, of `footprint` bytes; what is kept of tensors between groups has the rest.
[[nodiscard]] ManagedGroup static_group(const SlabContext& context, const SlabProgram& program,
                                        Bytes footprint, KeptTensors& kept);

}  // namespace fusescape
