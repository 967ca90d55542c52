// Which operators are a feed-forward network? One, or one per expert.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/feed_forward.hpp"

namespace fusescape {

struct FeedForward {
  Activation activation = Activation::kSwiGlu;
  std::string prefix{};           ///< Of the names of operators, tensors and weights.
  std::vector<RankId> rows;       ///< Ranks of the tokens, in the network.
  std::vector<RankId> experts{};  ///< Those of `rows` that have weights of their own.
  RankId width{};                 ///< E
  Elements hidden;                ///< F
  std::string hidden_name = "F";  ///< Name of the rank of F elements; a gated network has one of 2F as well.
  bool bias = false;              ///< Both projections add biases.
  std::optional<RankId> adapter{};  ///< The first projection has an adapter of this rank.
};

/// up_proj (of a gated network gate_up_proj, whose result is read in two slices), the activation, and
/// down_proj. The result has the ranks `rows` and `width`.
[[nodiscard]] TensorId feed_forward(CascadeBuilder& make, const FeedForward& network, const Access& x);

/// Weights of one such network, for parameters.
[[nodiscard]] Elements feed_forward_params(Activation activation, Elements width, Elements hidden, bool bias);

}  // namespace fusescape
