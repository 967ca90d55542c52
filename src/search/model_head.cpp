#include "fusescape/search/model_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <unordered_map>
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

/// Designs that have a head's plan in common: of one number, and with a DRAM port that is as fast in cycles
/// per byte.
struct PlanKey {
  std::uint64_t planning = 0;
  std::uint64_t hardware = 0;
  std::int64_t cycle = 0;  ///< Ticks of the coarsest time base in which these are whole.
  std::int64_t byte = 0;   ///< Likewise, over the DRAM port.
  friend bool operator==(const PlanKey&, const PlanKey&) = default;
};

/// Designs of one number that are equal in all these take equally long for a head; energy knows the clock,
/// too.
struct CostKey {
  PlanKey plan{};
  double clock = 0.0;  ///< Only for energy.
  std::int64_t capacity = 0;
  std::int64_t ticks_per_cycle = 0;
  std::int64_t read = 0;  ///< Ticks per byte, as the other.
  std::int64_t write = 0;
  friend bool operator==(const CostKey&, const CostKey&) = default;
};

/// What a design took.
struct HeadCost {
  CostKey key{};
  std::shared_ptr<const HeadOutcome> outcome{};
};

struct PlanKeyHash {
  std::size_t operator()(const PlanKey& key) const {
    std::size_t hash = key.planning;
    for (const std::uint64_t value :
         {key.hardware, static_cast<std::uint64_t>(key.cycle), static_cast<std::uint64_t>(key.byte)}) {
      hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 32U;
    }
    return hash;
  }
};

/// Of designs with one PlanKey, those with memories of these sizes that run this plan.
struct PlanRange {
  Bytes from{};
  Bytes to = Bytes::overflowed();
  std::int64_t ticks_per_cycle = 0;  ///< With ports of these widths,
  std::int64_t read = 0;             ///< in ticks per byte, as the other,
  std::int64_t write = 0;
  bool with_faster_ports = true;  ///< or faster ones.
  std::shared_ptr<const ProfiledPlan> profile{};

  [[nodiscard]] bool has(Bytes capacity, const Machine& machine) const {
    const auto port = [&](std::int64_t here, std::int64_t there) {
      const Int128 asked = Int128{there} * ticks_per_cycle;
      const Int128 known = Int128{here} * machine.scale.ticks_per_cycle();
      return with_faster_ports ? asked <= known : asked == known;
    };
    return from <= capacity && capacity <= to && port(read, machine.sram_read_ticks_per_byte) &&
           port(write, machine.sram_write_ticks_per_byte);
  }
  void meet(const BestWithin& within) {
    from = std::max(from, within.from);
    to = std::min(to, within.to);
    with_faster_ports = with_faster_ports && within.with_faster_ports;
  }
};

/// Those that were found last.
struct PlanRanges {
  static constexpr std::size_t kMost = 8;

  std::vector<PlanRange> known{};
  std::size_t next = 0;

  void add(PlanRange range) {
    if (known.size() < kMost) {
      known.push_back(std::move(range));
    } else {
      known[next++ % kMost] = std::move(range);
    }
  }
};

