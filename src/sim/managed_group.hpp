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
  Bytes peak;
  std::vector<MemorySample> memory;
};

/// A step that cannot run.
struct StuckStep {
  std::uint32_t piece = 0;
  MemoryDeadlock why;
  std::vector<SimHolder> held;
};

/// How memory is managed in a group that does not fit.
struct Spilling {
  Eviction policy{};
  Bytes page;              ///< What leaves, leaves in whole ones.
  std::int64_t ahead = 0;  ///< A load starts at most so many steps before its own.
};

/// A group that does not fit: all of the memory is managed, slab by slab. Expects steps of one operator.
[[nodiscard]] expected<ManagedGroup, StuckStep> spilling_group(const SlabContext& context,
                                                               const SlabProgram& program,
                                                               const Spilling& spilling);

/// Steps of one operator in a plan of one group.
[[nodiscard]] Elements step_count(const Cascade& cascade, const Plan& plan);

/// How a group that fits, and makes or reads what is kept, begins.
struct Fitting {
  Bytes footprint;                 ///< Of its static buffers. What is kept between groups has the rest.
  bool on_demand = false;          ///< Its loads wait for the step before to end.
  std::vector<Leaving> leaving{};  ///< What no longer fits beside it leaves before its first step.
};

/// Runs it tile by tile in its static buffers.
[[nodiscard]] ManagedGroup static_group(const SlabContext& context, const SlabProgram& program,
                                        const Fitting& fitting, KeptTensors& kept);

/// A group, and when all of it happens.
struct TimedGroup {
  SlabProgram program;
  ManagedGroup group;
  TransferTimes times;
};

/// What is run one by one at most: more would take too much memory.
inline constexpr Elements kMostSteps{std::int64_t{1} << 23};

/// Runs a group that does not fit; with `steady`, without the iterations that repeat. Errors: kCapacity,
/// kOverflow, kTooLong; group and time are left to the caller.
[[nodiscard]] expected<TimedGroup, SimFailure> timed_spilling_group(const SlabContext& context,
                                                                    const Spilling& spilling, bool steady);

}  // namespace fusescape
