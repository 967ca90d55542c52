// Which of some candidates is the best on a machine? (docs/adr/tiling-of-single-operators.md)
#pragma once

#include <vector>

#include "fusescape/search/planner.hpp"

namespace fusescape {

/// What groups around one operator take a machine at the least.
class LeastTime {
 public:
  LeastTime(const Planner& planner, OpId op, const Machine& machine);

  /// Of a group of these weights: whatever runs, or the port, whichever is busy for longer; what moves before
  /// the first tile and after the last one is beside all tiles. Less weight never makes it more. Nothing if a
  /// weight has overflowed.
  [[nodiscard]] Ticks of(const Weights& weights) const;
  /// At most `of`, by a few parts in 10^15, and much quicker.
  [[nodiscard]] double about(const Weights& weights) const;
  /// Of one that moves so much and keeps the PEs busy for so long, neither of which has overflowed.
  [[nodiscard]] Ticks of(Bytes moved, Cycles compute) const;

 private:
  const Machine& machine_;
  double ticks_per_cycle_ = 0.0;
  double port_ticks_ = 0.0;    ///< Per byte, of the on-chip ports.
  bool side_by_side_ = false;  ///< Inputs are loaded so: it is not known how long the port is busy.
};

struct BestCandidate {
  const Candidate* candidate = nullptr;  ///< None if none fits.
  Ticks latency{};                       ///< What it takes.
  Ticks least{};                         ///< What the fastest that fits takes.
  /// It stays the best with a smaller memory that has room for it and for the fastest one, and with slower
  /// on-chip ports that neither of them waits for. Null: whatever becomes of the fastest.
  const Candidate* fastest = nullptr;
  bool even = false;  ///< No row of it ends short: none is preferred that is not faster.
};

/// Planner::best of `candidates`, ways to run `op` alone, which come lightest first.
[[nodiscard]] BestCandidate best_of(const Planner& planner, OpId op, const std::vector<Candidate>& candidates,
                                    const Machine& machine);

}  // namespace fusescape
