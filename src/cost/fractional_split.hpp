// How long do the cores take at least, if each kind's operations may be split over them at will?
#pragma once

#include <vector>

namespace fusescape {

/// Time that all operations of one kind would take one core alone; infinite if it cannot run them.
using TimesByCore = std::vector<double>;

/// The makespan of the best fractional split, from below: min over shares x[k][c] >= 0, whose sum over c is
/// 1, of the max over cores c of sum over k of x[k][c] * kinds[k][c]. Rounding errors only make it smaller by
/// what they are. Expects each kind to have a finite time on some core.
[[nodiscard]] double fractional_makespan(const std::vector<TimesByCore>& kinds);

}  // namespace fusescape
