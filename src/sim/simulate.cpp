#include "fusescape/sim/simulate.hpp"

#include <optional>

#include "allocation.hpp"
#include "context.hpp"
#include "fusescape/support/contract.hpp"
#include "simulation.hpp"

namespace fusescape {
namespace {

/// Loads for the next group can be in the way of this one's, or leave it less memory: those that do not pay
/// are left out, one group after another. What remains is never slower than none.
LoadsAhead loads_ahead(const SimContext& context, const SimOptions& options) {
  LoadsAhead ahead(context.layout.groups.size());
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

/// Under managed memory nothing is reserved.
Plan without_retentions(Plan plan) {
  plan.retentions.clear();
  return plan;
}

/// What of a simulation does not depend on where operators run.
class Simulated {
 public:
  Simulated(const Cascade& cascade, const Plan& plan, const Layout& layout, const Accelerator& accelerator,
            const Machine& machine, const SimOptions& options)
      : cascade_{cascade},
        plan_{plan},
        layout_{layout},
        accelerator_{accelerator},
        machine_{machine},
        options_{options} {}

  [[nodiscard]] expected<SimResult, SimFailure> run(SimObserver* observer) const {
    if (options_.allocation == CoreAllocation::kGiven) return on(options_.core_of, observer);
    const auto turns = allocated(cascade_, plan_, accelerator_, NextCore::kInTurn);
    if (!turns) return unexpected{SimFailure{.reason = SimFailure::Reason::kUnsupported}};
    if (options_.allocation == CoreAllocation::kRoundRobin) return on(*turns, observer);
    const auto cost = [&](const std::vector<std::uint32_t>& core_of) -> std::optional<Ticks> {
      const auto result = on(core_of, nullptr);
      return result ? std::optional{result->latency} : std::nullopt;
    };
    const auto first = allocated(cascade_, plan_, accelerator_, NextCore::kFirst);
    return on(improved(cascade_, plan_, accelerator_, {*turns, *first}, cost), observer);
  }

 private:
  [[nodiscard]] expected<SimResult, SimFailure> on(const std::vector<std::uint32_t>& core_of,
                                                   SimObserver* observer) const {
    const auto context = make_context(cascade_, plan_, layout_, accelerator_, machine_, core_of);
    if (!context) return unexpected{context.error()};
    return run_groups(*context, options_, loads_ahead(*context, options_), observer);
  }

  const Cascade& cascade_;
  const Plan& plan_;
  const Layout& layout_;
  const Accelerator& accelerator_;
  const Machine& machine_;
  const SimOptions& options_;
};

expected<SimResult, SimFailure> simulate_on(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                            const Accelerator& accelerator, const Machine& machine,
                                            const SimOptions& options, SimObserver* observer) {
  FUSESCAPE_EXPECTS(options.core_of.empty() || options.core_of.size() == cascade.operators.size());
  if (options.eviction == Eviction::kNone)
    return Simulated{cascade, plan, layout, accelerator, machine, options}.run(observer);
  FUSESCAPE_EXPECTS(options.allocation == CoreAllocation::kGiven && options.core_of.empty());
  const Plan unreserved = without_retentions(plan);
  return Simulated{cascade, unreserved, layout, accelerator, machine, options}.run(observer);
}

}  // namespace

expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                         const Design& design, const SimOptions& options,
                                         SimObserver* observer) {
  return simulate_on(cascade, plan, layout, design.accelerator, design.machine, options, observer);
}

expected<SimResult, SimFailure> simulate(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                         const Accelerator& accelerator, const SimOptions& options,
                                         SimObserver* observer) {
  const auto machine = make_machine(accelerator);
  if (!machine) return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow}};
  return simulate_on(cascade, plan, layout, accelerator, *machine, options, observer);
}

}  // namespace fusescape
