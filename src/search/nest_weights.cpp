#include "nest_weights.hpp"

#include <algorithm>
#include <numeric>

namespace fusescape {
namespace {

/// Whether two dimensions share a rank, so that the tiles touch a part of their product only.
bool is_diagonal(const Access& access) {
  const auto& indices = access.indices;
  return std::any_of(indices.begin(), indices.end(), [&](const Index& index) {
    return std::any_of(indices.begin(), indices.end(),
                       [&](const Index& other) { return &other != &index && other.rank == index.rank; });
  });
}

/// More than what an operation moves in bytes, or one element has bits.
constexpr std::int64_t kMostPerOp = 64;

bool all_counts_fit(const Cascade& cascade, const Operator& op) {
  Elements bits{kMostPerOp};
  for (const RankId rank : op.ranks) bits = bits * cascade.extent(rank);
  return !bits.overflow();
}

std::int64_t bytes(std::int64_t elements, int bits) {
  return bits % 8 == 0 ? elements * (bits / 8) : ceil_div(elements * bits, 8);
}

}  // namespace

NestWeights::NestWeights(const Planner& planner, OpId op, const NestSpace& space)
    : options_{planner.options()},
      space_{space},
      known_{all_counts_fit(planner.cascade(), planner.cascade().op(op))},
      one_by_one_{planner.spatial()[index_of(op)].operand_loads == OperandLoads::kSerial},
      work_{planner.cascade(), planner.spatial(), planner.array(), op} {
  if (!known_) return;
  const Cascade& cascade = planner.cascade();
  const Operator& made = cascade.op(op);
  for (std::size_t c = 0; c < space.cuts.size(); ++c) {
    std::vector<Cut>& cuts = cuts_.emplace_back();
    for (const Loops& loops : space.cuts[c]) cuts.push_back(cut_of(cascade, space.ranks[c], loops));
  }
  const auto add = [&](const Tensor& tensor, const auto& has_rank_of) {
    Operand& operand = operands_.emplace_back(Operand{.bits = bits_of(tensor.type)});
    for (std::size_t c = 0; c < space.ranks.size(); ++c) {
      if (!has_rank_of(space.ranks[c].front())) continue;
      operand.classes |= 1U << c;
      for (const RankId rank : space.ranks[c]) operand.whole *= cascade.extent(rank).value();
    }
  };
  for (auto input = made.inputs.begin(); input != made.inputs.end(); ++input) {
    known_ = known_ && !is_diagonal(*input);
    if (std::find(made.inputs.begin(), input, *input) != input) continue;
    add(cascade.tensor(input->tensor), [&](RankId rank) { return names(*input, rank); });
  }
  const Tensor& output = cascade.tensor(made.output);
  add(output, [&](RankId rank) { return has_rank(output.ranks, rank); });
  sum_bits_ = bits_of(facts(output.type).accumulator);
}

NestWeights::Cut NestWeights::cut_of(const Cascade& cascade, const std::vector<RankId>& ranks,
                                     const Loops& loops) {
  Cut cut;
  for (const RankId rank : ranks) {
    const std::int64_t extent = cascade.extent(rank).value();
    std::int64_t tile = extent;
    for (const LoopSpec& loop : loops) {
      if (loop.rank == rank) tile = std::min(extent, loop.tile);
    }
    const std::int64_t trips = ceil_div(extent, tile);
    const std::int64_t last = extent - (trips - 1) * tile;
    cut.trips *= trips;
    cut.tile *= tile;
    cut.second *= tile;
    cut.last *= last;
    cut.step *= std::gcd(tile, last);
  }
  const auto innermost = std::find_if(loops.rbegin(), loops.rend(), [&](const LoopSpec& loop) {
    return loop.tile < cascade.extent(loop.rank).value();
  });
  if (innermost != loops.rend()) {
    const std::int64_t rest = cascade.extent(innermost->rank).value() - innermost->tile;
    cut.second = cut.second / innermost->tile * std::min(rest, innermost->tile);
  }
  return cut;
}

/// Times that all of it goes through its buffer: loops outside its innermost one bring it again.
std::int64_t NestWeights::passes(const Operand& operand, const Tiling& tiling) const {
  std::int64_t passes = 1;
  std::int64_t outer = 1;
  for (const ChosenCut& chosen : tiling) {
    const std::int64_t trips = cuts_[chosen.rank_class][chosen.cut].trips;
    if (!has(operand, chosen.rank_class)) {
      outer *= trips;
    } else if (trips > 1) {
      passes = outer;
    }
  }
  return passes;
}

/// Sums that leave unfinished go out and come back in the accumulator's type.
Bytes NestWeights::moved(const Tiling& tiling) const {
  if (!known_) return {};
  std::int64_t moved = 0;
  for (auto input = operands_.begin(); input + 1 != operands_.end(); ++input) {
    moved += bytes(input->whole * passes(*input, tiling), input->bits);
  }
  const Operand& output = operands_.back();
  const std::int64_t unfinished = output.whole * (passes(output, tiling) - 1);
  return Bytes{moved + bytes(output.whole, output.bits) + 2 * bytes(unfinished, sum_bits_)};
}

NestWeights::Slab NestWeights::slab_of(const Operand& operand, const Tiling& tiling) const {
  Slab slab;
  for (std::size_t c = 0; c < cuts_.size(); ++c) {
    if (!has(operand, c)) continue;
    const auto chosen =
        std::find_if(tiling.begin(), tiling.end(), [&](const ChosenCut& one) { return one.rank_class == c; });
    const Cut& cut = cuts_[c][chosen == tiling.end() ? 0 : chosen->cut];
    slab.first *= cut.tile;
    slab.last *= cut.last;
    slab.step *= cut.step;
    if (cut.trips > 1)
      slab.depth = std::max(slab.depth, static_cast<std::size_t>(chosen - tiling.begin()) + 1);
  }
  slab.second = slab.first;
  if (slab.depth > 0) {
    const ChosenCut& innermost = tiling[slab.depth - 1];
    const Cut& cut = cuts_[innermost.rank_class][innermost.cut];
    slab.second = slab.first / cut.tile * cut.second;
  }
  return slab;
}

NestWeights::Weighed NestWeights::of(const Tiling& tiling) {
  loops_.clear();
  append_loops(space_, tiling, loops_);
  const ArrayWork array = work_.of(loops_);
  if (!known_) return {{{}, {}, {}, array}, false};
  const int most_slots = options_.double_buffering && options_.count_second_slots ? 2 : 1;
  const std::int64_t granule = 8 * options_.granule.value();
  std::int64_t held = 0;
  std::int64_t ends = 0;
  bool exact = true;
  const auto add = [&](const Slab& slab, int held_bits, int bits, std::int64_t end) {
    held += bytes(slab.first, held_bits) * (slab.depth > 0 ? most_slots : 1);
    ends += bytes(end, bits);
    exact = exact && slab.step * bits % granule == 0 && slab.step * held_bits % granule == 0;
  };
  std::size_t outermost = tiling.size();
  for (auto input = operands_.begin(); input + 1 != operands_.end(); ++input) {
    const Slab slab = slab_of(*input, tiling);
    add(slab, input->bits, input->bits, slab.first);
    outermost = std::min(outermost, slab.depth);
  }
  // Inner loops' loads go first: second slabs come before the last that the first tile needs.
  const bool ahead = options_.double_buffering && one_by_one_;
  for (auto input = operands_.begin(); ahead && input + 1 != operands_.end(); ++input) {
    const Slab slab = slab_of(*input, tiling);
    if (slab.depth > outermost) ends += bytes(slab.second, input->bits);
  }
  const Operand& output = operands_.back();
  const Slab slab = slab_of(output, tiling);
  const bool accumulates = std::any_of(tiling.begin(), tiling.end(), [&](const ChosenCut& chosen) {
    return !has(output, chosen.rank_class) && cuts_[chosen.rank_class][chosen.cut].trips > 1;
  });
  add(slab, accumulates ? sum_bits_ : output.bits, output.bits, slab.last);
  return {{moved(tiling), Bytes{held}, Bytes{ends}, array}, exact};
}

}  // namespace fusescape
