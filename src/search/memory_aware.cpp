#include "memory_aware.hpp"

#include <algorithm>

#include "fusescape/plan/layout.hpp"
#include "fusescape/support/time.hpp"

namespace fusescape {
namespace {

/// In ascending order.
std::vector<std::int64_t> divisors_of(std::int64_t number) {
  std::vector<std::int64_t> divisors;
  for (std::int64_t small = 1; small <= number / small; ++small) {
    if (number % small == 0) divisors.push_back(small);
  }
  for (std::size_t i = divisors.size(); i-- > 0;) {
    const std::int64_t large = number / divisors[i];
    if (large != divisors[i]) divisors.push_back(large);
  }
  return divisors;
}

/// The tiles ceil(number / j) of all counts j of slices, each once, largest first.
std::vector<std::int64_t> quotients_of(std::int64_t number) {
  std::vector<std::int64_t> tiles{number};
  while (tiles.back() > 1) tiles.push_back(ceil_div(number, ceil_div(number, tiles.back() - 1)));
  return tiles;
}

std::vector<std::int64_t> tiles_of(std::int64_t extent, SlicesBy rule) {
  if (rule == SlicesBy::kFootprint) return quotients_of(extent);
  std::vector<std::int64_t> divisors = divisors_of(extent);
  return {divisors.rbegin(), divisors.rend()};
}

/// Elements that are read again, for each token, by a loop over `rank` outside the tokens.
Elements read_again(const Cascade& cascade, const StateUpdate& update, RankId rank) {
  Elements sum{0};
  for (const Access& access : outside_reads(cascade, operators_of(update))) {
    if (!names(access, update.tokens) || names(access, rank)) continue;
    Elements per_token{1};
    for (const Index& index : access.indices) {
      if (index.rank != update.tokens) per_token = per_token * extent_of(cascade, index);
    }
    sum = sum + per_token;
  }
  return sum;
}

/// The channels that may be cut, in the order in which they are.
std::vector<RankId> cut_order(const Cascade& cascade, const StateUpdate& update) {
  std::vector<RankId> ranks = update.channels;
  std::erase_if(ranks, [&](RankId rank) {
    return std::any_of(update.recurrence.begin(), update.recurrence.end(),
                       [&](OpId op) { return !has_rank(cascade.tensor(cascade.op(op).output).ranks, rank); });
  });
  std::stable_sort(ranks.begin(), ranks.end(), [&](RankId a, RankId b) {
    return read_again(cascade, update, a) < read_again(cascade, update, b);
  });
  return ranks;
}

/// On-chip bytes of the fused update alone, in these slices. Overflowed if they are illegal.
Bytes footprint(const Planner& planner, const StateUpdate& update, Intermediates intermediates,
                const Slicing& slicing) {
  Plan plan;
  plan.spatial = planner.spatial();
  add_fused(plan, planner.cascade(), update, members_of(update, kWholeUpdate), intermediates, slicing.loops);
  const auto layout = lay_out(planner.cascade(), plan, Coverage::kPart);
  if (!layout) return Bytes::overflowed();
  return profile(planner.cascade(), plan, *layout, planner.options()).groups.front().peak;
}

Elements product(const Cascade& cascade, const std::vector<RankId>& ranks) {
  Elements elements{1};
  for (const RankId rank : ranks) elements = elements * cascade.extent(rank);
  return elements;
}

}  // namespace

std::vector<Slicing> slicings_of(const Cascade& cascade, const StateUpdate& update, SlicesBy rule) {
  std::vector<Slicing> slicings{{}};
  for (const RankId rank : cut_order(cascade, update)) {
    const Slicing before = slicings.back();
    const std::int64_t extent = cascade.extent(rank).value();
    for (const std::int64_t tile : tiles_of(extent, rule)) {
      if (tile == extent) continue;
      slicings.push_back({before.count * ceil_div(extent, tile), before.loops});
      slicings.back().loops.push_back({rank, tile});
    }
  }
  return slicings;
}

std::int64_t published_slices(std::int64_t channels, std::int64_t entries, Bytes sram) {
  // (5 + 2/64) * 32 * 1.01 = 16261 / 100 bits for each of the D * N entries.
  const Int128 bits_times_100 = static_cast<Int128>(channels) * entries * 16261;
  const Int128 sram_times_100 = static_cast<Int128>(sram.value()) * 800;
  const Int128 slices = (bits_times_100 + sram_times_100 - 1) / sram_times_100;
  const std::vector<std::int64_t> divisors = divisors_of(channels);
  const auto enough =
      std::find_if(divisors.begin(), divisors.end(), [&](std::int64_t divisor) { return divisor >= slices; });
  return enough != divisors.end() ? *enough : channels;
}

expected<Plan, Refusal> memory_aware_plan(const Planner& planner, const Machine& machine, SlicesBy rule,
                                          Intermediates intermediates) {
  const Cascade& cascade = planner.cascade();
  Fusion fusion{.groups = {kWholeUpdate}, .intermediates = intermediates};
  for (const StateUpdate& update : state_updates(cascade)) {
    const std::vector<Slicing> slicings = slicings_of(cascade, update, rule);
    const std::int64_t least = published_slices(product(cascade, update.channels).value(),
                                                product(cascade, update.entries).value(), machine.capacity);
    const auto enough = std::find_if(slicings.begin(), slicings.end(), [&](const Slicing& slicing) {
      if (rule == SlicesBy::kPublishedRule) return slicing.count >= least;
      return footprint(planner, update, intermediates, slicing) <= machine.capacity;
    });
    fusion.slices.push_back(enough != slicings.end() ? enough->loops : slicings.back().loops);
  }
  return fused_plan(planner, machine, fusion);
}

}  // namespace fusescape
