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
  Ratio efficiency{1};             ///< Core::efficiency.

  /// What so many operations of each PE take, one after another, at the rate that is attained: the nearest
  /// whole number, a half rounded up.
  [[nodiscard]] std::int64_t cycles(std::int64_t ops) const {
    const std::int64_t at_peak = ops * cycles_per_op;
    if (efficiency.denominator() == 1) return at_peak;
    const Int128 share = efficiency.numerator();
    const Int128 attained = 2 * static_cast<Int128>(at_peak) * efficiency.denominator() + share;
    return static_cast<std::int64_t>(attained / (2 * share));
  }
  /// No number of operations takes more for each of them.
  [[nodiscard]] std::int64_t most_cycles_per_op() const {
    if (efficiency.denominator() == 1) return cycles_per_op;
    return cycles_per_op == 0 ? 0 : cycles(1) + 1;
  }
};

struct Machine {
  std::array<Engine, kOpKindCount> engines{};
  std::int64_t pes = 0;
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
