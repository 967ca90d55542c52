// Which tensors of a model have which data type? Weights, states, KV caches and the rest may differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Types by what a tensor is for; none: that of the cascade.
struct RoleTypes {
  std::optional<DataType> weight;      ///< What is read as parameters.
  std::optional<DataType> state;       ///< What an update of a state makes: the state, its decay, its input.
  std::optional<DataType> cache;       ///< Keys and values, the cached ones and those that join them.
  std::optional<DataType> activation;  ///< All else: a convolution's window, too.
};

/// Gives the tensors of a family's cascade the types of their roles.
void set_types(Cascade& cascade, const RoleTypes& types);

/// The key of a model file that sets the type of `tensor`, one of `cascade`: "state_dtype", ...
[[nodiscard]] std::string_view type_setting(const Cascade& cascade, const Tensor& tensor);

/// "weights int4, states fp32"; empty if no role has a type of its own.
[[nodiscard]] std::string describe(const RoleTypes& types);

}  // namespace fusescape
