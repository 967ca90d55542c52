#include "fusescape/workload/families/moe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../feed_forward.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {
namespace {

/// Tokens lie along two ranks, X groups of Y tokens. Choice j of a group's tokens is expert (j, x): so each
/// of them meets J experts, and J * X experts meet Y tokens each.
class MoeBlock {
 public:
  explicit MoeBlock(const Moe& shape)
      : shape_{shape},
        routing_{routing_of(shape)},
        make_{shape.name, shape.dtype},
        x_{make_.rank("X", Elements{routing_.experts})},
        y_{make_.rank("Y", routing_.tokens)},
        j_{make_.rank("J", Elements{shape.top_k})},
        n_{make_.rank("Ne", Elements{shape.n_expert})},
        e_{make_.rank("E", Elements{shape.d_model})} {}

  [[nodiscard]] CheckedCascade cascade() {
    const TensorId x = make_.tensor("x", {x_, y_, e_}, TensorKind::kInput);
    const TensorId x_norm =
        rms_norm(make_, {"norm", "x_norm", {{x_, y_}, {e_}}, weight("g", {e_})}, make_.at(x));
    const TensorId scores = router(x_norm);
    const TensorId routed = experts(x_norm, scores);
    const TensorId sum = shape_.shared_ff > 0 ? with_shared(routed, x_norm) : routed;
    const TensorId out = make_.tensor("out", {x_, y_, e_}, TensorKind::kOutput);
    make_.make("residual", OpKind::kAdd, out, {make_.at(sum), make_.at(x)});
    return make_.finish();
  }

 private:
  [[nodiscard]] TensorId weight(const char* name, std::vector<RankId> ranks) {
    return make_.tensor(name, std::move(ranks), TensorKind::kWeight);
  }

  /// Every expert's probability, a softmax whose maximum is not subtracted. Choosing the largest costs
  /// nothing.
  [[nodiscard]] TensorId router(TensorId x_norm) {
    const std::vector<RankId> all{x_, y_, n_};
    std::vector<Access> inputs{make_.at(x_norm), make_.at(weight("W_router", {e_, n_}))};
    if (shape_.router_bias) inputs.push_back(make_.at(weight("b_router", {n_})));
    const TensorId logits = make_.make("router", OpKind::kMatmul, {"logits", all}, std::move(inputs));
    const TensorId exp = make_.make("router_exp", OpKind::kExp, {"router_weights", all}, {make_.at(logits)});
    const TensorId sum =
        make_.make("router_sum", OpKind::kReduceSum, {"router_total", {x_, y_}}, {make_.at(exp)});
    return make_.make("router_div", OpKind::kDiv, {"probabilities", all}, {make_.at(exp), make_.at(sum)});
  }

  /// The chosen experts' results, times their probabilities, added up.
  [[nodiscard]] TensorId experts(TensorId x_norm, TensorId scores) {
    const FeedForward network{.activation = shape_.activation,
                              .prefix = "expert_",
                              .rows = {x_, y_, j_},
                              .experts = {j_, x_},
                              .width = e_,
                              .hidden = Elements{shape_.d_ff}};
    const TensorId results = feed_forward(make_, network, make_.at(x_norm));
    return make_.make("combine", OpKind::kMatmul, {"routed", {x_, y_, e_}},
                      {make_.slice(scores, j_, Elements{0}), make_.at(results)});
  }

  [[nodiscard]] TensorId with_shared(TensorId routed, TensorId x_norm) {
    const FeedForward network{.activation = shape_.activation,
                              .prefix = "shared_",
                              .rows = {x_, y_},
                              .width = e_,
                              .hidden = Elements{shape_.shared_ff},
                              .hidden_name = "Fs"};
    const TensorId shared = feed_forward(make_, network, make_.at(x_norm));
    return make_.make("add_shared", OpKind::kAdd, {"mixed", {x_, y_, e_}},
                      {make_.at(routed), make_.at(shared)});
  }

  const Moe& shape_;
  Routing routing_;
  CascadeBuilder make_;
  RankId x_, y_, j_, n_, e_;
};

}  // namespace

Routing routing_of(const Moe& shape) {
  FUSESCAPE_EXPECTS(shape.top_k > 0 && shape.top_k <= shape.n_expert);
  const Elements tokens = Elements{shape.batch} * shape.tokens;
  const auto all = static_cast<double>(shape.n_expert);
  const auto choices = static_cast<double>(shape.top_k);
  const double untouched =
      std::pow(1.0 - choices / all, static_cast<double>(shape.batch) * static_cast<double>(shape.tokens));
  Routing routing{.expected = all * (1.0 - untouched), .experts = 1, .tokens = tokens};
  if (tokens.overflow()) return routing;
  const std::int64_t most = std::min(shape.n_expert / shape.top_k, tokens.value());
  routing.experts = std::clamp<std::int64_t>(std::llround(routing.expected / choices), 1, most);
  routing.tokens = Elements{(tokens.value() - 1) / routing.experts + 1};
  return routing;
}

CheckedCascade moe_block(const Moe& shape) {
  return MoeBlock{shape}.cascade();
}

Elements layer_params(const Moe& shape) {
  const Elements e{shape.d_model};
  const Elements experts{shape.n_expert};
  const Elements expert = feed_forward_params(shape.activation, e, Elements{shape.d_ff}, false);
  Elements layer = e + e * experts + experts * expert;
  layer += feed_forward_params(shape.activation, e, Elements{shape.shared_ff}, false);
  if (shape.router_bias) layer += experts;
  return layer;
}

Workload moe_workload(const Moe& shape) {
  const Routing routing = routing_of(shape);
  const std::int64_t tokens = shape.batch * shape.tokens;
  std::string assumption = fmt::format(
      "routing is uniform: {} tokens choose {} of {} experts each and touch {:.1f}, as expected; modelled: "
      "{} experts, "
      "{} tokens each",
      tokens, shape.top_k, shape.n_expert, routing.expected, routing.experts * shape.top_k,
      routing.tokens.value());
  return model_of_blocks(shape, {.family = "moe",
                                 .layer_params = layer_params(shape),
                                 .assumptions = {std::move(assumption)},
                                 .block = moe_block(shape)});
}

}  // namespace fusescape
