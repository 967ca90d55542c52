#include "compute.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Coordinates of the element that `access` names at `point`.
Coordinates element_at(const Cascade& cascade, const Access& access, const Coordinates& point) {
  Coordinates at;
  at.reserve(access.indices.size());
  for (const Index& index : access.indices) {
    const std::int64_t tap = index.tap ? point[index_of(*index.tap)] : 0;
    const std::int64_t chunk = index.chunk ? point[index_of(*index.chunk)] : 0;
    at.push_back(chunk * cascade.extent(index.rank).value() + point[index_of(index.rank)] - index.distance -
                 tap + index.offset);
  }
  return at;
}

enum class Place : unsigned char { kOwn, kZero };

/// Whether an element exists; else it is zero: before a tensor that starts at zero, or padding beyond its
/// end.
Place place_of(const Cascade& cascade, TensorId tensor, const Coordinates& at) {
  const bool has_history = cascade.tensor(tensor).initial != Initial::kZero;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if ((at[i] < 0 && !has_history) || at[i] >= cascade.extent(cascade.tensor(tensor).ranks[i]).value()) {
      return Place::kZero;
    }
  }
  return Place::kOwn;
}

/// The ranks along which `access` reads earlier elements.
void append_shifted(const Access& access, std::vector<RankId>& ranks) {
  for (const Index& index : access.indices) {
    if (is_shifted(index)) ranks.push_back(index.rank);
  }
}

}  // namespace

void Compute::fail(BadValue problem, OpId op, TensorId tensor, const Coordinates& at) {
  if (!fault_) fault_ = ValueFault{problem, op, tensor, at};
}

void Compute::missing(const Held& held, OpId op, TensorId tensor, std::int64_t id, const Coordinates& at) {
  const BadValue absent = chip_.dram.was_made(id) ? BadValue::kLost : BadValue::kNotMade;
  fail(held.terms > 0 ? BadValue::kNotFinal : absent, op, tensor, at);
}

/// The value of one operand at the current point.
double Compute::input(OpId op, int input) {
  const Access& access = chip_.cascade.op(op).inputs[static_cast<std::size_t>(input)];
  const Coordinates at = element_at(chip_.cascade, access, point_);
  if (place_of(chip_.cascade, access.tensor, at) == Place::kZero) return 0.0;
  const std::int64_t id = chip_.dram.id(access.tensor, at);
  const auto in_register = registers_.find(access.tensor);
  const bool here = in_register != registers_.end() && in_register->second.first == id;
  const Held held = here ? in_register->second.second : buffers_->read({op, input}, at, id);
  if (held.terms != chip_.dram.whole(access.tensor)) missing(held, op, access.tensor, id, at);
  return held.value;
}

/// The sum that this tile goes on with: nothing yet, or what the tiles before it have left in the buffer.
std::optional<RunningSum> Compute::resume(const Operator& op, const Member& member, std::int64_t id) {
  const Summation summation{op.kind, formats_[index_of(op.output)]};
  const Held held = buffers_->made_so_far(member.op, output_, id);
  const bool open = held.terms > 0 && held.terms < member.whole;
  if (member.before == 0 && !open) {
    const bool biased = class_of(op.kind) == OpClass::kContraction && op.inputs.size() > 2;
    return RunningSum{.sum = summation.start(biased ? input(member.op, 2) : 0.0)};
  }
  if (held.terms == member.before) return RunningSum{.sum = held.value, .done = held.terms};
  if (held.terms > 0) {
    fail(BadValue::kAddedTwice, member.op, op.output, output_);
  } else {
    fail(BadValue::kLost, member.op, op.output, output_);
  }
  return std::nullopt;
}

/// Whether the current point is none of those that the operator takes.
bool Compute::is_masked(const Operator& op) const {
  return op.where && point_[index_of(op.where->key)] > point_[index_of(op.where->query)];
}

