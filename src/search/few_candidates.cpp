#include "few_candidates.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "best_candidate.hpp"
#include "candidates.hpp"
#include "fusescape/plan/traffic.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/workload/resident.hpp"
#include "nest_drafts.hpp"
#include "reach.hpp"

namespace fusescape {
namespace {

/// The best of `few`, and the fastest if that is another one.
BestOfFew taken(std::vector<Candidate>& few, const BestCandidate& best) {
  const auto take = [&](const Candidate* of) -> Candidate&& {
    return std::move(few[static_cast<std::size_t>(of - few.data())]);
  };
  std::optional<Candidate> fastest;
  if (best.fastest != nullptr && best.fastest != best.candidate) fastest = take(best.fastest);
  return {take(best.candidate), std::move(fastest)};
}

/// Of an operator on a machine.
struct Search {
  const Planner& planner;
  OpId op{};
  const Machine& machine;
  const std::stop_token& stop;
  LeastTime time{planner, op, machine};

  /// None if it is illegal, or does not fit.
  [[nodiscard]] std::optional<Ticks> latency(Candidate candidate) const {
    if (!planner.try_profile(candidate)) return std::nullopt;
    const auto cost = evaluate_group(planner.profile(candidate), machine);
    return cost ? std::optional{cost->latency} : std::nullopt;
  }

  /// Goes further and further, until what `make` makes of the nests within a reach, all that are useful, says
  /// which is the best. None if it never does.
  template <class Make>
  [[nodiscard]] std::optional<BestOfFew> settled(std::optional<Reach> reach, const Make& make) const {
    while (reach && !stop.stop_requested()) {
      std::vector<Candidate> few = without_outdone(make(*reach));
      std::erase_if(few, [&](const Candidate& candidate) {
        const Weights& weights = candidate.weights;
        return !reach->has(time.of(weights), weights.moved, weights.held);
      });
      const BestCandidate best = best_of(planner, op, few, machine);
      if (reach->settles(best)) return taken(few, best);
      reach = reach->further(best);
    }
    return std::nullopt;
  }
};

std::optional<BestOfFew> best_tiling(const Search& search) {
  NestDrafts nests{search.planner, search.op};
  if (!nests.has_bounds()) return std::nullopt;
  const std::vector<TilingBound> bounds = nests.bounds(search.machine, search.time);
  const TilingBound* quick = nests.quick(bounds, search.time);
  if (quick == nullptr) return std::nullopt;
  const auto latency = [&](const TilingBound& bound) { return search.latency(nests.candidate(bound)); };
  const auto make = [&](const Reach& reach) {
    return useful(search.planner, nests, nests.within(reach, bounds, search.time), search.stop);
  };
  return search.settled(first_reach(bounds, *quick, latency), make);
}

/// Over the DRAM port: of a window what its tiles read, of all else each element once.
Bytes least_moved(const Cascade& cascade, const Candidate& nest) {
  const Operator& op = cascade.op(nest.operators.front());
  const auto whole = [&](TensorId tensor) {
    if (is_resident(cascade, tensor)) return Bytes{};
    return bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensor(tensor).type));
  };
  std::vector<PathLoop> loops;
  for (const LoopSpec& loop : nest.loops) loops.push_back({.rank = loop.rank, .tile = loop.tile});
  Bytes sum = whole(op.output);
  for (auto input = op.inputs.begin(); input != op.inputs.end(); ++input) {
    const auto same = [&](const Access& other) { return other.tensor == input->tensor; };
    if (input->tensor == op.output || std::any_of(op.inputs.begin(), input, same)) continue;
    const auto number = static_cast<int>(input - op.inputs.begin());
    if (reads_whole(cascade, {.op = nest.operators.front(), .input = number})) sum += whole(input->tensor);
    const Index* shifted = shifted_index(*input);
    if (shifted == nullptr || !shifted->tap) continue;
    const Slab slab{
        .access = *input, .bits = bits_of(cascade.tensor(input->tensor).type), .held = nest.holds_windows};
    sum += movement(cascade, loops, slab, Bytes{1}).bytes;
  }
  return sum;
}

