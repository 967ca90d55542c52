#include "fusescape/search/parallel_for.hpp"

#include <omp.h>

#include <exception>
#include <vector>

namespace fusescape {

void parallel_for(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
                  const std::stop_token& stop) {
  std::vector<std::exception_ptr> errors(count);  // Nothing may throw out of the region.
#pragma omp parallel for schedule(dynamic) num_threads(jobs > 0 ? jobs : omp_get_num_procs())
  for (std::size_t i = 0; i < count; ++i) {
    if (stop.stop_requested()) continue;
    try {
      work(i);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace fusescape
