// How is an array divided between threads? In as many contiguous parts as there are threads; nothing throws
// inside.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstddef>

namespace fusescape {

/// Threads worth using for so many elements: one for every 65,536 at most. `jobs` 0: one per core.
[[nodiscard]] inline std::size_t thread_count(std::size_t elements, int jobs) {
  constexpr std::size_t kLeastPart = 65'536;
  const int wanted = jobs > 0 ? jobs : omp_get_num_procs();
  return std::clamp(elements / kLeastPart, std::size_t{1}, static_cast<std::size_t>(wanted));
}

/// Calls work(part, begin, end) for `parts` contiguous ranges that cover 0 ... size - 1, each on a thread of
/// its own. `work` must not throw.
template <class Work>
void for_parts(std::size_t size, std::size_t parts, const Work& work) {
  if (parts <= 1) return work(0, 0, size);
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(parts))
  for (std::size_t part = 0; part < parts; ++part) {
    work(part, part * size / parts, (part + 1) * size / parts);
  }
}

}  // namespace fusescape
