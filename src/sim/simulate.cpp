#include "fusescape/sim/simulate.hpp"

#include <optional>

#include "allocation.hpp"
#include "context.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Loads for the next group can be in the way of this one's, or leave it less memory: those that do not pay
/// are left out, one group after another. What remains is never slower than none.
std::vector<bool> loads_ahead(const SimContext& context, const SimOptions& options) {
  std::vector<bool> ahead(context.layout.groups.size());
  if (!options.prefetch || options.eviction != Eviction::kNone) return ahead;
  SimOptions quick = options;
  quick.steady_state = true;  // The same times.
  const auto latency = [&] {
    const auto result = run_groups(context, quick, ahead, nullptr);
    return result ? std::optional{result->latency} : std::nullopt;
  };
  std::optional<Ticks> best = latency();
  for (std::size_t g = 0; g + 1 < ahead.size(); ++g) {
    ahead[g] = true;
    const std::optional<Ticks> now = latency();
    ahead[g] = now && best && *now < *best;
    if (ahead[g]) best = now;
  }
  return ahead;
}

/// All that a simulation is told.
struct Question {
  const Cascade& cascade;
  const Plan& plan;
  const Layout& layout;
  const Accelerator& accelerator;
  const Machine& machine;
  const SimOptions& options;
};

expected<SimResult, SimFailure> placed(const Question& q, const std::vector<std::uint32_t>& core_of,
                                       SimObserver* observer) {
  const auto context = make_context(q.cascade, q.plan, q.layout, q.accelerator, q.machine, core_of);
  if (!context) return unexpected{context.error()};
  return run_groups(*context, q.options, loads_ahead(*context, q.options), observer);
}

expected<SimResult, SimFailure> answer(const Question& q, SimObserver* observer) {
  if (q.options.allocation == CoreAllocation::kGiven) return placed(q, q.options.core_of, observer);
  const auto turns = allocated(q.cascade, q.plan, q.accelerator, NextCore::kInTurn);
  if (!turns) return unexpected{SimFailure{.reason = SimFailure::Reason::kUnsupported}};
  if (q.options.allocation == CoreAllocation::kRoundRobin) return placed(q, *turns, observer);
  const auto cost = [&](const std::vector<std::uint32_t>& core_of) -> std::optional<Ticks> {
    const auto result = placed(q, core_of, nullptr);
    return result ? std::optional{result->latency} : std::nullopt;
  };
  const auto first = allocated(q.cascade, q.plan, q.accelerator, NextCore::kFirst);
  return placed(q, improved(q.cascade, q.plan, q.accelerator, {*turns, *first}, cost), observer);
}

/// Under managed memory nothing is reserved.
expected<SimResult, SimFailure> checked_answer(const Question& q, SimObserver* observer) {
  const SimOptions& options = q.options;
  FUSESCAPE_EXPECTS(options.core_of.empty() || options.core_of.size() == q.cascade.operators.size());
  if (options.eviction == Eviction::kNone) return answer(q, observer);
  FUSESCAPE_EXPECTS(options.allocation == CoreAllocation::kGiven && options.core_of.empty());
  Plan plan = q.plan;
  plan.retentions.clear();
  return answer({q.cascade, plan, q.layout, q.accelerator, q.machine, options}, observer);
}

}  // namespace

expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                         const Design& design, const SimOptions& options,
                                         SimObserver* observer) {
  return checked_answer({cascade, plan, layout, design.accelerator, design.machine, options}, observer);
}

expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                         const Accelerator& accelerator, const SimOptions& options,
                                         SimObserver* observer) {
  const auto machine = make_machine(accelerator);
  if (!machine) return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow}};
  return checked_answer({cascade, plan, layout, accelerator, *machine, options}, observer);
}

}  // namespace fusescape
