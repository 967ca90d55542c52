#include "feed_forward.hpp"

#include <utility>

#include "activations.hpp"
#include "adapters.hpp"

namespace fusescape {
namespace {

class Network {
 public:
  Network(CascadeBuilder& make, const FeedForward& network)
      : make_{make}, network_{network}, f_{make.rank(network.hidden_name, network.hidden)} {}

  [[nodiscard]] TensorId run(const Access& x) {
    const TensorId active = is_gated(network_.activation) ? gated(x) : activated(make_.at(up("up", x, f_)));
    return product("down", {make_.at(active)}, f_, network_.width);
  }

 private:
  [[nodiscard]] std::string named(const std::string& part) const { return network_.prefix + part; }

  [[nodiscard]] static std::vector<RankId> with(std::vector<RankId> ranks,
                                                std::initializer_list<RankId> more) {
    ranks.insert(ranks.end(), more);
    return ranks;
  }

  /// `part`_proj: `inputs` (one) times the weights W_`part`, and their bias if there is one.
  [[nodiscard]] TensorId product(const std::string& part, std::vector<Access> inputs, RankId from, RankId to,
                                 const char* result_suffix = "") {
    const auto weight = [&](const char* kind, std::vector<RankId> ranks) {
      return make_.at(make_.tensor(kind + named(part), std::move(ranks), TensorKind::kWeight));
    };
    inputs.push_back(weight("W_", with(network_.experts, {from, to})));
    if (network_.bias) inputs.push_back(weight("b_", with(network_.experts, {to})));
    return make_.make(named(part + "_proj"), OpKind::kMatmul,
                      {named(part + result_suffix), with(network_.rows, {to})}, std::move(inputs));
  }

  [[nodiscard]] TensorId up(const char* part, const Access& x, RankId to) {
    if (!network_.adapter) return product(part, {x}, network_.width, to);
    const TensorId base = product(part, {x}, network_.width, to, "_shared");
    const TensorId result = make_.tensor(named(part), with(network_.rows, {to}), TensorKind::kIntermediate);
    const Adapter adapter{named(part), network_.rows, network_.width, *network_.adapter, {to}};
    add_adapter(make_, adapter, x, base, result);
    return result;
  }

  [[nodiscard]] TensorId gated(const Access& x) {
    const RankId both = make_.rank(network_.hidden_name + "2", 2 * network_.hidden);
    const TensorId made = up("gate_up", x, both);
    const TensorId gate = activated(make_.slice(made, f_, Elements{0}));
    return make_.make(named("gate"), OpKind::kMul, {named("gated"), with(network_.rows, {f_})},
                      {make_.at(gate), make_.slice(made, f_, network_.hidden)});
  }

  [[nodiscard]] TensorId activated(const Access& x) {
    const std::vector<RankId> ranks = with(network_.rows, {f_});
    if (network_.activation == Activation::kRelu2) {
      const TensorId relu = make_.make(named("relu"), OpKind::kRelu, {named("up_relu"), ranks}, {x});
      return make_.make(named("square"), OpKind::kSquare, {named("up_relu2"), ranks}, {make_.at(relu)});
    }
    const bool silu_gate = network_.activation == Activation::kSwiGlu;
    return sigmoid_product(
        make_,
        {named("act_sigmoid"), named("sigmoid"), named(silu_gate ? "act_silu" : "act_gelu"), named("active")},
        ranks, x);
  }

  CascadeBuilder& make_;
  const FeedForward& network_;
  RankId f_;
};

}  // namespace

TensorId feed_forward(CascadeBuilder& make, const FeedForward& network, const Access& x) {
  return Network{make, network}.run(x);
}

Elements feed_forward_params(Activation activation, Elements width, Elements hidden, bool bias) {
  const Elements matrices = matrices_of(activation) * (width * hidden);
  return bias ? matrices + (matrices_of(activation) - 1) * hidden + width : matrices;
}

}  // namespace fusescape
