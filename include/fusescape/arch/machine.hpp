// What does the evaluation path need to know of an accelerator? Its numbers, resolved once; no names, no
// search.
#pragma once

#include <array>
#include <cstdint>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// The core that runs one kind of operator, and how fast.
struct Engine {
  std::int64_t count = 1;
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  std::int64_t cycles_per_op = 0;  ///< 0: no core runs this kind.
};

struct Machine {
  std::array<Engine, kOpKindCount> engines{};
  std::int64_t pes = 0;
  bool one_kind = true;  ///< All cores are equal: they run as one.
  Bytes capacity;
  TickScale scale;
  std::int64_t dram_ticks_per_byte = 0;
  std::int64_t sram_read_ticks_per_byte = 0;   ///< 0: unlimited.
  std::int64_t sram_write_ticks_per_byte = 0;  ///< 0: unlimited.
  Ports dram_ports = Ports::kShared;
  Ports sram_ports = Ports::kShared;
  ModelOptions model;
  Ticks launch;  ///< ModelOptions::launch_cycles.
};

/// The ports' bandwidths have no common time base of at most 2^52 ticks per cycle.
struct NoTimeBase {};

[[nodiscard]] expected<Machine, NoTimeBase> make_machine(const Accelerator& accelerator);

}  // namespace fusescape
