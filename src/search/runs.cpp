#include "runs.hpp"

#include <algorithm>

#include "alone.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// How long a candidate takes. Expects one that fits.
Ticks time_of(const Candidate& candidate, const Machine& machine) {
  const auto cost = evaluate(candidate.profile, machine);
  FUSESCAPE_EXPECTS(cost.has_value());
  return cost->total.latency;
}

/// Loops over `ranks` cut at one of them: ranks before the cut one by one, the cut one in tiles, largest
/// first; a carried rank in ones.
std::vector<std::vector<LoopSpec>> cuts_of(const Cascade& cascade, const Run& operators,
                                           const std::vector<RankId>& ranks) {
  std::vector<std::vector<LoopSpec>> cuts;
  std::vector<LoopSpec> before;
  for (const RankId rank : ranks) {
    const std::int64_t extent = cascade.extent(rank).value();
    if (extent == 1) continue;
    const bool carried = carries(cascade, operators, rank);
    for (std::int64_t tile = extent; tile > 1 && !carried; tile = ceil_div(tile, 2)) {
      cuts.push_back(before);
      cuts.back().push_back({rank, tile});
    }
    before.push_back({rank, 1});
    cuts.push_back(before);
  }
  if (cuts.empty()) cuts.emplace_back();
  return cuts;
}

/// The nests to try: cuts of the shared ranks, also with slices of the last one outermost, which keeps what
/// lacks the tokens on chip.
std::vector<std::vector<LoopSpec>> nests_of(const Cascade& cascade, const Run& operators) {
  std::vector<RankId> ranks = shared_ranks(cascade, operators);
  std::vector<std::vector<LoopSpec>> nests = cuts_of(cascade, operators, ranks);
  if (ranks.size() < 2 || carries(cascade, operators, ranks.back())) return nests;
  const RankId sliced = ranks.back();
  ranks.pop_back();
  const auto inner = cuts_of(cascade, operators, ranks);
  for (std::int64_t tile = cascade.extent(sliced).value(); tile > 1;) {
    tile = ceil_div(tile, 2);
    for (const std::vector<LoopSpec>& cut : inner) {
      nests.push_back({{sliced, tile}});
      nests.back().insert(nests.back().end(), cut.begin(), cut.end());
    }
  }
  return nests;
}

/// How long the units of a run take one after another, each in its best candidate. None if one fits in no
/// tiling.
std::optional<Ticks> time_apart(const Planner& planner, const Machine& machine, const Run& run) {
  Ticks time;
  for (std::size_t i = 0; i < run.size(); i += planner.unit(run[i]).size()) {
    const Candidate* best = planner.best(run[i], machine);
    if (best == nullptr) return std::nullopt;
    time += time_of(*best, machine);
  }
  return time;
}

/// The run's fused nest, unless it is a single unit, has none, or takes longer fused than apart.
std::optional<Candidate> worthwhile_fusion(const Planner& planner, const Machine& machine, const Run& run) {
  if (run.size() == planner.unit(run.front()).size()) return std::nullopt;
  std::optional<Candidate> fused = fused_run(planner, machine, run);
  const std::optional<Ticks> apart = time_apart(planner, machine, run);
  if (fused && apart && time_of(*fused, machine) > *apart) return std::nullopt;
  return fused;
}

void append(Run& run, const std::vector<OpId>& unit) {
  run.insert(run.end(), unit.begin(), unit.end());
}

}  // namespace

bool carries(const Cascade& cascade, const Run& operators, RankId rank) {
  return std::any_of(operators.begin(), operators.end(), [&](OpId op) {
    const auto& recurrence = cascade.recurrence_of[index_of(op)];
    return recurrence && cascade.recurrences[*recurrence].rank == rank;
  });
}

std::vector<RankId> shared_ranks(const Cascade& cascade, const Run& operators) {
  std::vector<RankId> shared;
  for (const RankId rank : cascade.tensor(cascade.op(operators.front()).output).ranks) {
    const bool everywhere = std::all_of(operators.begin(), operators.end(), [&](OpId op) {
      return has_rank(cascade.tensor(cascade.op(op).output).ranks, rank);
    });
    if (!everywhere) break;
    shared.push_back(rank);
  }
  return shared;
}

std::vector<OpId> leaders(const Planner& planner) {
  std::vector<OpId> found;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    if (planner.unit(op).front() == op) found.push_back(op);
  }
  return found;
}

std::optional<Candidate> fused_run(const Planner& planner, const Machine& machine, const Run& operators) {
  std::optional<Candidate> best;
  for (std::vector<LoopSpec>& nest : nests_of(planner.cascade(), operators)) {
    Candidate candidate{.loops = std::move(nest), .operators = operators};
    if (!planner.try_profile(candidate)) continue;
    if (!evaluate(candidate.profile, machine)) continue;
    if (!best || time_of(candidate, machine) < time_of(*best, machine)) best = std::move(candidate);
  }
  return best;
}

expected<Plan, Refusal> plan_of_runs(const Planner& planner, const Machine& machine,
                                     const std::vector<Run>& runs) {
  Plan plan;
  plan.spatial = planner.spatial();
  for (const Run& run : runs) {
    if (const auto fused = worthwhile_fusion(planner, machine, run)) {
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

std::vector<Run> greedy_runs(const Planner& planner, const Machine& machine) {
  std::vector<Run> runs;
  std::optional<Ticks> time;  // Of the last run.
  for (const OpId op : leaders(planner)) {
    const std::optional<Ticks> apart = time_apart(planner, machine, planner.unit(op));
    Run longer = runs.empty() ? Run{} : runs.back();
    append(longer, planner.unit(op));
    const auto fused = runs.empty() ? std::nullopt : fused_run(planner, machine, longer);
    if (fused && (!time || !apart || time_of(*fused, machine) < *time + *apart)) {
      runs.back() = std::move(longer);
      time = time_of(*fused, machine);
    } else {
      runs.push_back(planner.unit(op));
      time = apart;
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
