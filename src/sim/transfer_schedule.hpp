// When does each step of a group run, and each of its transfers? One core in program order, one or two DRAM
// ports.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/support/time.hpp"
#include "slab_program.hpp"

namespace fusescape {

inline constexpr std::int64_t kNoStep = -1;

struct StepLoad {
  TensorId tensor{};
  Bytes bytes{};
  Ticks time{};                        ///< On the port; 0 beside a longer load of the same operator.
  std::int64_t step = 0;               ///< That needs it.
  std::int64_t from_step = 0;          ///< It may start when this one may: there is room for it.
  std::int64_t after_store = kNoStep;  ///< Position of the store that has to be over.
  std::uint32_t beside = 0;            ///< Loads of a step with equal numbers run side by side; 0: alone.
  bool while_running = false;          ///< It passes through while the step runs.
  bool again = false;                  ///< It was on chip before.
};

struct StepStore {
  enum class When : unsigned char {
    kBefore,        ///< It makes room for the step.
    kWhileRunning,  ///< It passes through while the step runs.
    kAfter,
  };
  TensorId tensor{};
  Bytes bytes{};
  Ticks time{};
  std::int64_t step = 0;
  When when{};
  std::int64_t wait_step = kNoStep;  ///< This one cannot start before it is over.
  bool planned = false;              ///< The plan asks for it in any case.
};

/// A step from which on what follows may be what followed an earlier one.
struct RepeatPoint {
  IterationStart start;
  std::int64_t memory = 0;             ///< Equal for equal decisions about memory from here on.
  std::vector<std::int64_t> stores{};  ///< Positions of stores that later loads may have to wait for.
};

struct TransferProgram {
  std::vector<Ticks> steps;       ///< Time of each on PEs and on-chip ports.
  std::vector<StepLoad> loads;    ///< In the order of `step`.
  std::vector<StepStore> stores;  ///< In the order of `step`, and of `when` within one.
  std::vector<LongLoop> loops{};
  std::vector<RepeatPoint> points{};  ///< In the order of steps.
};

struct TimeSpan {
  Ticks start;
  Ticks end;
};

/// A load that fills gaps has several.
struct LoadPart {
  std::size_t load = 0;  ///< Position in TransferProgram::loads.
  TimeSpan time;
};

/// Periods that were not run one by one.
struct SkippedPeriods {
  TimeSpan time;
  std::int64_t periods = 0;
};

struct TransferTimes {
  std::vector<TimeSpan> steps;
  std::vector<Ticks> free;           ///< Per step: since when the core waits for it.
  std::vector<std::int64_t> runs;    ///< Per step.
  std::vector<TimeSpan> loads;       ///< From the first byte to the last.
  std::vector<LoadPart> load_parts;  ///< When the port is busy with them, in order of time.
  std::vector<TimeSpan> stores;
  Ticks end;        ///< Of all, counted from the start of the group.
  Ticks read_busy;  ///< Of a shared port: of loads and stores together, here.
  Ticks write_busy;
  std::array<Ticks, kStallCount> stall{};
  std::vector<SkippedPeriods> skipped{};
  std::vector<LoopFound> found{};  ///< Per long loop.
};

/// Transfers are served in the order in which they are ready, stores first at ties. A load that is ready long
/// before its step fills what gaps others leave.
/// Runs of long loops are continued by the iterations that the program leaves out, if these repeat.
[[nodiscard]] TransferTimes transfer_times(const TransferProgram& program, Ports ports);

/// Bytes per tensor that moves, if step k runs `runs[k]` times; `group` is left to the caller.
[[nodiscard]] std::vector<SimTraffic> traffic_of(const TransferProgram& program,
                                                 const std::vector<std::int64_t>& runs);

}  // namespace fusescape
