#include "useful_candidates.hpp"

#include <utility>

#include "candidates.hpp"
#include "nest_drafts.hpp"

namespace fusescape {

std::vector<Candidate> useful_candidates(const Planner& planner, OpId op, const std::stop_token& stop) {
  const OpId first = planner.unit(op).front();
  if (planner.unit(op).size() == 1 && has_nest_space(planner.cascade(), first)) {
    return NestDrafts{planner, first}.useful(stop);
  }
  std::vector<Candidate> tried;
  for (Candidate& nest : planner.nests(op)) {
    if (stop.stop_requested()) break;
    if (planner.try_profile(nest)) tried.push_back(std::move(nest));
  }
  return without_outdone(std::move(tried));
}

}  // namespace fusescape
