#include "fusescape/search/model_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <map>
#include <mutex>
#include <utility>

#include "fusescape/search/recent.hpp"
#include "fusescape/search/run_energy.hpp"
#include "fusescape/support/contract.hpp"
#include "profiled_plans.hpp"
#include "resident_states.hpp"

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

/// A head with the planner of one way to lay it over hardware.
struct HeadPlanning {
  HeadPlanning(const std::shared_ptr<const Workload>& of, const Accelerator& accelerator,
               std::uint64_t its_number)
      : workload{of}, planner{*of->lm_head, accelerator}, number{its_number} {}

  std::shared_ptr<const Workload> workload;  ///< One of those that have it.
  Planner planner;
  std::uint64_t number;  ///< No two have the same.
};

/// Designs of one number that are equal in all these take equally long for a head; energy knows the clock,
/// too.
struct HeadKey {
  const HeadPlanning* planning = nullptr;
  std::uint64_t hardware = 0;
  double clock = 0.0;  ///< Only for energy.
  std::int64_t capacity = 0;
  std::int64_t ticks_per_cycle = 0;
  std::int64_t dram = 0;  ///< Ticks per byte, as the others.
  std::int64_t read = 0;
  std::int64_t write = 0;
  friend auto operator<=>(const HeadKey&, const HeadKey&) = default;
};

/// What one design takes for a head, made by the first thread that asks for it.
struct HeadCost {
  std::shared_ptr<const HeadPlanning> planning;
  std::once_flag once;
  std::shared_ptr<const HeadOutcome> outcome;
};

constexpr std::size_t kHeadPlanners = 128;
constexpr std::size_t kHeadCosts = 4096;
constexpr std::size_t kHeadProfiles = 128;

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

struct SweepHeads::Kept {
  using PlanningKey = std::pair<const Workload*, std::uint64_t>;

  std::mutex mutex;
  Recent<
      std::map<PlanningKey, std::pair<std::shared_ptr<const Workload>, std::shared_ptr<const HeadPlanning>>>>
      plannings{kHeadPlanners};
  Recent<std::map<HeadKey, std::shared_ptr<HeadCost>>> costs{kHeadCosts};
  using Choice = std::pair<std::uint64_t, std::vector<const Candidate*>>;  ///< Of a planner, per operator.
  Recent<std::map<Choice, std::shared_ptr<const ProfiledPlan>>> chosen{kHeadProfiles};
  std::uint64_t made = 0;

  std::shared_ptr<const HeadOutcome> outcome_of(const HeadPlanning& planning, const Design& design,
                                                WithEnergy energy) {
    if (const auto profile = profile_of(planning, design, energy)) {
      if (auto run = priced(*profile, design, energy)) {
        return std::make_shared<const HeadOutcome>(*run);
      }
    }
    const auto found = assess(planning.planner, design, each_operator_alone());
    return std::make_shared<const HeadOutcome>(
        fusescape::outcome_of(planning.planner.cascade(), design, found, energy));
  }

  /// The plan is what is best for each operator: where that is the same, so is the profile.
  std::shared_ptr<const ProfiledPlan> profile_of(const HeadPlanning& planning, const Design& design,
                                                 WithEnergy energy) {
    const Machine machine = beside_states(planning.planner.cascade(), design.machine);
    Choice choice{planning.number, {}};
    const std::size_t operators = planning.planner.cascade().operators.size();
    choice.second.reserve(operators);
    for (std::size_t i = 0; i < operators; ++i) {
      choice.second.push_back(planning.planner.best(OpId{static_cast<std::uint16_t>(i)}, machine));
    }
    {
      const std::lock_guard lock{mutex};
      if (const auto* known = chosen.find(choice)) return *known;
    }
    const auto plan = draft(planning.planner, design, each_operator_alone(), {});
    auto profile = plan ? profiled(planning.planner, *plan, energy) : nullptr;
    if (!profile) return nullptr;
    const std::lock_guard lock{mutex};
    return chosen.insert(choice, std::move(profile));
  }

  /// Heads are few, workloads and designs that have the same one many.
  std::shared_ptr<const HeadPlanning> planning_of(const SweepPoint& point) {
    const PlanningKey key{point.workload.get(), point.hardware};
    if (const auto* known = plannings.find(key)) return known->second;
    const Accelerator& accelerator = point.design->accelerator;
    const auto* serving = plannings.find_if([&](const PlanningKey& /*other*/, const auto& entry) {
      const HeadPlanning& planning = *entry.second;
      return same(planning.planner.cascade(), *point.workload->lm_head) &&
             planning.planner.serves(accelerator);
    });
    auto planning = serving != nullptr
                        ? serving->second
                        : std::make_shared<const HeadPlanning>(point.workload, accelerator, ++made);
    return plannings.insert(key, {point.workload, std::move(planning)}).second;
  }

  std::shared_ptr<HeadCost> cost_of(const SweepPoint& point, WithEnergy energy) {
    const std::lock_guard lock{mutex};
    const auto planning = planning_of(point);
    const Machine& machine = point.design->machine;
    const HeadKey key{.planning = planning.get(),
                      .hardware = point.hardware,
                      .clock = energy == WithEnergy::kYes ? point.design->accelerator.clock.value() : 0.0,
                      .capacity = machine.capacity.value(),
                      .ticks_per_cycle = machine.scale.ticks_per_cycle(),
                      .dram = machine.dram_ticks_per_byte,
                      .read = machine.sram_read_ticks_per_byte,
                      .write = machine.sram_write_ticks_per_byte};
    if (const auto* known = costs.find(key)) return *known;
    auto cost = std::make_shared<HeadCost>();
    cost->planning = planning;
    return costs.insert(key, std::move(cost));
  }
};

SweepHeads::SweepHeads() : kept_{std::make_unique<Kept>()} {}

SweepHeads::~SweepHeads() = default;

std::shared_ptr<const HeadOutcome> SweepHeads::of(const SweepPoint& point, WithEnergy energy) {
  if (!point.workload->lm_head) return nullptr;
  const std::shared_ptr<HeadCost> cost = kept_->cost_of(point, energy);
  std::call_once(cost->once,
                 [&] { cost->outcome = kept_->outcome_of(*cost->planning, *point.design, energy); });
  return cost->outcome;
}

}  // namespace fusescape
