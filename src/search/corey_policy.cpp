#include "corey_policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "alone.hpp"
#include "candidates.hpp"
#include "competitors.hpp"
#include "fusescape/cost/compulsory.hpp"
#include "runs.hpp"

namespace fusescape {
namespace {

// The prototype's constants.
constexpr double kTau = 0.52;
constexpr double kOfEntropy = 0.45;
constexpr double kOfIntensity = 0.35;
constexpr double kOfMemory = 0.20;
constexpr double kMemoryExponent = 1.15;
constexpr double kPerDepth = 0.18;
constexpr double kMostOfDepth = 0.36;
constexpr double kTileStep = 32.0;
constexpr double kTileBase = 64.0;
constexpr double kTileSpan = 448.0;
constexpr std::int64_t kLeastTile = 64;
constexpr std::int64_t kMostTile = 512;

/// A quantity of every operator, and the extremes that a group's is measured by.
struct Quantity {
  std::vector<double> values;

  /// Where `value` lies between the extremes, clipped to [0, 1]; 0 if all operators are alike.
  [[nodiscard]] double normalised(double value) const {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *low < *high ? std::clamp((value - *low) / (*high - *low), 0.0, 1.0) : 0.0;
  }
  [[nodiscard]] double sum(const Run& run) const {
    double total = 0.0;
    for (const OpId op : run) total += values[index_of(op)];
    return total;
  }
};

/// What the policy knows of the cascade.
struct Chain {
  Quantity entropy;    ///< Of the output, as a share of the most.
  Quantity intensity;  ///< Operations / compulsory bytes of the operator alone.
  Quantity memory;     ///< These bytes.
};

Chain chain_of(const Cascade& cascade, std::vector<double> entropies) {
  Chain chain{.entropy = {std::move(entropies)}, .intensity = {}, .memory = {}};
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    const CompulsoryTraffic traffic = compulsory_traffic(cascade, op);
    const auto bytes = static_cast<double>((traffic.read + traffic.written).value());
    const auto operations = static_cast<double>(ops_of(cascade, op).value());
    chain.intensity.values.push_back(bytes > 0 ? operations / bytes : 0.0);
    chain.memory.values.push_back(bytes);
  }
  return chain;
}

double score(const Chain& chain, const Run& run) {
  const auto depth = static_cast<double>(run.size());
  return kOfEntropy * chain.entropy.normalised(chain.entropy.sum(run) / depth) +
         kOfIntensity * chain.intensity.normalised(chain.intensity.sum(run) / std::sqrt(depth)) -
         kOfMemory * chain.memory.normalised(chain.memory.sum(run) / std::pow(depth, kMemoryExponent)) +
         std::min(kPerDepth * (depth - 1.0), kMostOfDepth);
}

/// 64 to 512 elements in steps of 32: more where values carry more.
std::int64_t tile_for(double entropy) {
  const double steps = std::nearbyint((kTileBase + kTileSpan * entropy) / kTileStep);
  return std::clamp(static_cast<std::int64_t>(kTileStep * steps), kLeastTile, kMostTile);
}

/// Adds the loops that cut `ranks` at each of them in tiles of `tile`, below `outer`: ranks before one by
/// one, a carried rank one by one too.
void add_cuts(const Cascade& cascade, const Run& run, const std::vector<RankId>& ranks, std::int64_t tile,
              std::vector<LoopSpec> outer, std::vector<std::vector<LoopSpec>>& nests) {
  for (const RankId rank : ranks) {
    const std::int64_t extent = cascade.extent(rank).value();
    if (extent == 1) continue;
    nests.push_back(outer);
    nests.back().push_back({rank, carries(cascade, run, rank) ? 1 : std::min(tile, extent)});
    outer.push_back({rank, 1});
  }
}

/// The nests for one tile, in the order in which they are tried: the outermost rank in tiles, then the next
/// and so on; then with slices of the last one outside.
std::vector<std::vector<LoopSpec>> nests_for(const Cascade& cascade, const Run& run, std::int64_t tile) {
  std::vector<RankId> ranks = shared_ranks(cascade, run);
  std::vector<std::vector<LoopSpec>> nests;
  add_cuts(cascade, run, ranks, tile, {}, nests);
  if (nests.empty()) nests.emplace_back();
  if (ranks.size() < 2 || carries(cascade, run, ranks.back())) return nests;
  const RankId sliced = ranks.back();
  ranks.pop_back();
  add_cuts(cascade, run, ranks, tile, {{sliced, std::min(tile, cascade.extent(sliced).value())}}, nests);
  return nests;
}

/// The first nest that is legal and fits, tiles halved from the one that the entropies ask for.
std::optional<Candidate> fitting_nest(const Planner& planner, const Machine& machine, const Chain& chain,
                                      const Run& run) {
  if (least_held(planner.cascade(), run) > machine.capacity) return std::nullopt;  // No nest fits.
  const double entropy = chain.entropy.sum(run) / static_cast<double>(run.size());
  for (std::int64_t tile = tile_for(entropy); tile > 0; tile /= 2) {
    for (std::vector<LoopSpec>& nest : nests_for(planner.cascade(), run, tile)) {
      Candidate candidate{.loops = std::move(nest), .operators = run};
      if (planner.try_profile(candidate) && evaluate_group(planner.profile(candidate), machine))
        return candidate;
    }
  }
  return std::nullopt;
}

/// A group as it grows.
struct Group {
  Run run;
  std::optional<Candidate> nest{};  ///< None: one operator, or one recurrence, alone.
};

/// The group with one more unit, if its score asks for that and it fits.
std::optional<Group> with_unit(const Planner& planner, const Machine& machine, const Chain& chain,
                               const Group& group, const Run& unit) {
  Group longer{group.run};
  longer.run.insert(longer.run.end(), unit.begin(), unit.end());
  if (score(chain, longer.run) <= kTau) return std::nullopt;
  longer.nest = fitting_nest(planner, machine, chain, longer.run);
  if (!longer.nest) return std::nullopt;
  return longer;
}

std::vector<Group> groups_of(const Planner& planner, const Machine& machine, const Chain& chain) {
  std::vector<Group> groups;
  for (const OpId op : leaders(planner)) {
    const Run& unit = planner.unit(op);
    std::optional<Group> longer;
    if (!groups.empty()) longer = with_unit(planner, machine, chain, groups.back(), unit);
    if (longer) {
      groups.back() = std::move(*longer);
    } else {
      groups.push_back({unit});
    }
  }
  return groups;
}

}  // namespace

expected<Plan, Refusal> corey_plan(const Planner& planner, const Machine& machine,
                                   const StrategyInputs& inputs) {
  const Cascade& cascade = planner.cascade();
  auto entropies = normalised_entropies(inputs.entropy, cascade);
  if (!entropies) {
    std::vector<std::string_view> names;
    for (const TensorId tensor : entropies.error()) names.push_back(cascade.tensor(tensor).name);
    return unexpected{Refusal{Refusal::Reason::kMissingOperators,
                              fmt::format("{} has no entropy of {}", cascade.name, fmt::join(names, ", ")),
                              {},
                              {}}};
  }
  const Chain chain = chain_of(cascade, std::move(*entropies));
  Plan plan;
  plan.spatial = planner.spatial();
  for (const Group& group : groups_of(planner, machine, chain)) {
    if (group.nest) {
      add_group(plan, cascade, *group.nest);
    } else if (auto added = add_alone(plan, planner, machine, group.run.front()); !added) {
      return unexpected{std::move(added.error())};
    }
  }
  return plan;
}

}  // namespace fusescape
