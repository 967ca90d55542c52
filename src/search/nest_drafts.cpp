#include "nest_drafts.hpp"

#include <algorithm>
#include <utility>

#include "weights.hpp"

namespace fusescape {
namespace {

void sort_lightest_first(std::vector<Draft>& drafts) {
  std::sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) {
    if (a.weights == b.weights) return a.number < b.number;
    return in_order(a.weights) < in_order(b.weights);
  });
}

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

std::vector<Draft> NestDrafts::all() {
  std::vector<Draft> drafts(tilings(space_));
  for (std::size_t number = 0; number < drafts.size(); ++number) {
    weights_.go_to(number);
    drafts[number] = draft(number, weights_.lightest());
  }
  return drafts;
}

bool NestDrafts::has_bounds() const {
  return weights_.has_sketches() && work_fits(planner_, op_);
}

std::vector<TilingBound> NestDrafts::bounds(const Machine& machine, const LeastTime& time) {
  std::vector<TilingBound> bounds;
  std::optional<Ticks> least;
  NestWeights::Limits limits{.held = machine.capacity, .compute = Cycles::overflowed()};
  weights_.for_each_within(limits, [&](const NestWeights::Sketch& sketch) {
    const Ticks own = time.of(sketch.lightest.moved, sketch.compute);
    if (!least || own < *least) {
      least = own;
      const Int128 most = own.value() * kMostTimesLeast / machine.scale.ticks_per_cycle();
      limits.compute = Cycles{static_cast<std::int64_t>(std::min<Int128>(most, limits.compute.value()))};
    }
    if (own <= *least * kMostTimesLeast) bounds.push_back({own, sketch.held, sketch.lightest, sketch.number});
  });
  std::erase_if(bounds, [&](const TilingBound& bound) { return bound.least > *least * kMostTimesLeast; });
  return bounds;
}

const TilingBound* NestDrafts::quick(const std::vector<TilingBound>& bounds, const LeastTime& time) {
  constexpr std::size_t kMostTries = 32;
  const auto first = std::min_element(bounds.begin(), bounds.end(),
                                      [](const auto& a, const auto& b) { return a.least < b.least; });
  if (first == bounds.end()) return nullptr;
  std::vector<const TilingBound*> equal;
  for (const TilingBound& bound : bounds) {
    if (bound.least == first->least) equal.push_back(&bound);
  }
  const TilingBound* quick = nullptr;
  Ticks least;
  const std::size_t tries = std::min(equal.size(), kMostTries);
  for (std::size_t i = 0; i < tries; ++i) {
    const TilingBound* bound = equal[i * equal.size() / tries];
    const Ticks taken = time.of(drafted(*bound).weights);
    if (quick != nullptr && taken >= least) continue;
    quick = bound;
    least = taken;
  }
  return quick;
}

std::vector<Draft> NestDrafts::within(const Reach& reach, const std::vector<TilingBound>& bounds,
                                      const LeastTime& time) {
  std::vector<Draft> drafts;
  for (const TilingBound& bound : bounds) {
    if (!reach.has(bound.least, bound.lightest.moved, bound.held)) continue;
    const Draft draft = drafted(bound);
    if (reach.has(time.of(draft.weights), draft.weights.moved, draft.weights.held)) drafts.push_back(draft);
  }
  return drafts;
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

/// Of the tiling that the weights have gone to.
Draft NestDrafts::draft(std::size_t number, const NestWeights::Lightest& lightest) {
  const NestWeights::Weighed weighed = weights_.of(lightest);
  return {weighed.weights, weighed.exact, lightest.order->number, number};
}

Draft NestDrafts::drafted(const TilingBound& bound) {
  weights_.go_to(bound.number);
  return draft(bound.number, bound.lightest);
}

std::vector<Candidate> useful(const Planner& planner, const NestDrafts& nests, std::vector<Draft> drafts,
                              const std::stop_token& stop) {
  sort_lightest_first(drafts);
  Frontier frontier;
  std::vector<Candidate> tried;
  for (const Draft& draft : drafts) {
    if (stop.stop_requested()) break;
    if (frontier.outdoes(draft.weights)) continue;
    Candidate candidate = nests.candidate(draft);
    if (!draft.exact && !planner.try_profile(candidate)) continue;
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
