// How is independent work spread over cores, so that the result does not depend on how many there are?
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace fusescape {

/// Runs work(0) ... work(count - 1) on `jobs` threads (0: one per core), each once, in no order; none starts
/// once `stop` is requested. `work` writes only to its own slot. If calls throw, the exception of the
/// smallest index leaves.
void parallel_for(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
                  const std::stop_token& stop = {});

}  // namespace fusescape
