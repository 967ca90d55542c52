#include "fusescape/plan/windows.hpp"

#include <algorithm>

namespace fusescape {

bool steps_along_window(const Plan& plan, NodeId node, const Access& access) {
  const std::vector<PathLoop> loops = loops_above(plan, node);
  return std::any_of(access.indices.begin(), access.indices.end(), [&](const Index& index) {
    return index.tap && std::any_of(loops.begin(), loops.end(),
                                    [&](const PathLoop& loop) { return loop.rank == index.rank; });
  });
}

}  // namespace fusescape
