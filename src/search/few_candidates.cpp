#include "few_candidates.hpp"

#include <algorithm>
#include <map>
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
#include "weights.hpp"

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

/// What nests of an operator that are weighed by laying them out weigh at the least: on chip the first tile;
/// before it and after the last one these.
class LeastWeights {
 public:
  LeastWeights(const Planner& planner, OpId op)
      : cascade_{planner.cascade()},
        twice_{planner.options().double_buffering && planner.options().count_second_slots},
        one_by_one_{planner.spatial()[index_of(op)].operand_loads == OperandLoads::kSerial} {
    const Operator& of = cascade_.op(op);
    const auto add = [&](const Access& access, int bits) {
      operands_.push_back({{.access = access, .bits = bits}, is_resident(cascade_, access.tensor)});
    };
    for (auto input = of.inputs.begin(); input != of.inputs.end(); ++input) {
      const auto same = [&](const Access& other) { return other.tensor == input->tensor; };
      if (input->tensor == of.output || std::any_of(of.inputs.begin(), input, same)) continue;
      add(*input, bits_of(cascade_.tensor(input->tensor).type));
      const auto number = static_cast<int>(input - of.inputs.begin());
      if (reads_whole(cascade_, {.op = op, .input = number})) add_whole(input->tensor);
    }
    const Tensor& made = cascade_.tensor(of.output);
    Access all{of.output, {}};
    for (const RankId rank : made.ranks) all.indices.push_back({rank});
    add(all, std::min(bits_of(made.type), bits_of(accumulator_of(made))));
    add_whole(of.output);
  }

  /// Over the DRAM port, windows apart: each element once.
  [[nodiscard]] Bytes plain() const { return plain_; }

  /// With what the tiles read of windows.
  [[nodiscard]] Weights of(const Candidate& nest, const ArrayWork& array) {
    loops_.clear();
    for (const LoopSpec& loop : nest.loops) loops_.push_back({.rank = loop.rank, .tile = loop.tile});
    const TileBounds first = first_tile(cascade_, loops_);
    Weights least{.moved = plain_, .held = {}, .ends = {}, .array = array};
    for (Operand& operand : operands_) {
      Slab& slab = operand.slab;
      const bool is_output = &operand == &operands_.back();
      slab.held = nest.holds_windows && !is_output;
      const Bytes in_first = slab_bytes(cascade_, slab, first);
      least.held += in_first * (twice_ && streams(slab.access) ? 2 : 1);
      if (operand.is_resident) continue;
      const Index* shifted = shifted_index(slab.access);
      if (shifted != nullptr && shifted->tap) least.moved += movement(cascade_, loops_, slab, Bytes{1}).bytes;
      if (is_output) least.ends += slab_bytes(cascade_, slab, last_tile(cascade_, loops_));
      if (!is_output && one_by_one_) least.ends += in_first;
    }
    return least;
  }

 private:
  struct Operand {
    Slab slab;
    bool is_resident = false;
  };

  void add_whole(TensorId tensor) {
    if (is_resident(cascade_, tensor)) return;
    plain_ += bytes_of(elements_of(cascade_, tensor), bits_of(cascade_.tensor(tensor).type));
  }
  [[nodiscard]] bool streams(const Access& access) const {
    return std::any_of(loops_.begin(), loops_.end(), [&](const PathLoop& loop) {
      return loop.tile < cascade_.extent(loop.rank).value() && names(access, loop.rank);
    });
  }

  const Cascade& cascade_;
  bool twice_ = false;       ///< What streams is held so.
  bool one_by_one_ = false;  ///< Inputs come so.
  Bytes plain_;
  std::vector<Operand> operands_;  ///< Inputs, each tensor once; the output is the last.
  std::vector<PathLoop> loops_;    ///< Room to work in.
};

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

/// Of the nests within a reach those that none made before is no worse than, each as its number in `nests`.
std::vector<Candidate> made_within(const Search& search, const std::vector<Candidate>& nests,
                                   const std::vector<TilingBound>& bounds, const std::vector<Weights>& least,
                                   const Reach& reach) {
  std::vector<std::size_t> numbers;
  for (const TilingBound& bound : bounds) {
    if (reach.has(bound.least, bound.lightest.moved, bound.held)) numbers.push_back(bound.number);
  }
  std::stable_sort(numbers.begin(), numbers.end(),
                   [&](std::size_t a, std::size_t b) { return in_order(least[a]) < in_order(least[b]); });
  Frontier frontier;
  std::map<std::size_t, Candidate> made;
  for (const std::size_t number : numbers) {
    // Of equals the first stays.
    const bool may_equal = std::any_of(made.upper_bound(number), made.end(), [&](const auto& later) {
      return later.second.weights == least[number];
    });
    if (!may_equal && frontier.outdoes(least[number])) continue;
    Candidate candidate = nests[number];
    if (!search.planner.try_profile(candidate)) continue;
    frontier.add(candidate.weights);
    made.emplace(number, std::move(candidate));
  }
  std::vector<Candidate> tried;
  tried.reserve(made.size());
  for (auto& [number, candidate] : made) tried.push_back(std::move(candidate));
  return tried;
}

/// Of an operator whose nests are weighed by laying them out.
std::optional<BestOfFew> best_laid_out(const Search& search) {
  const std::vector<Candidate> nests = search.planner.nests(search.op);
  NestWork work{search.planner.cascade(), search.planner.spatial(), search.planner.array(), search.op};
  LeastWeights weights{search.planner, search.op};
  std::vector<TilingBound> bounds;
  std::vector<Weights> least(nests.size());
  std::optional<Ticks> quickest;
  for (std::size_t number = 0; number < nests.size(); ++number) {
    const ArrayWork array = work.of(nests[number].loops);
    const auto is_slow = [&](Ticks time) { return quickest && time > *quickest * kMostTimesLeast; };
    if (is_slow(search.time.of(weights.plain(), array.compute))) continue;
    const Weights& own = least[number] = weights.of(nests[number], array);
    const Ticks time = search.time.of(own.moved, array.compute);
    if (own.held > search.machine.capacity || is_slow(time)) continue;
    if (!quickest || time < *quickest) quickest = time;
    bounds.push_back({time, own.held, {own.moved, nullptr}, number});
  }
  const auto latency = [&](const TilingBound& bound) { return search.latency(nests[bound.number]); };
  const std::optional<TilingBound> quick = quickest_of_some(bounds, latency);
  if (!quick) return std::nullopt;
  const auto make = [&](const Reach& reach) { return made_within(search, nests, bounds, least, reach); };
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
