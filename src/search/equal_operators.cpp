#include "equal_operators.hpp"

#include <algorithm>
#include <compare>
#include <tuple>

#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

bool are_equal(const Cascade& cascade, TensorId a, TensorId b) {
  const Tensor& first = cascade.tensor(a);
  const Tensor& other = cascade.tensor(b);
  return first.ranks == other.ranks && first.type == other.type && first.initial == other.initial &&
         first.final_value == other.final_value && first.kind == other.kind &&
         first.accumulator == other.accumulator && is_resident(cascade, a) == is_resident(cascade, b);
}

std::vector<TensorId> tensors_of(const Operator& op) {
  std::vector<TensorId> tensors{op.output};
  for (const Access& input : op.inputs) tensors.push_back(input.tensor);
  return tensors;
}

/// Buffers come in the order of their tensors, and what is read twice has one.
bool in_same_order(const std::vector<TensorId>& a, const std::vector<TensorId>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if ((a[i] <=> a[j]) != (b[i] <=> b[j])) return false;
    }
  }
  return true;
}

auto facts_of(const Engine& engine) {
  return std::tie(engine.count, engine.rows, engine.cols, engine.cycles_per_op);
}

bool are_equal(const Planner& planner, OpId a, OpId b) {
  const Cascade& cascade = planner.cascade();
  const Operator& first = cascade.op(a);
  const Operator& other = cascade.op(b);
  const auto engine = [&](const Operator& op) {
    return facts_of(planner.array().engines[static_cast<std::size_t>(op.kind)]);
  };
  const std::vector<TensorId> tensors = tensors_of(first);
  const std::vector<TensorId> others = tensors_of(other);
  const auto same_indices = [](const Access& x, const Access& y) { return x.indices == y.indices; };
  return first.ranks == other.ranks && class_of(first.kind) == class_of(other.kind) &&
         engine(first) == engine(other) && planner.spatial()[index_of(a)] == planner.spatial()[index_of(b)] &&
         std::equal(first.inputs.begin(), first.inputs.end(), other.inputs.begin(), other.inputs.end(),
                    same_indices) &&
         std::equal(tensors.begin(), tensors.end(), others.begin(),
                    [&](TensorId x, TensorId y) { return are_equal(cascade, x, y); }) &&
         in_same_order(tensors, others);
}

bool reads_itself(const Operator& op) {
  return std::any_of(op.inputs.begin(), op.inputs.end(),
                     [&](const Access& input) { return input.tensor == op.output; });
}

}  // namespace

std::vector<OpId> first_equals(const Planner& planner) {
  const Cascade& cascade = planner.cascade();
  std::vector<OpId> firsts;
  std::vector<OpId> distinct;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    firsts.push_back(op);
    if (planner.unit(op).size() > 1 || reads_itself(cascade.op(op))) continue;
    const auto equal = std::find_if(distinct.begin(), distinct.end(),
                                    [&](OpId other) { return are_equal(planner, other, op); });
    if (equal == distinct.end()) {
      distinct.push_back(op);
    } else {
      firsts.back() = *equal;
    }
  }
  return firsts;
}

}  // namespace fusescape
