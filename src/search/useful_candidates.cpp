#include "useful_candidates.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "candidates.hpp"
#include "nest_weights.hpp"
#include "weights.hpp"

namespace fusescape {
namespace {

/// A nest that has not been laid out.
struct Draft {
  Weights weights;          ///< At the least.
  bool exact = false;       ///< They are what the profile says.
  std::uint32_t order = 0;  ///< Of a tiling's orders, in that of for_each_order.
  std::size_t number = 0;   ///< Of the tiling, or of the nest.
};

void sort_lightest_first(std::vector<Draft>& drafts) {
  std::sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) {
    if (a.weights == b.weights) return a.number < b.number;
    return in_order(a.weights) < in_order(b.weights);
  });
}

/// The nests of a unit, drafted first and made only where they may be useful.
class Nests {
 public:
  Nests(const Planner& planner, OpId op) : planner_{planner}, members_{planner.unit(op)} {
    const OpId first = members_.front();
    const Cascade& cascade = planner.cascade();
    if (members_.size() > 1 || !has_nest_space(cascade, first)) {
      made_ = planner.nests(op);
      return;
    }
    const Engine& engine = planner.array().engines[static_cast<std::size_t>(cascade.op(first).kind)];
    space_ = nest_space(cascade, planner.spatial()[index_of(first)], engine, first);
  }

  /// Of the orders of one tiling only the one that moves least.
  [[nodiscard]] std::vector<Draft> drafts() const {
    std::vector<Draft> drafts(space_ ? tilings(*space_) : made_.size());
    for (std::size_t i = 0; i < drafts.size(); ++i) drafts[i].number = i;
    if (!space_) return drafts;
    NestWeights weights{planner_, members_.front(), *space_};
    Tiling tiling;
    Tiling lightest;
    for (Draft& draft : drafts) weigh(draft, weights, tiling, lightest);
    return drafts;
  }

  [[nodiscard]] Candidate candidate(const Draft& draft) const {
    if (!space_) return made_[draft.number];
    Candidate made{.loops = {}, .operators = members_, .weights = draft.weights};
    Tiling tiling;
    set_tiling(*space_, draft.number, tiling);
    std::uint32_t order = 0;
    for_each_order(*space_, tiling, [&](const Tiling& ordered) {
      if (order++ == draft.order) append_loops(*space_, ordered, made.loops);
    });
    return made;
  }

 private:
  /// The tilings are room to work in.
  void weigh(Draft& draft, NestWeights& weights, Tiling& tiling, Tiling& lightest) const {
    Bytes least;
    std::uint32_t order = 0;
    set_tiling(*space_, draft.number, tiling);
    for_each_order(*space_, tiling, [&](const Tiling& ordered) {
      const Bytes moved = weights.moved(ordered);
      if (order == 0 || moved < least) {
        least = moved;
        draft.order = order;
        lightest = ordered;
      }
      ++order;
    });
    const NestWeights::Weighed weighed = weights.of(lightest);
    draft.weights = weighed.weights;
    draft.exact = weighed.exact;
  }

  const Planner& planner_;
  const std::vector<OpId>& members_;
  std::optional<NestSpace> space_;
  std::vector<Candidate> made_;  ///< Without a space.
};

}  // namespace

std::vector<Candidate> useful_candidates(const Planner& planner, OpId op, const std::stop_token& stop) {
  const Nests nests{planner, op};
  std::vector<Draft> drafts = nests.drafts();
  sort_lightest_first(drafts);
  const auto lighter = [](const Candidate& a, const Candidate& b) {
    return in_order(a.weights) < in_order(b.weights);
  };
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
