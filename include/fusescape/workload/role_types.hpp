// Which tensors of a model have which data type? Weights, states, KV caches and the rest may differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Types by what a tensor is for; none: that of the cascade.
struct RoleTypes {
  std::optional<DataType> weight;      ///< What is read as parameters.
  std::optional<DataType> state;       ///< What an update of a state makes: the state, its decay, its input.
  std::optional<DataType> cache;       ///< Keys and values, the cached ones and those that join them.
  std::optional<DataType> activation;  ///< All else: a convolution's window, too.
  std::optional<DataType> accumulator{};  ///< What sums are kept in; none: as their own types have it.
};

/// Gives the tensors of a cascade the types of their roles, but for those that are `typed` (none: no tensor
/// is), and its sums their accumulator, but for those that have one.
void set_types(Cascade& cascade, const RoleTypes& types, const std::vector<bool>& typed = {});

/// Whether sums that become `type` can be kept in `accumulator`: floats in one that is as wide at least,
/// integers in int32.
[[nodiscard]] bool holds_sums(DataType accumulator, DataType type);
/// The first tensor of `cascade` whose sums are kept in it and cannot. None: all can.
[[nodiscard]] std::optional<TensorId> unfit_sum(const Cascade& cascade, DataType accumulator);

/// The key of a model file that sets the type of `tensor`, one of `cascade`: "state_dtype", ...
[[nodiscard]] std::string_view type_setting(const Cascade& cascade, const Tensor& tensor);

/// "weights int4, states fp32"; empty if no role has a type of its own.
[[nodiscard]] std::string describe(const RoleTypes& types);

}  // namespace fusescape
