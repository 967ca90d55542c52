#include "useful_candidates.hpp"

#include <algorithm>
#include <optional>

#include "candidates.hpp"
#include "fusescape/search/nest_bounds.hpp"
#include "group_trials.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

/// A nest that has not been laid out: what it costs at least.
struct Draft {
  Candidate candidate;
  Weights least;
};

void sort_lightest_first(std::vector<Draft>& drafts) {
  std::stable_sort(drafts.begin(), drafts.end(),
                   [](const Draft& a, const Draft& b) { return in_order(a.least) < in_order(b.least); });
}

/// Drops candidates that another is no worse than; of equals the first stays. Lightest first.
void keep_useful(std::vector<Draft>& drafts) {
  sort_lightest_first(drafts);
  std::vector<Draft> kept;
  Frontier frontier;
  for (Draft& draft : drafts) {
    if (frontier.outdoes(draft.least)) continue;
    frontier.add(draft.least);
    kept.push_back(std::move(draft));
  }
  drafts = std::move(kept);
}

/// All nests that may be useful; of the orders of one tiling only the one that moves least.
std::vector<Draft> drafts_of(const Planner& planner, OpId op) {
  const Cascade& cascade = planner.cascade();
  const std::vector<OpId>& members = planner.unit(op);
  const OpId first = members.front();
  std::vector<Draft> found;
  if (members.size() > 1 || !has_nest_space(cascade, first)) {
    for (Candidate& nest : planner.nests(op)) found.push_back({std::move(nest), {}});
    return found;
  }
  const Engine& engine = planner.array().engines[static_cast<std::size_t>(cascade.op(first).kind)];
  const NestSpace space = nest_space(cascade, planner.spatial()[index_of(first)], engine, first);
  NestWork work{cascade, planner.spatial(), planner.array(), first};
  for_each_tiling(space, [&](const Tiling& tiling, std::size_t fixed) {
    std::optional<Draft> best;
    for_each_order(tiling, fixed, [&](const Loops& loops) {
      const NestBounds bounds = nest_bounds(cascade, planner.options(), first, loops);
      if (best && best->least.moved <= bounds.moved) return;
      best = Draft{{.loops = loops, .operators = members}, {bounds.moved, bounds.held, bounds.ends, {}}};
    });
    best->least.array = work.of(best->candidate.loops);
    found.push_back(std::move(*best));
  });
  return found;
}

}  // namespace

std::vector<Candidate> useful_candidates(const Planner& planner, OpId op, const std::stop_token& stop) {
  std::vector<Draft> tried = drafts_of(planner, op);
  sort_lightest_first(tried);
  GroupTrials trials{planner.cascade(), planner.spatial(), planner.options()};
  Frontier frontier;
  std::vector<Draft> useful;
  for (Draft& draft : tried) {
    if (stop.stop_requested()) break;
    if (frontier.outdoes(draft.least) || !trials.run(draft.candidate)) continue;
    const ArrayWork work = array_work(draft.candidate.profile, planner.array());
    draft.candidate.compute = work.compute;
    draft.least = weights_of(draft.candidate.profile, work);
    frontier.add(draft.least);
    useful.push_back(std::move(draft));
  }
  keep_useful(useful);
  std::vector<Candidate> kept;
  kept.reserve(useful.size());
  for (Draft& draft : useful) kept.push_back(std::move(draft.candidate));
  return kept;
}

}  // namespace fusescape
