#include "nest_drafts.hpp"

#include <algorithm>
#include <utility>

#include "weights.hpp"

namespace fusescape {
namespace {

bool lighter(const Candidate& a, const Candidate& b) {
  return in_order(a.weights) < in_order(b.weights);
}

}  // namespace

NestDrafts::NestDrafts(const Planner& planner, OpId op)
    : planner_{planner},
      op_{op},
      space_{nest_space(planner.cascade(), planner.spatial()[index_of(op)],
                        planner.array().engines[static_cast<std::size_t>(planner.cascade().op(op).kind)],
                        op)},
      weights_{planner, op, space_} {}

std::vector<Sketch> NestDrafts::sketches() {
  if (weights_.has_sketches() && work_fits(planner_, op_)) return weights_.sketches();
  std::vector<Sketch> sketches(tilings(space_));
  for (std::uint32_t number = 0; number < sketches.size(); ++number)
    sketches[number] = sketch_of(draft(number).weights, number);
  return sketches;
}

Draft NestDrafts::draft(std::uint32_t number) {
  weights_.go_to(number);
  const NestWeights::Lightest lightest = weights_.lightest();
  const NestWeights::Weighed weighed = weights_.of(lightest);
  return {weighed.weights, weighed.exact, lightest.order->number, number};
}

Candidate NestDrafts::candidate(const Draft& draft) const {
  Candidate made{.loops = {}, .operators = {op_}, .weights = draft.weights};
  Tiling tiling;
  set_tiling(space_, draft.number, tiling);
  std::uint32_t order = 0;
  for_each_order(space_, tiling, [&](const Tiling& ordered) {
    if (order++ == draft.order) append_loops(space_, ordered, made.loops);
  });
  return made;
}

bool NestDrafts::earlier(const Draft& a, const Draft& b) const {
  if (a.weights == b.weights) return a.number < b.number;
  return in_order(a.weights) < in_order(b.weights);
}

std::vector<Candidate> NestDrafts::useful(const std::stop_token& stop) {
  std::vector<Draft> drafts(tilings(space_));
  for (std::uint32_t number = 0; number < drafts.size(); ++number) drafts[number] = draft(number);
  std::sort(drafts.begin(), drafts.end(), [&](const Draft& a, const Draft& b) { return earlier(a, b); });
  Frontier frontier;
  std::vector<Candidate> tried;
  for (const Draft& draft : drafts) {
    if (stop.stop_requested()) break;
    if (frontier.outdoes(draft.weights)) continue;
    Candidate candidate = this->candidate(draft);
    if (!draft.exact && !planner_.try_profile(candidate)) continue;
    frontier.add(candidate.weights);
    tried.push_back(std::move(candidate));
  }
  return without_outdone(std::move(tried));
}

std::vector<Candidate> without_outdone(std::vector<Candidate> tried) {
  std::stable_sort(tried.begin(), tried.end(), lighter);
  Frontier lightest;
  std::erase_if(tried, [&](const Candidate& candidate) {
    if (lightest.outdoes(candidate.weights)) return true;
    lightest.add(candidate.weights);
    return false;
  });
  return tried;
}

}  // namespace fusescape
