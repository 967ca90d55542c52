// In which way does a group run: which tiles, how early its loads come, in how much memory?
#pragma once

#include <optional>

#include "clock.hpp"
#include "context.hpp"

namespace fusescape {

struct Trial {
  Ticks end{};
  std::int64_t least_lacked = 0;  ///< With less memory than this it ends no earlier.
};

/// How the group would end if it began in `state`, whether or not periods are skipped; none in a deadlock.
[[nodiscard]] std::optional<Trial> trial_of(const SimContext& context, const SimState& state,
                                            const GroupProgram& program);

/// What has a group in memory while another one runs.
enum class Beside : bool {
  kNothing,
  kAnother,  ///< Its first loads come in the group before it, or the next one's come in it.
};

/// The shortest of the ways that the options allow, beginning in `state`: on several cores, each has its own
/// sequence of tiles, or they take turns, as the closed form has it, one tile after another, each on all the
/// cores that it needs; in one sequence, in as much of the memory as makes it quickest.
void choose_way(const SimContext& context, const SimOptions& options, const SimState& state, Beside beside,
                GroupProgram& program);

}  // namespace fusescape
