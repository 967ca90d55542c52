#include "nest_weights.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include "fusescape/workload/resident.hpp"

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
      work_{planner, op, space},
      orders_{space, add_operands(planner.cascade(), planner.cascade().op(op))},
      cuts_(space.cuts.size()),
      at_(space.cuts.size()) {
  if (!known_) return;
  for (std::size_t c = 0; c < space.cuts.size(); ++c) {
    std::vector<Cut>& cuts = all_cuts_.emplace_back();
    for (const Loops& loops : space.cuts[c]) cuts.push_back(cut_of(planner.cascade(), space.ranks[c], loops));
  }
}

/// The classes that each of them has.
std::vector<ClassSet> NestWeights::add_operands(const Cascade& cascade, const Operator& op) {
  std::vector<ClassSet> classes;
  if (!known_) return classes;
  const auto add = [&](TensorId id, const auto& has_rank_of) {
    const int bits = bits_of(cascade.tensor(id).type);
    Operand& operand =
        operands_.emplace_back(Operand{.bits = bits, .moved_bits = is_resident(cascade, id) ? 0 : bits});
    for (std::size_t c = 0; c < space_.ranks.size(); ++c) {
      if (!has_rank_of(space_.ranks[c].front())) continue;
      operand.classes |= ClassSet{1} << c;
      for (const RankId rank : space_.ranks[c]) operand.whole *= cascade.extent(rank).value();
    }
    classes.push_back(operand.classes);
  };
  for (auto input = op.inputs.begin(); input != op.inputs.end(); ++input) {
    known_ = known_ && !is_diagonal(*input);
    if (std::find(op.inputs.begin(), input, *input) != input) continue;
    add(input->tensor, [&](RankId rank) { return names(*input, rank); });
  }
  const Tensor& output = cascade.tensor(op.output);
  add(op.output, [&](RankId rank) { return has_rank(output.ranks, rank); });
  sum_bits_ = bits_of(accumulator_of(output));
  whole_bytes_ =
      sum_bits_ % 8 == 0 && std::all_of(operands_.begin(), operands_.end(),
                                        [](const Operand& operand) { return operand.bits % 8 == 0; });
  return classes;
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

void NestWeights::go_to(std::size_t number) {
  looped_ = 0;
  for (std::size_t c = 0; c < cuts_.size(); ++c) {
    const std::vector<Loops>& cuts = space_.cuts[c];
    const std::size_t cut = number % cuts.size();
    number /= cuts.size();
    cuts_[c] = static_cast<std::uint32_t>(cut);
    if (known_) at_[c] = &all_cuts_[c][cut];
    if (!cuts[cut].empty()) looped_ |= ClassSet{1} << c;
  }
}

/// Of all of them together.
std::int64_t NestWeights::trips(ClassSet classes) const {
  std::int64_t trips = 1;
  for (; classes != 0; classes &= classes - 1)
    trips *= cut(static_cast<std::size_t>(std::countr_zero(classes))).trips;
  return trips;
}

/// Sums that leave unfinished go out and come back in the accumulator's type.
std::int64_t NestWeights::moved(const LoopOrder& order) const {
  std::int64_t moved = 0;
  const std::size_t inputs = operands_.size() - 1;
  for (std::size_t i = 0; i < inputs; ++i) {
    moved += bytes(operands_[i].whole * trips(order.repeats[i]), operands_[i].moved_bits);
  }
  const Operand& output = operands_.back();
  const std::int64_t unfinished = output.whole * (trips(order.repeats[inputs]) - 1);
  return moved + bytes(output.whole, output.moved_bits) + 2 * bytes(unfinished, sum_bits_);
}

NestWeights::Lightest NestWeights::lightest() {
  const std::vector<LoopOrder>& orders = orders_.of(looped_);
  if (!known_) return {Bytes{}, &orders.front()};
  const LoopOrder* lightest = nullptr;
  std::int64_t least = 0;
  for (const LoopOrder& order : orders) {
    const std::int64_t moved = this->moved(order);
    if (lightest != nullptr && moved >= least) continue;
    lightest = &order;
    least = moved;
  }
  return {Bytes{least}, lightest};
}

/// Elements of one visit of it.
std::int64_t NestWeights::slab(const Operand& operand, std::int64_t Cut::*elements) const {
  std::int64_t product = 1;
  for (ClassSet classes = operand.classes; classes != 0; classes &= classes - 1) {
    product *= cut(static_cast<std::size_t>(std::countr_zero(classes))).*elements;
  }
  return product;
}

std::int64_t NestWeights::held_bytes(const Operand& operand, int bits) const {
  const bool streams = (operand.classes & looped_) != 0;
  const int slots = streams && options_.double_buffering && options_.count_second_slots ? 2 : 1;
  return bytes(slab(operand, &Cut::tile), bits) * slots;
}

/// An output that is summed over a cut class accumulates.
int NestWeights::held_bits(const Operand& operand) const {
  const bool accumulates = &operand == &operands_.back() && (looped_ & ~operand.classes) != 0;
  return accumulates ? sum_bits_ : operand.bits;
}

Bytes NestWeights::held() const {
  std::int64_t held = 0;
  for (const Operand& operand : operands_) held += held_bytes(operand, held_bits(operand));
  return Bytes{held};
}

/// Of the tilings that cut the classes that are cut now, with the present cuts but that of the first class.
void NestWeights::fill(Row& row) {
  constexpr ClassSet kFirst = 1;
  row.held_by_tile = row.ends_by_tile = row.ends_by_last = {};
  row.moved_by_trips.clear();
  const std::size_t inputs = operands_.size() - 1;
  const Operand& output = operands_.back();
  for (const Operand& operand : operands_) {
    const bool by_first = has_class(operand.classes, 0);
    const std::int64_t tile = by_first ? cut(0).tile : 1;
    row.held_by_tile.add(held_bytes(operand, held_bits(operand)) / tile, by_first);
    if (&operand == &output) continue;
    row.ends_by_tile.add(bytes(slab(operand, &Cut::tile), operand.moved_bits) / tile, by_first);
  }
  const bool made_by_first = has_class(output.classes, 0);
  row.ends_by_last.add(bytes(slab(output, &Cut::last), output.moved_bits) / (made_by_first ? cut(0).last : 1),
                       made_by_first);
  const std::int64_t partial = 2 * bytes(output.whole, sum_bits_);
  for (const LoopOrder& order : orders_.of(looped_)) {
    Linear& moved = row.moved_by_trips.emplace_back();
    for (std::size_t i = 0; i < inputs; ++i) {
      const ClassSet repeats = order.repeats[i];
      moved.add(bytes(operands_[i].whole, operands_[i].moved_bits) * trips(repeats & ~kFirst),
                has_class(repeats, 0));
    }
    const ClassSet repeats = order.repeats[inputs];
    moved.add(partial * trips(repeats & ~kFirst), has_class(repeats, 0));
    moved.add(bytes(output.whole, output.moved_bits) - partial, false);
  }
}

/// `rows`: room for two, of which the first class is whole or cut.
void NestWeights::sketch_row(std::uint32_t first, std::array<Row, 2>& rows, std::vector<Sketch>& sketches) {
  std::array<bool, 2> filled{};
  go_to(first);
  work_.go_to_row(cuts_);
  for (std::uint32_t cut = 0; cut < all_cuts_.front().size(); ++cut) {
    const std::size_t is_cut = space_.cuts.front()[cut].empty() ? 0 : 1;
    Row& row = rows[is_cut];
    if (!std::exchange(filled[is_cut], true)) {
      go_to(first + cut);
      fill(row);
    }
    const Cut& own = all_cuts_.front()[cut];
    std::int64_t moved = std::numeric_limits<std::int64_t>::max();
    for (const Linear& in_order : row.moved_by_trips) moved = std::min(moved, in_order.at(own.trips));
    const std::int64_t ends = row.ends_by_tile.at(own.tile) + row.ends_by_last.at(own.last);
    sketches.push_back(
        {Bytes{moved}, Bytes{row.held_by_tile.at(own.tile)}, Bytes{ends}, work_.compute(cut), first + cut});
  }
}

std::vector<Sketch> NestWeights::sketches() {
  std::vector<Sketch> sketches;
  sketches.reserve(tilings(space_));
  std::array<Row, 2> rows;
  const auto row = static_cast<std::uint32_t>(space_.cuts.front().size());
  for (std::uint32_t first = 0; first < tilings(space_); first += row) sketch_row(first, rows, sketches);
  return sketches;
}

NestWeights::Slab NestWeights::slab_of(const Operand& operand, const LoopOrder& order) const {
  Slab slab{.first = this->slab(operand, &Cut::tile)};
  for (ClassSet classes = operand.classes; classes != 0; classes &= classes - 1) {
    const Cut& own = cut(static_cast<std::size_t>(std::countr_zero(classes)));
    slab.last *= own.last;
    slab.step *= own.step;
  }
  slab.second = slab.first;
  for (std::size_t depth = order.classes.size(); depth > 0; --depth) {
    const std::size_t rank_class = order.classes[depth - 1];
    if (!has_class(operand.classes, rank_class)) continue;
    slab.depth = depth;
    slab.second = slab.first / cut(rank_class).tile * cut(rank_class).second;
    break;
  }
  return slab;
}

NestWeights::Weighed NestWeights::of(const Lightest& lightest) {
  const ArrayWork array = work_.of(cuts_);
  if (!known_) return {{{}, {}, {}, array}, false};
  const std::int64_t granule = 8 * options_.granule.value();
  std::int64_t ends = 0;
  bool exact = true;
  std::size_t outermost = lightest.order->classes.size();
  std::array<Slab, kMostAccesses> slabs;
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    const Operand& operand = operands_[i];
    const Slab& slab = slabs[i] = slab_of(operand, *lightest.order);
    const bool is_output = &operand == &operands_.back();
    exact = exact && slab.step * operand.moved_bits % granule == 0 &&
            slab.step * held_bits(operand) % granule == 0;
    ends += bytes(is_output ? slab.last : slab.first, operand.moved_bits);
    if (!is_output) outermost = std::min(outermost, slab.depth);
  }
  // Inner loops' loads go first: second slabs come before the last that the first tile needs.
  const bool ahead = options_.double_buffering && one_by_one_;
  for (std::size_t i = 0; ahead && i + 1 < operands_.size(); ++i) {
    if (slabs[i].depth > outermost) ends += bytes(slabs[i].second, operands_[i].moved_bits);
  }
  return {{lightest.moved, held(), Bytes{ends}, array}, exact};
}

}  // namespace fusescape
