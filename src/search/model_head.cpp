#include "fusescape/search/model_head.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/run_energy.hpp"
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
           x.initial == y.initial && x.final_value == y.final_value && x.accumulator == y.accumulator;
  };
  const auto same_op = [](const Operator& x, const Operator& y) {
    return x.name == y.name && x.kind == y.kind && x.output == y.output && x.inputs == y.inputs;
  };
  return a.resident == b.resident && all(a.ranks, b.ranks, same_rank) &&
         all(a.tensors, b.tensors, same_tensor) && all(a.operators, b.operators, same_op);
}

/// One of these planners, or a new one.
const Planner& serving(std::vector<std::unique_ptr<Planner>>& planners, const Cascade& head,
                       const Accelerator& accelerator) {
  for (const auto& planner : planners) {
    if (planner->serves(accelerator)) return *planner;
  }
  return *planners.emplace_back(std::make_unique<Planner>(head, accelerator));
}

HeadOutcome outcome_of(const Cascade& head, const Design& design, const expected<Assessment, WhyNot>& found,
                       WithEnergy energy) {
  if (!found) return unexpected{"final norm and head: " + describe(found.error())};
  HeadRun run{.cost = found->cost, .energy = {}};
  if (energy == WithEnergy::kYes) run.energy = plan_energy(run_of(head, design, *found), design).plan;
  return run;
}

}  // namespace

std::optional<HeadOutcome> head_of(const Workload& workload, const Design& design, WithEnergy energy) {
  if (!workload.lm_head) return std::nullopt;
  const Cascade& head = *workload.lm_head;
  return outcome_of(head, design, assess(head, design, each_operator_alone()), energy);
}

std::string describe_whole_model(const Workload& workload, std::span<const LayerCost> layers) {
  std::string blocks = layers.empty() ? fmt::format("{} equal blocks", workload.n_layer) : "";
  for (const LayerCost& layer : layers) {
    blocks += fmt::format("{}{} {}", blocks.empty() ? "" : " + ", layer.count, layer.kind);
  }
  return fmt::format("whole model = {}{}; no embedding{}", blocks,
                     workload.lm_head ? ", then final norm and head on the last token of each sequence" : "",
                     workload.lm_head ? "" : ", no final norm, no head");
}

SweepHeads::SweepHeads(const BoundSweep& sweep, std::span<const DesignPoint> points, int jobs)
    : head_of_(sweep.workloads.size()) {
  for (std::size_t i = 0; i < head_of_.size(); ++i) {
    const std::optional<Cascade>& head = sweep.workloads[i].lm_head;
    if (!head) continue;
    const auto known = std::find_if(heads_.begin(), heads_.end(),
                                    [&](const OneHead& other) { return same(*other.cascade, *head); });
    head_of_[i] = static_cast<std::size_t>(known - heads_.begin());
    if (known == heads_.end()) heads_.emplace_back(OneHead{&*head, Outcomes(sweep.designs.size())});
  }
  std::vector<std::vector<bool>> needed(heads_.size(), std::vector<bool>(sweep.designs.size()));
  for (const DesignPoint& point : points) {
    if (head_of_[point.workload]) needed[*head_of_[point.workload]][point.design] = true;
  }
  const WithEnergy energy = sweep.energy ? WithEnergy::kYes : WithEnergy::kNo;
  for (std::size_t h = 0; h < heads_.size(); ++h) {
    std::vector<std::unique_ptr<Planner>> planners;
    std::vector<const Planner*> planner_of(sweep.designs.size());
    for (std::size_t d = 0; d < planner_of.size(); ++d) {
      if (needed[h][d]) planner_of[d] = &serving(planners, *heads_[h].cascade, sweep.designs[d].accelerator);
    }
    parallel_for(planner_of.size(), jobs, [&](std::size_t d) {
      if (planner_of[d] == nullptr) return;
      const Design& design = sweep.designs[d];
      const auto found = assess(*planner_of[d], design, each_operator_alone());
      heads_[h].outcomes[d] =
          std::make_shared<const HeadOutcome>(outcome_of(*heads_[h].cascade, design, found, energy));
    });
  }
}

std::shared_ptr<const HeadOutcome> SweepHeads::of(const DesignPoint& point) const {
  const std::optional<std::size_t> head = head_of_[point.workload];
  return head ? heads_[*head].outcomes[point.design] : nullptr;
}

}  // namespace fusescape
