// Are the cascades of MLPs and mixtures of experts the networks of their formulas?
#include <catch2/catch.hpp>

#include "portions.hpp"
#include "random_families.hpp"
#include "selective_scan.hpp"

namespace fusescape::test_plans::feed_forward_test {
namespace {

/// Two orders of the same double-precision operations: a few hundred roundings of numbers about 1.
constexpr double kFfnClose = 1e-12;

/// Numbers of a block's tensors, and what it made of them.
struct BlockRun {
  BlockRun(Cascade of, std::uint64_t seed)
      : cascade{std::move(of)}, given{make_case(cascade, Arithmetic::kFp64, seed)} {
    made = run_reference(cascade, given).tensors;
  }
  [[nodiscard]] double in(const std::string& name, const std::vector<std::int64_t>& at) const {
    return named(cascade, given.tensors, name).at(at);
  }
  [[nodiscard]] double out(const std::vector<std::int64_t>& at) const {
    return named(cascade, made, "out").at(at);
  }

  Cascade cascade;
  NumericCase given;
  std::vector<TensorValues> made;
};

/// Element (row, column) of the weights `name` of the expert at `expert`, or of the one network.
struct Weights {
  const BlockRun& run;
  std::string prefix;
  std::vector<std::int64_t> expert;

  [[nodiscard]] double at(const char* name, std::vector<std::int64_t> where) const {
    where.insert(where.begin(), expert.begin(), expert.end());
    return run.in(std::string{name[0] == 'b' ? "b_" : "W_"} + prefix + (name + 2), where);
  }
};

/// x W + b, `columns` wide.
Vector times(const Weights& weights, const std::string& name, const Vector& x, std::int64_t columns,
             bool bias) {
  Vector made = Vector::Zero(columns);
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t r = 0; r < x.size(); ++r) made[c] += x[r] * weights.at(("W_" + name).c_str(), {r, c});
    if (bias) made[c] += weights.at(("b_" + name).c_str(), {c});
  }
  return made;
}

Vector network_of(const Weights& weights, Activation activation, const Vector& x, std::int64_t hidden,
                  bool bias) {
  Vector active;
  if (is_gated(activation)) {
    const Vector both = times(weights, "gate_up", x, 2 * hidden, bias);
    active = silu_of(both.head(hidden)).cwiseProduct(both.tail(hidden));
  } else {
    const Vector up = times(weights, "up", x, hidden, bias);
    active = activation == Activation::kRelu2 ? Vector{up.cwiseMax(0.0).cwiseAbs2()} : silu_of(up);
  }
  return times(weights, "down", active, x.size(), bias);
}

Vector token_of(const BlockRun& run, std::int64_t first, std::int64_t second, std::int64_t width) {
  Vector x(width);
  for (std::int64_t e = 0; e < width; ++e) x[e] = run.in("x", {first, second, e});
  return x;
}

Vector normed(const BlockRun& run, const Vector& x) {
  Vector made = normalized(x);
  for (std::int64_t e = 0; e < made.size(); ++e) made[e] *= run.in("g", {e});
  return made;
}

void check_token(const BlockRun& run, std::int64_t first, std::int64_t second, const Vector& expected) {
  for (std::int64_t e = 0; e < expected.size(); ++e) {
    CHECK(run.out({first, second, e}) == Approx(expected[e]).epsilon(kFfnClose));
  }
}

TEST_CASE("The reference of an MLP sub-block is its feed-forward network and the residual") {
  for_all(100, [](Dice& dice) {
    const Mlp shape = random_mlp(dice);
    const BlockRun run{sound(mlp_block(shape)), static_cast<std::uint64_t>(dice.in(0, 1'000'000))};
    CAPTURE(text_of(run.cascade));
    for (std::int64_t b = 0; b < shape.batch; ++b) {
      for (std::int64_t l = 0; l < shape.tokens; ++l) {
        const Vector x = token_of(run, b, l, shape.d_model);
        const Weights weights{run, "", {}};
        check_token(run, b, l,
                    x + network_of(weights, shape.activation, normed(run, x), shape.d_ff, shape.mlp_bias));
      }
    }
  });
}

/// The softmax of the router's scores.
Vector probabilities(const BlockRun& run, const Moe& shape, const Vector& x) {
  Vector scores = Vector::Zero(shape.n_expert);
  for (std::int64_t i = 0; i < scores.size(); ++i) {
    for (std::int64_t e = 0; e < x.size(); ++e) scores[i] += x[e] * run.in("W_router", {e, i});
    if (shape.router_bias) scores[i] += run.in("b_router", {i});
  }
  const Vector weights = scores.array().exp().matrix();
  return weights / weights.sum();
}

TEST_CASE(
    "The reference of a mixture of experts adds top_k experts by their probabilities, and the shared one") {
  for_all(100, [](Dice& dice) {
    const Moe shape = random_moe(dice);
    const Routing routing = routing_of(shape);
    const BlockRun run{sound(moe_block(shape)), static_cast<std::uint64_t>(dice.in(0, 1'000'000))};
    CAPTURE(text_of(run.cascade));
    for (std::int64_t group = 0; group < routing.experts; ++group) {
      for (std::int64_t y = 0; y < routing.tokens.value(); ++y) {
        const Vector x = token_of(run, group, y, shape.d_model);
        const Vector x_norm = normed(run, x);
        const Vector share = probabilities(run, shape, x_norm);
        Vector expected = x;
        for (std::int64_t j = 0; j < shape.top_k; ++j) {
          const Weights expert{run, "expert_", {j, group}};
          expected += share[j] * network_of(expert, shape.activation, x_norm, shape.d_ff, false);
        }
        if (shape.shared_ff > 0) {
          expected += network_of({run, "shared_", {}}, shape.activation, x_norm, shape.shared_ff, false);
        }
        check_token(run, group, y, expected);
      }
    }
  });
}

TEST_CASE("Uniform routing has a place for every token and touches no more experts than there are") {
  for_all(500, [](Dice& dice) {
    Moe shape = random_moe(dice);
    shape.n_expert = shape.top_k + dice.in(0, 130);
    shape.tokens = dice.in(1, 4000);
    const Routing routing = routing_of(shape);
    const std::int64_t tokens = shape.batch * shape.tokens;
    CHECK(routing.experts * shape.top_k <= shape.n_expert);
    CHECK(routing.experts <= tokens);
    CHECK(routing.experts * routing.tokens.value() >= tokens);
    CHECK(routing.experts * (routing.tokens.value() - 1) < tokens);
    // By counting: an expert is missed by one token in n_expert - top_k of n_expert cases.
    double missed = 1.0;
    for (std::int64_t t = 0; t < tokens; ++t) {
      missed *= static_cast<double>(shape.n_expert - shape.top_k) / static_cast<double>(shape.n_expert);
    }
    CHECK(routing.expected == Approx(static_cast<double>(shape.n_expert) * (1.0 - missed)));
  });
}

}  // namespace
}  // namespace fusescape::test_plans::feed_forward_test
