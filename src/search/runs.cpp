#include "runs.hpp"

#include <algorithm>

#include "alone.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// One way to run operators, and how long it takes.
struct Timed {
  const Candidate* candidate = nullptr;
  Ticks time;
};

/// None if it does not fit.
std::optional<Ticks> time_of(const Planner& planner, const Candidate& candidate, const Machine& machine) {
  const auto cost = evaluate_group(planner.profile(candidate), machine);
  return cost ? std::optional{cost->latency} : std::nullopt;
}

/// How long the units of a run take one after another, each in its best candidate. None if one fits in no
/// tiling.
std::optional<Ticks> time_apart(const Planner& planner, const Machine& machine, const Run& run) {
  Ticks time;
  for (std::size_t i = 0; i < run.size(); i += planner.unit(run[i]).size()) {
    const Candidate* best = planner.best(run[i], machine);
    if (best == nullptr) return std::nullopt;
    const std::optional<Ticks> alone = time_of(planner, *best, machine);
    FUSESCAPE_EXPECTS(alone.has_value());
    time += *alone;
  }
  return time;
}

/// Of the tiles that fit, the fastest; of equals the largest. None if no tile is legal and fits.
std::optional<Timed> fused_run(const Planner& planner, const Machine& machine, const Run& run) {
  std::optional<Timed> best;
  for (const Candidate& candidate : planner.fused(run)) {
    const std::optional<Ticks> time = time_of(planner, candidate, machine);
    if (time && (!best || *time < best->time)) best = Timed{&candidate, *time};
  }
  return best;
}

/// The run's fused nest, unless it is a single unit, has none, or takes longer fused than apart.
const Candidate* worthwhile_fusion(const Planner& planner, const Machine& machine, const Run& run) {
  if (run.size() == planner.unit(run.front()).size()) return nullptr;
  const std::optional<Timed> fused = fused_run(planner, machine, run);
  if (!fused) return nullptr;
  const std::optional<Ticks> apart = time_apart(planner, machine, run);
  return apart && fused->time > *apart ? nullptr : fused->candidate;
}

void append(Run& run, const std::vector<OpId>& unit) {
  run.insert(run.end(), unit.begin(), unit.end());
}

/// A run, and how long it takes; no time: it does not fit.
struct TimedRun {
  Run run;
  std::optional<Ticks> time;
};

/// A longer one.
struct Joined {
  Run run;
  std::optional<Ticks> time;
  std::size_t units = 0;  ///< So many more.
};

/// `before` with as many of the next units, up to `lookahead`, as save the most time over running them apart;
/// of equals the fewest. None if none saves any.
std::optional<Joined> best_join(const Planner& planner, const Machine& machine, const TimedRun& before,
                                const std::vector<OpId>& units, std::size_t at, std::size_t lookahead) {
  std::optional<Joined> best;
  std::optional<Ticks> most;
  Run longer = before.run;
  std::optional<Ticks> apart = before.time;
  for (std::size_t more = 1; more <= lookahead && at + more <= units.size(); ++more) {
    const std::vector<OpId>& unit = planner.unit(units[at + more - 1]);
    append(longer, unit);
    const auto alone = time_apart(planner, machine, unit);
    apart = apart && alone ? std::optional{*apart + *alone} : std::nullopt;
    const auto fused = fused_run(planner, machine, longer);
    if (!fused || (apart && fused->time >= *apart)) continue;
    if (!apart) return Joined{longer, fused->time, more};  // Apart they do not fit at all.
    const Ticks saved = *apart - fused->time;
    if (most && saved <= *most) continue;
    most = saved;
    best = Joined{longer, fused->time, more};
  }
  return best;
}

}  // namespace

std::vector<OpId> leaders(const Planner& planner) {
  std::vector<OpId> found;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    if (planner.unit(op).front() == op) found.push_back(op);
  }
  return found;
}

expected<Plan, Refusal> plan_of_runs(const Planner& planner, const Machine& machine,
                                     const std::vector<Run>& runs) {
  Plan plan;
  plan.spatial = planner.spatial();
  for (const Run& run : runs) {
    if (const Candidate* fused = worthwhile_fusion(planner, machine, run)) {
      add_group(plan, planner.cascade(), *fused);
      continue;
    }
    for (std::size_t i = 0; i < run.size(); i += planner.unit(run[i]).size()) {
      auto added = add_alone(plan, planner, machine, run[i]);
      if (!added) return unexpected{std::move(added.error())};
    }
  }
  return plan;
}

std::vector<Run> runs_of_depth(const Planner& planner, std::size_t depth) {
  std::vector<Run> runs;
  for (const OpId op : leaders(planner)) {
    if (runs.empty() || runs.back().size() + planner.unit(op).size() > depth) runs.emplace_back();
    append(runs.back(), planner.unit(op));
  }
  return runs;
}

std::vector<Run> greedy_runs(const Planner& planner, const Machine& machine, std::size_t lookahead) {
  const std::vector<OpId> units = leaders(planner);
  std::vector<Run> runs;
  std::optional<Ticks> time;  // Of the last run.
  for (std::size_t at = 0; at < units.size();) {
    const auto joined =
        runs.empty() ? std::nullopt : best_join(planner, machine, {runs.back(), time}, units, at, lookahead);
    if (joined) {
      runs.back() = joined->run;
      time = joined->time;
      at += joined->units;
    } else {
      runs.push_back(planner.unit(units[at]));
      time = time_apart(planner, machine, runs.back());
      ++at;
    }
  }
  return runs;
}

std::vector<Run> elementwise_runs(const Planner& planner) {
  const Cascade& cascade = planner.cascade();
  std::vector<Run> runs;
  bool open = false;
  for (const OpId op : leaders(planner)) {
    const std::vector<OpId>& unit = planner.unit(op);
    const bool elementwise = std::all_of(unit.begin(), unit.end(), [&](OpId member) {
      return class_of(cascade.op(member).kind) == OpClass::kElementwise;
    });
    if (!open || !elementwise) runs.emplace_back();
    append(runs.back(), unit);
    open = elementwise;
  }
  return runs;
}

}  // namespace fusescape
