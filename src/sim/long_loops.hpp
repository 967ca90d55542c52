// Which loops of a group repeat, and how much of them need not be run? A shorter cascade whose run contains
// all that differs.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/plan/layout.hpp"

namespace fusescape {

/// Operators and chains below `node`, each of which is one step.
[[nodiscard]] std::int64_t leaves_below(const Plan& plan, NodeId node);

/// A loop of which a run may leave out iterations that repeat.
struct LongLoop {
  NodeId node = kRoot;
  std::int64_t head = 0;      ///< Iterations at its start that may differ from those that follow.
  std::int64_t tail = 0;      ///< Likewise at its end.
  std::int64_t margin = 0;    ///< Iterations before the tail from which it can be seen.
  std::int64_t left_out = 0;  ///< How many iterations the shorter cascade lacks, in each run of the loop.
};

/// What a run found out about one LongLoop.
struct LoopFound {
  bool repeats = true;      ///< In each run of the loop.
  std::int64_t period = 1;  ///< Iterations, a common multiple of those of all runs.
};

/// Shortens the ranks of one group as far as what is left out repeats.
class Shortening {
 public:
  /// `plan` is that of the group alone; decisions look at most `window` steps ahead.
  Shortening(const Cascade& cascade, const Plan& plan, const GroupLayout& group, std::int64_t window);

  /// The cascade whose plan is run. Only extents differ.
  [[nodiscard]] Cascade cascade() const;
  [[nodiscard]] std::vector<LongLoop> loops() const;
  /// True if the run that found this stands for the whole. If not, the next cascade() is a better one.
  [[nodiscard]] bool settled(const std::vector<LoopFound>& found);
  /// Leaves out nothing any more.
  void give_up();

 private:
  struct RankLoop {
    LongLoop loop;
    std::int64_t per_unit = 1;  ///< Iterations.
  };
  struct LongRank {
    RankId rank{};
    std::int64_t unit = 1;      ///< Elements: whole tiles of all its loops.
    std::int64_t units = 0;     ///< In the whole rank, ragged rest aside.
    std::int64_t kept = 0;      ///< That must be run at least.
    std::int64_t multiple = 1;  ///< Of how many units is left out.
    std::vector<RankLoop> loops{};

    [[nodiscard]] std::int64_t left_out() const {
      return kept >= units ? 0 : (units - kept) / multiple * multiple;
    }
  };

  [[nodiscard]] bool repeats(RankId rank) const;
  void add_rank(RankId rank, std::int64_t window);
  [[nodiscard]] RankLoop rank_loop(NodeId node, std::int64_t reach, std::int64_t window) const;

  const Cascade& cascade_;
  const Plan& plan_;
  const GroupLayout& group_;
  std::vector<LongRank> ranks_;
};

}  // namespace fusescape
