#include "fusescape/workload/role_types.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "attention.hpp"
#include "families/ssd_chunks.hpp"
#include "fusescape/workload/roles.hpp"

namespace fusescape {
namespace {

/// A role, the key of a model file that sets its type, and its word for people.
struct TypedRole {
  std::optional<DataType> RoleTypes::*type;
  std::string_view key;
  std::string_view word;
};

constexpr TypedRole kWeights{&RoleTypes::weight, "weight_dtype", "weights"};
constexpr TypedRole kStates{&RoleTypes::state, "state_dtype", "states"};
constexpr TypedRole kCaches{&RoleTypes::cache, "cache_dtype", "KV cache"};
constexpr TypedRole kSums{&RoleTypes::accumulator, "accumulator_dtype", "sums"};
constexpr TypedRole kActivations{&RoleTypes::activation, "activation_dtype", "activations"};

/// Marks what `op` makes, and of what it takes all that an operator made.
void mark_recurrence(const Cascade& cascade, OpId op, std::vector<bool>& made) {
  made[index_of(cascade.op(op).output)] = true;
  for (const Access& input : cascade.op(op).inputs) {
    const std::size_t tensor = index_of(input.tensor);
    if (cascade.producer[tensor].has_value()) made[tensor] = true;
  }
}

/// Per tensor, whether an operator that updates a state makes it, or the recurrence takes it as it is.
std::vector<bool> made_in_updates(const Cascade& cascade) {
  std::vector<bool> made(cascade.tensors.size(), false);
  for (const StateUpdate& update : state_updates(cascade)) {
    for (const OpId op : update.decay) made[index_of(cascade.op(op).output)] = true;
    for (const OpId op : update.input) made[index_of(cascade.op(op).output)] = true;
    for (const OpId op : update.recurrence) mark_recurrence(cascade, op, made);
  }
  return made;
}

const TypedRole& role_of(const Tensor& tensor, bool made_in_update) {
  if (tensor.kind == TensorKind::kWeight) return kWeights;
  if (made_in_update || is_handed_on_state(tensor)) return kStates;
  return is_kv_cache(tensor) ? kCaches : kActivations;
}

}  // namespace

bool holds_sums(DataType accumulator, DataType type) {
  const auto is_integer = [](DataType one) { return facts(one).accumulator == DataType::kInt32; };
  if (is_integer(accumulator)) return accumulator == DataType::kInt32 && is_integer(type);
  return !is_integer(type) && bits_of(accumulator) >= bits_of(type);
}

std::optional<TensorId> unfit_sum(const Cascade& cascade, DataType accumulator) {
  for (const Operator& op : cascade.operators) {
    const Tensor& sum = cascade.tensor(op.output);
    if (sums(op.kind) && sum.accumulator == accumulator && !holds_sums(accumulator, sum.type))
      return op.output;
  }
  return std::nullopt;
}

void set_types(Cascade& cascade, const RoleTypes& types, const std::vector<bool>& typed) {
  const std::vector<bool> state = made_in_updates(cascade);
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    if (!typed.empty() && typed[i]) continue;
    Tensor& tensor = cascade.tensors[i];
    tensor.type = (types.*role_of(tensor, state[i]).type).value_or(tensor.type);
  }
  for (const Operator& op : cascade.operators) {
    std::optional<DataType>& accumulator = cascade.tensors[index_of(op.output)].accumulator;
    if (sums(op.kind) && !accumulator) accumulator = types.accumulator;
  }
}

std::string_view type_setting(const Cascade& cascade, const Tensor& tensor) {
  const auto at = static_cast<std::size_t>(&tensor - cascade.tensors.data());
  return role_of(tensor, made_in_updates(cascade)[at]).key;
}

std::string describe(const RoleTypes& types) {
  std::vector<std::string> parts;
  for (const TypedRole* role : {&kWeights, &kStates, &kCaches, &kActivations, &kSums}) {
    if (const auto type = types.*role->type)
      parts.push_back(fmt::format("{} {}", role->word, name_of(*type)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace fusescape
