#include "fusescape/search/model_head.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/search/parallel_for.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

const Strategy& each_operator_alone() {
  static const Strategy* const unfused = find_strategy("unfused");
  FUSESCAPE_EXPECTS(unfused != nullptr);
  return *unfused;
}

/// Whether two cascades cost the same in every plan, and call everything by the same name.
bool same(const Cascade& a, const Cascade& b) {
  const auto all = [](const auto& xs, const auto& ys, auto equal) {
    return std::equal(xs.begin(), xs.end(), ys.begin(), ys.end(), equal);
  };
  const auto same_rank = [](const Rank& x, const Rank& y) {
    return x.name == y.name && x.extent == y.extent;
  };
  const auto same_tensor = [](const Tensor& x, const Tensor& y) {
    return x.name == y.name && x.ranks == y.ranks && x.type == y.type && x.kind == y.kind &&
           x.initial == y.initial && x.final_value == y.final_value;
  };
  const auto same_op = [](const Operator& x, const Operator& y) {
    return x.name == y.name && x.kind == y.kind && x.output == y.output && x.inputs == y.inputs;
  };
  return all(a.ranks, b.ranks, same_rank) && all(a.tensors, b.tensors, same_tensor) &&
         all(a.operators, b.operators, same_op);
}

/// One of these planners, or a new one.
const Planner& serving(std::vector<std::unique_ptr<Planner>>& planners, const Cascade& head,
                       const Accelerator& accelerator) {
  for (const auto& planner : planners) {
    if (planner->serves(accelerator)) return *planner;
  }
  return *planners.emplace_back(std::make_unique<Planner>(head, accelerator));
}

}  // namespace

HeadAssessment assess_head(const Workload& workload, const Accelerator& accelerator) {
  if (!workload.lm_head) return std::nullopt;
  return assess(*workload.lm_head, accelerator, each_operator_alone());
}

HeadCost head_cost(const expected<Assessment, AssessmentError>& head) {
  if (!head) return unexpected{"final norm and head: " + describe(head.error())};
  return head->cost;
}

expected<WholeModel, std::string> whole_model(const Workload& workload, const Cost& block,
                                              const HeadCost* head) {
  FUSESCAPE_EXPECTS((head != nullptr) == workload.lm_head.has_value());
  if (head != nullptr && !*head) return unexpected{head->error()};
  const WholeModel whole = whole_model(workload.n_layer, block, head == nullptr ? nullptr : &**head);
  const bool fits = !whole.latency.overflow() && !whole.dram().overflow() && !whole.ops.overflow();
  if (!fits) return unexpected{std::string{"the whole model's counts do not fit 64 bits"}};
  return whole;
}

std::string describe_whole_model(const Workload& workload) {
  return fmt::format("whole model = {} equal blocks{}; no embedding{}", workload.n_layer,
                     workload.lm_head ? ", then final norm and head on the last token of each sequence" : "",
                     workload.lm_head ? "" : ", no final norm, no head");
}

HeadCosts::HeadCosts(const BoundSweep& sweep, std::span<const DesignPoint> points, int jobs)
    : head_of_(sweep.workloads.size()) {
  for (std::size_t i = 0; i < head_of_.size(); ++i) {
    const std::optional<Cascade>& head = sweep.workloads[i].lm_head;
    if (!head) continue;
    const auto known = std::find_if(heads_.begin(), heads_.end(),
                                    [&](const OneHead& other) { return same(*other.cascade, *head); });
    head_of_[i] = static_cast<std::size_t>(known - heads_.begin());
    if (known == heads_.end()) heads_.emplace_back(OneHead{&*head, Costs(sweep.accelerators.size())});
  }
  std::vector<std::vector<bool>> needed(heads_.size(), std::vector<bool>(sweep.accelerators.size()));
  for (const DesignPoint& point : points) {
    if (head_of_[point.workload]) needed[*head_of_[point.workload]][point.accelerator] = true;
  }
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    std::vector<std::unique_ptr<Planner>> planners;
    std::vector<const Planner*> planner_of(sweep.accelerators.size());
    for (std::size_t d = 0; d < planner_of.size(); ++d) {
      if (needed[h][d])
        planner_of[d] = &serving(planners, *heads_[h].cascade, sweep.accelerators[d].accelerator);
    }
    parallel_for(planner_of.size(), jobs, [&](std::size_t d) {
      if (planner_of[d] == nullptr) return;
      const auto found = assess(*planner_of[d], sweep.accelerators[d].accelerator, each_operator_alone());
      heads_[h].costs[d] = std::make_shared<const HeadCost>(head_cost(found));
    });
  }
}

std::shared_ptr<const HeadCost> HeadCosts::of(const DesignPoint& point) const {
  const std::optional<std::size_t> head = head_of_[point.workload];
  return head ? heads_[*head].costs[point.accelerator] : nullptr;
}

}  // namespace fusescape
