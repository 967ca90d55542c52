#include "operator_key.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "candidates.hpp"
#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

/// Of `rank` in an operator's iteration space; -1: it is not there.
std::int64_t position_of(const Operator& op, RankId rank) {
  const auto at = std::find(op.ranks.begin(), op.ranks.end(), rank);
  return at == op.ranks.end() ? -1 : at - op.ranks.begin();
}

/// Numbers, one after another.
class Facts {
 public:
  Facts(const Cascade& cascade, const Operator& op) : cascade_{cascade}, op_{op} {}

  template <class Number>
  void add(Number number) {
    numbers_.push_back(static_cast<std::int64_t>(number));
  }
  void add(const std::vector<RankId>& ranks) {
    add(ranks.size());
    for (const RankId rank : ranks) add(position_of(op_, rank));
  }
  void add(const Engine& engine) {
    for (const std::int64_t number : {engine.count, engine.rows, engine.cols, engine.cycles_per_op,
                                      engine.efficiency.numerator(), engine.efficiency.denominator()})
      add(number);
  }
  void add(const SpatialMapping& mapping) {
    for (const auto* ranks : {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat}) add(*ranks);
    add(mapping.operand_loads);
  }
  /// Of the tensor that is made.
  void add(TensorId id) {
    const Tensor& tensor = cascade_.tensor(id);
    add(tensor.kind);
    add(tensor.type);
    add(accumulator_of(tensor));
    add(cascade_.uses[index_of(id)].empty());
    add(tensor.initial);
    add(tensor.final_value);
    add(outliving_elements(cascade_, id).value());
    add(is_resident(cascade_, id));
    add(tensor.ranks);
    for (const RankId rank : tensor.ranks) add(cascade_.extent(rank).value());
  }
  /// Unshifted. Which slice of its tensor it reads makes no difference.
  void add(const Access& input) {
    add(cascade_.tensor(input.tensor).type);
    add(is_resident(cascade_, input.tensor));
    add(input.indices.size());
    for (const Index& index : input.indices) {
      add(position_of(op_, index.rank));
      add(index.chunk ? position_of(op_, *index.chunk) : -1);
    }
  }
  /// Buffers come in the order of their tensors, and what is read twice has one.
  void add_order(const std::vector<TensorId>& tensors) {
    for (auto one = tensors.begin(); one != tensors.end(); ++one) {
      for (auto other = tensors.begin(); other != one; ++other)
        add(*one < *other ? -1 : *other < *one ? 1 : 0);
    }
  }

  [[nodiscard]] OperatorKey take() { return std::move(numbers_); }

 private:
  const Cascade& cascade_;
  const Operator& op_;
  OperatorKey numbers_;
};

}  // namespace

std::optional<OperatorKey> operator_key(const Planner& planner, OpId id) {
  const Cascade& cascade = planner.cascade();
  const Operator& op = cascade.op(id);
  if (planner.unit(id).size() > 1 || !has_nest_space(cascade, id)) return std::nullopt;
  Facts facts{cascade, op};
  facts.add(class_of(op.kind));
  facts.add(planner.array().engines[static_cast<std::size_t>(op.kind)]);
  facts.add(planner.spatial()[index_of(id)]);
  facts.add(op.ranks.size());
  for (const RankId rank : op.ranks) facts.add(cascade.extent(rank).value());
  std::vector<TensorId> tensors{op.output};
  for (const Access& input : op.inputs) {
    tensors.push_back(input.tensor);
    facts.add(input);
    for (const Access& other : op.inputs) facts.add(input == other);
  }
  if (cascade.tensor(op.output).kind == TensorKind::kState) return std::nullopt;
  facts.add(op.output);
  facts.add_order(tensors);
  return facts.take();
}

std::vector<OpId> first_equals(const Planner& planner) {
  const std::vector<Operator>& operators = planner.cascade().operators;
  std::map<std::pair<OperatorKey, std::vector<RankId>>, OpId> known;
  std::vector<OpId> firsts;
  firsts.reserve(operators.size());
  for (std::size_t i = 0; i < operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    std::optional<OperatorKey> key = operator_key(planner, op);
    firsts.push_back(key ? known.try_emplace({std::move(*key), operators[i].ranks}, op).first->second : op);
  }
  return firsts;
}

}  // namespace fusescape