/// On chip: the tiles of whatever is largest.
Bytes least_held(const Cascade& cascade, const Candidate& nest) {
  const auto tile_along = [&](RankId rank) {
    std::int64_t extent = cascade.extent(rank).value();
    for (const LoopSpec& loop : nest.loops) {
      if (loop.rank == rank) extent = std::min(extent, loop.tile);
    }
    return extent;
  };
  const Tensor& made = cascade.tensor(cascade.op(nest.operators.front()).output);
  Elements elements{1};
  for (const RankId rank : made.ranks) elements = elements * tile_along(rank);
  return bytes_of(elements, bits_of(made.type));
}

/// Of those with the least bounds, which may be illegal, the one that takes the least time. Asks for some.
std::optional<TilingBound> quickest_of_some(std::vector<TilingBound> bounds, const LatencyOf& latency) {
  constexpr std::size_t kMostTries = 16;
  std::sort(bounds.begin(), bounds.end(), [](const TilingBound& a, const TilingBound& b) {
    return std::tie(a.least, a.held, a.number) < std::tie(b.least, b.held, b.number);
  });
  std::optional<TilingBound> quickest;
  Ticks least;
  while (!quickest && !bounds.empty()) {
    const auto end = std::find_if(bounds.begin(), bounds.end(), [&](const TilingBound& bound) {
      return bound.least > bounds.front().least;
    });
    const std::size_t equal = static_cast<std::size_t>(end - bounds.begin());
    const std::size_t tries = std::min(equal, kMostTries);
    for (std::size_t i = 0; i < tries; ++i) {
      const TilingBound& bound = bounds[i * equal / tries];
      const std::optional<Ticks> taken = latency(bound);
      if (!taken || (quickest && *taken >= least)) continue;
      quickest = bound;
      least = *taken;
    }
    bounds.erase(bounds.begin(), end);
  }
  return quickest;
}

/// Of an operator whose nests are weighed by laying them out.
std::optional<BestOfFew> best_laid_out(const Search& search) {
  const Cascade& cascade = search.planner.cascade();
  const std::vector<Candidate> nests = search.planner.nests(search.op);
  NestWork work{cascade, search.planner.spatial(), search.planner.array(), search.op};
  std::vector<TilingBound> bounds;
  for (const Candidate& nest : nests) {
    const Bytes held = least_held(cascade, nest);
    if (held > search.machine.capacity) continue;
    const Bytes moved = least_moved(cascade, nest);
    const auto number = static_cast<std::size_t>(&nest - nests.data());
    bounds.push_back({search.time.of(moved, work.of(nest.loops).compute), held, {moved, nullptr}, number});
  }
  const auto latency = [&](const TilingBound& bound) { return search.latency(nests[bound.number]); };
  const std::optional<TilingBound> quick = quickest_of_some(bounds, latency);
  if (!quick) return std::nullopt;
  const auto make = [&](const Reach& reach) {
    std::vector<Candidate> tried;
    for (const TilingBound& bound : bounds) {
      if (!reach.has(bound.least, bound.lightest.moved, bound.held)) continue;
      Candidate candidate = nests[bound.number];
      if (search.planner.try_profile(candidate)) tried.push_back(std::move(candidate));
    }
    return tried;
  };
  return search.settled(first_reach(bounds, *quick, latency), make);
}

}  // namespace

std::optional<BestOfFew> best_of_few(const Planner& planner, OpId op, const Machine& machine,
                                     const std::stop_token& stop) {
  if (planner.unit(op).size() > 1) return std::nullopt;
  const Search search{planner, op, machine, stop};
  if (has_nest_space(planner.cascade(), op)) return best_tiling(search);
  return work_fits(planner, op) ? best_laid_out(search) : std::nullopt;
}

}  // namespace fusescape