constexpr std::size_t kHeadPlanners = 128;
constexpr std::size_t kHeadPorts = 1U << 15U;  ///< Some 200 B each.
constexpr std::size_t kHeadCosts = 1024;
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
  Recent<std::unordered_map<PlanKey, PlanRanges, PlanKeyHash>> ranges{kHeadPorts};
  using Choice = std::pair<std::uint64_t, std::vector<const Candidate*>>;  ///< Of a planner, per operator.
  Recent<std::map<Choice, std::shared_ptr<const ProfiledPlan>>> chosen{kHeadProfiles};
  std::vector<HeadCost> costs{kHeadCosts};  ///< The last of those that share a place.
  std::uint64_t made = 0;

  std::shared_ptr<const HeadOutcome> outcome_of(const SweepPoint& point, WithEnergy energy) {
    Known known = known_of(point, energy);
    if (known.outcome) return known.outcome;
    const HeadPlanning& planning = *known.planning;
    const Design& design = *point.design;
    if (!known.profile) known.profile = chosen_profile(planning, point, energy);
    auto run = known.profile ? priced(*known.profile, design, energy) : std::nullopt;
    auto outcome = std::make_shared<const HeadOutcome>(
        run ? HeadOutcome{*run}
            : fusescape::outcome_of(planning.planner.cascade(), design,
                                    assess(planning.planner, design, each_operator_alone()), energy));
    const std::lock_guard lock{mutex};
    costs[place_of(known.key)] = {known.key, outcome};
    return outcome;
  }

  static std::size_t place_of(const CostKey& key) {
    const auto ports = static_cast<std::size_t>(key.capacity ^ key.ticks_per_cycle ^ key.read);
    return (PlanKeyHash{}(key.plan) ^ (ports * 0x9E3779B97F4A7C15U >> 32U)) % kHeadCosts;
  }

  static PlanKey key_of(const HeadPlanning& planning, const SweepPoint& point) {
    const Machine& machine = point.design->machine;
    const std::int64_t cycle = machine.scale.ticks_per_cycle();
    const std::int64_t common = std::gcd(cycle, machine.dram_ticks_per_byte);
    return {planning.number, point.hardware, cycle / common, machine.dram_ticks_per_byte / common};
  }

  /// Of a point's head: its planner, and what else there is.
  struct Known {
    CostKey key{};
    std::shared_ptr<const HeadPlanning> planning{};
    std::shared_ptr<const HeadOutcome> outcome{};
    std::shared_ptr<const ProfiledPlan> profile{};  ///< Looked for if there is no outcome.
  };

  Known known_of(const SweepPoint& point, WithEnergy energy) {
    const std::lock_guard lock{mutex};
    Known known{.planning = planning_of(point)};
    const Machine& machine = point.design->machine;
    known.key = {.plan = key_of(*known.planning, point),
                 .clock = energy == WithEnergy::kYes ? point.design->accelerator.clock.value() : 0.0,
                 .capacity = machine.capacity.value(),
                 .ticks_per_cycle = machine.scale.ticks_per_cycle(),
                 .read = machine.sram_read_ticks_per_byte,
                 .write = machine.sram_write_ticks_per_byte};
    const HeadCost& last = costs[place_of(known.key)];
    if (last.outcome && last.key == known.key) known.outcome = last.outcome;
    const PlanRanges* all = known.outcome ? nullptr : ranges.find(known.key.plan);
    if (all == nullptr) return known;
    const Bytes capacity = beside_states(known.planning->planner.cascade(), machine.capacity);
    const auto found = std::find_if(all->known.begin(), all->known.end(),
                                    [&](const PlanRange& range) { return range.has(capacity, machine); });
    if (found != all->known.end()) known.profile = found->profile;
    return known;
  }

  /// The plan is what is best for each operator: where that is the same, so is the profile. Null if there is
  /// none.
  std::shared_ptr<const ProfiledPlan> chosen_profile(const HeadPlanning& planning, const SweepPoint& point,
                                                     WithEnergy energy) {
    const Machine machine = beside_states(planning.planner.cascade(), point.design->machine);
    PlanRange range{.ticks_per_cycle = machine.scale.ticks_per_cycle(),
                    .read = machine.sram_read_ticks_per_byte,
                    .write = machine.sram_write_ticks_per_byte};
    Choice choice{planning.number, {}};
    const std::size_t operators = planning.planner.cascade().operators.size();
    choice.second.reserve(operators);
    for (std::size_t i = 0; i < operators; ++i) {
      const BestWithin best = planning.planner.best_within(OpId{static_cast<std::uint16_t>(i)}, machine);
      choice.second.push_back(best.best);
      range.meet(best);
    }
    range.profile = profile_of(planning, *point.design, choice, energy);
    if (!range.profile) return nullptr;
    const std::lock_guard lock{mutex};
    const PlanKey key = key_of(planning, point);
    PlanRanges* known = ranges.find(key);
    (known != nullptr ? *known : ranges.insert(key, {})).add(range);
    return range.profile;
  }

  std::shared_ptr<const ProfiledPlan> profile_of(const HeadPlanning& planning, const Design& design,
                                                 const Choice& choice, WithEnergy energy) {
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
};

SweepHeads::SweepHeads() : kept_{std::make_unique<Kept>()} {}

SweepHeads::~SweepHeads() = default;

std::shared_ptr<const HeadOutcome> SweepHeads::of(const SweepPoint& point, WithEnergy energy) {
  if (!point.workload->lm_head) return nullptr;
  return kept_->outcome_of(point, energy);
}

}  // namespace fusescape
