// What does the clock ask of a memory policy? Who decides what is on chip, and when it is loaded and stored.
//
// To add one: a class in a file of its own, and a line in Clock's constructor.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "fusescape/sim/simulate.hpp"
#include "group_state.hpp"
#include "loop_pass.hpp"

namespace fusescape {

inline constexpr std::int64_t kAnyMemory = std::numeric_limits<std::int64_t>::max();

class Places {
 public:
  Places() = default;
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  Places(Places&&) = delete;
  Places& operator=(Places&&) = delete;
  virtual ~Places() = default;

  /// The group begins; each core is at its first tile.
  virtual void begin() = 0;
  /// Asks for the first slabs that fit `room`, while another group runs.
  virtual void prefetch(std::int64_t room) = 0;
  /// Why the core's tile cannot start or, having run, cannot end; none if it can.
  [[nodiscard]] virtual std::optional<Wait> wait(const CoreState& core) const = 0;
  /// Whether what the core was found to wait for is still not there, so that wait() need not be asked.
  [[nodiscard]] virtual bool still_waits(const CoreState& core) const = 0;
  /// Whether tiles may have to wait for something before they end.
  [[nodiscard]] virtual bool passes_through() const = 0;
  virtual void start(const CoreState& core) = 0;
  /// The core's tile has ended, and the loop at depth `next` around it goes on (kNoLoop: none does).
  virtual void end(const CoreState& core, int next) = 0;
  /// The core's next tile is another one.
  virtual void reach(const CoreState& core) = 0;
  virtual void complete(const Transfer& transfer) = 0;

  /// Bytes on chip, beside what is retained.
  [[nodiscard]] virtual std::int64_t on_chip() const = 0;
  [[nodiscard]] virtual std::int64_t peak() const = 0;
  /// The least memory, in bytes, with which anything would have gone otherwise; kAnyMemory: none.
  [[nodiscard]] virtual std::int64_t least_lacked() const = 0;
  /// It cannot go on, whatever completes.
  [[nodiscard]] virtual bool is_stuck() const = 0;
  /// Why it cannot go on; group and tiles are left to the caller.
  [[nodiscard]] virtual SimFailure failure() const = 0;

  /// All that what follows depends on, and all that grows (periods.cpp).
  virtual void pass(LoopPass& pass) = 0;
};

}  // namespace fusescape
