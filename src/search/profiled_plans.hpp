// What is kept of plans that many points of a sweep run?
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "fusescape/cost/energy.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/cost/whole_model.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/recent.hpp"
#include "fusescape/search/strategy.hpp"

namespace fusescape {

/// A strategy's plan, or none that the hardware runs.
[[nodiscard]] std::optional<Plan> draft(const Planner& planner, const Design& design,
                                        const Strategy& strategy, const StrategyInputs& inputs);

/// A plan's profile, and its energy counts if they are asked for.
struct ProfiledPlan {
  PlanProfile profile;
  std::vector<EnergyCounts> counts;
};

/// Null if the plan is illegal.
[[nodiscard]] std::shared_ptr<const ProfiledPlan> profiled(const Planner& planner, const Plan& plan,
                                                           WithEnergy energy);

/// The figures of a plan on a design; none if it does not run there.
[[nodiscard]] std::optional<HeadRun> priced(const ProfiledPlan& plan, const Design& design,
                                            WithEnergy energy);

/// What a profile depends on. Many accelerators share one, because profiles know nothing of theirs.
struct ProfileKey {
  std::uint64_t planning = 0;
  Plan plan;
  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

struct ProfileKeyHash {
  std::size_t operator()(const ProfileKey& key) const {
    std::size_t hash = key.planning;
    const auto mix = [&](std::size_t value) { hash = (hash ^ value) * 0x100000001b3U; };
    for (const Node& node : key.plan.nodes) {
      mix(index_of(node.rank));
      mix(static_cast<std::size_t>(node.tile));
      mix(index_of(node.op));
    }
    return hash;
  }
};

/// Profiles of distinct plans, each made by the first thread that asks for it.
class Profiles {
 public:
  /// Null if the plan is illegal. No two planners have one `number`.
  std::shared_ptr<const ProfiledPlan> of(std::uint64_t number, const Planner& planner, Plan plan,
                                         WithEnergy energy) {
    const ProfileKey key{number, std::move(plan)};
    std::shared_ptr<Made> made;
    {
      const std::lock_guard lock{mutex_};
      const auto* known = recent_.find(key);
      made = known != nullptr ? *known : recent_.insert(key, std::make_shared<Made>());
    }
    std::call_once(made->once, [&] { made->profile = profiled(planner, key.plan, energy); });
    return made->profile;
  }

 private:
  struct Made {
    std::once_flag once;
    std::shared_ptr<const ProfiledPlan> profile;
  };

  static constexpr std::size_t kProfiles = 256;  ///< Some 20 KB each.

  std::mutex mutex_;  ///< Guards the map, not its entries.
  Recent<std::unordered_map<ProfileKey, std::shared_ptr<Made>, ProfileKeyHash>> recent_{kProfiles};
};

}  // namespace fusescape