void Compute::add_term(const Operator& op, Member& member, std::int64_t id) {
  auto running = member.sums.find(id);
  if (running == member.sums.end()) {
    const auto resumed = resume(op, member, id);
    if (!resumed) return;
    running = member.sums.emplace(id, *resumed).first;
  }
  const Summation summation{op.kind, formats_[index_of(op.output)]};
  const double first = input(member.op, 0);
  const bool product = class_of(op.kind) == OpClass::kContraction;
  RunningSum& sum = running->second;
  const double term = product ? first * input(member.op, 1) : first;
  if (!is_masked(op)) sum.sum = summation.add(sum.sum, term);
  ++sum.here;
  Held held{sum.sum, sum.done + sum.here};
  if (held.terms == member.whole) held.value = summation.finish(held.value, held.terms);
  registers_[op.output] = {id, held};
  if (sum.here < member.here) return;
  if (held.terms == member.whole) chip_.dram.note_made(id);
  made_.push_back({member.op, output_, id, held});
  member.sums.erase(running);
}

void Compute::make_element(const Operator& op, Member& member, std::int64_t id) {
  std::array<double, kMostInputs> values{};
  for (std::size_t i = 0; i < op.inputs.size(); ++i) values[i] = input(member.op, static_cast<int>(i));
  const double made = is_masked(op) ? 0.0 : element(op.kind, std::span{values}.first(op.inputs.size()));
  const Held held{rounded(made, formats_[index_of(op.output)]), 1};
  chip_.dram.note_made(id);
  registers_[op.output] = {id, held};
  made_.push_back({member.op, output_, id, held});
}

/// Results leave the registers when the whole chain has seen the old values that they take the place of.
void Compute::write_back() {
  for (const Made& made : made_) buffers_->write(made.op, made.at, made.id, made.held);
  made_.clear();
}

void Compute::run_point(Member& member) {
  const Operator& op = chip_.cascade.op(member.op);
  output_.clear();
  for (const RankId rank : chip_.cascade.tensor(op.output).ranks) output_.push_back(point_[index_of(rank)]);
  const std::int64_t id = chip_.dram.id(op.output, output_);
  sums(op.kind) ? add_term(op, member, id) : make_element(op, member, id);
}

Compute::Member Compute::member(OpId op, const Bounds& bounds) {
  const std::vector<RankId>& summed = chip_.cascade.op(op).reduction_ranks;
  Member made;
  made.op = op;
  made.whole = chip_.dram.whole(chip_.cascade.op(op).output);
  for (const RankId rank : summed) made.here *= bounds.extent[index_of(rank)];
  Begun& begun = begun_[index_of(op)];
  const auto [before, first] = begun.before.emplace(key_along(summed, bounds), begun.terms);
  if (first) begun.terms += made.here;
  made.before = before->second;
  return made;
}

/// Ranks along which an operator reads what the tile itself makes come first, sums last.
std::vector<RankId> Compute::order(const std::vector<OpId>& members) const {
  std::vector<RankId> wanted;
  for (const OpId op : members) {
    for (const Access& access : chip_.cascade.op(op).inputs) {
      const auto& producer = chip_.cascade.producer[index_of(access.tensor)];
      const bool own = producer && std::find(members.begin(), members.end(), *producer) != members.end();
      if (own) append_shifted(access, wanted);
    }
  }
  const std::vector<RankId>& all = chip_.cascade.op(members.front()).ranks;
  wanted.insert(wanted.end(), all.begin(), all.end());
  std::vector<RankId> ranks;
  for (const RankId rank : wanted) {
    if (!has_rank(ranks, rank)) ranks.push_back(rank);
  }
  return ranks;
}

std::optional<ValueFault> Compute::run(const std::vector<OpId>& members, Residency& buffers,
                                       const Bounds& bounds) {
  buffers_ = &buffers;
  point_.assign(chip_.cascade.ranks.size(), 0);
  std::vector<Member> running;
  running.reserve(members.size());
  for (const OpId op : members) running.push_back(member(op, bounds));
  const std::vector<RankId> ranks = order(members);
  Box box;
  for (const RankId rank : ranks) {
    box.emplace_back(bounds.start[index_of(rank)],
                     bounds.start[index_of(rank)] + bounds.extent[index_of(rank)]);
  }
  for_each_in(box, [&](const Coordinates& at) {
    if (fault_) return;
    for (std::size_t i = 0; i < ranks.size(); ++i) point_[index_of(ranks[i])] = at[i];
    registers_.clear();
    for (Member& one : running) run_point(one);
    if (!fault_) write_back();
  });
  return fault_;
}

}  // namespace fusescape
