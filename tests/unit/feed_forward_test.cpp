// Have MLPs and mixtures of experts the operations and weights of their formulas?
#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"
#include "fusescape/workload/families/mlp.hpp"
#include "fusescape/workload/families/moe.hpp"

namespace fusescape::feed_forward_test {
namespace {

Cascade checked(CheckedCascade made) {
  for (const CascadeProblem& problem : made.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(made.problems.empty());
  return std::move(made.cascade);
}

struct Kind {
  Activation activation;
  std::int64_t matrices;     ///< Of E x F.
  std::int64_t elementwise;  ///< Operations per hidden element.
};
// SwiGLU and GeGLU: sigmoid, product, gate. GELU: sigmoid, product. Squared ReLU: max, square.
const std::vector<Kind> kKinds{{Activation::kSwiGlu, 3, 3},
                               {Activation::kGeGlu, 3, 3},
                               {Activation::kGelu, 2, 2},
                               {Activation::kRelu2, 2, 2}};

TEST_CASE("An MLP has its matrices' multiply-accumulates and its activation's operations") {
  for (const Kind& kind : kKinds) {
    for (const bool bias : {false, true}) {
      const Mlp shape{.n_layer = 3,
                      .d_model = 4,
                      .d_ff = 7,
                      .activation = kind.activation,
                      .mlp_bias = bias,
                      .vocab = 10,
                      .batch = 2,
                      .tokens = 5};
      const Cascade block = checked(mlp_block(shape));
      // Per token: the norm 3E + 2, the residual E, the matrices, the activation.
      CHECK(total_ops(block) == Ops{2 * 5 * (3 * 4 + 2 + 4 + kind.matrices * 4 * 7 + kind.elementwise * 7)});
      CHECK(weight_elements(block) ==
            Elements{4 + kind.matrices * 4 * 7 + (bias ? (kind.matrices - 1) * 7 + 4 : 0)});
      CHECK(model_params(shape) == Elements{10 * 4} + 3 * weight_elements(block) + Elements{4});
    }
  }
}

TEST_CASE("A token alone meets top_k experts, and many tokens meet all") {
  Moe shape{.d_model = 4, .d_ff = 3, .n_expert = 16, .top_k = 2};
  CHECK(routing_of(shape).experts == 1);  // Two experts, one of each choice.
  CHECK(routing_of(shape).expected == Approx(2.0));
  CHECK(routing_of(shape).tokens == Elements{1});
  shape.tokens = 1024;
  CHECK(routing_of(shape).experts == 8);
  CHECK(routing_of(shape).tokens == Elements{128});
  // Four tokens: 16 (1 - (14/16)^4) = 6.62 experts, three of each choice; two tokens each, of which two are
  // padding.
  shape.tokens = 4;
  CHECK(routing_of(shape).expected == Approx(6.62109375));
  CHECK(routing_of(shape).experts == 3);
  CHECK(routing_of(shape).tokens == Elements{2});
}

TEST_CASE("A mixture of experts reads the weights that are touched, and counts all as parameters") {
  for (const Kind& kind : kKinds) {
    Moe shape{.n_layer = 3,
              .d_model = 4,
              .d_ff = 7,
              .n_expert = 16,
              .top_k = 2,
              .shared_ff = 5,
              .router_bias = true,
              .activation = kind.activation,
              .vocab = 10,
              .tokens = 64};
    const Cascade block = checked(moe_block(shape));
    const std::int64_t expert = kind.matrices * 4 * 7;
    const std::int64_t others = 4 + 4 * 16 + 16 + kind.matrices * 4 * 5;  // Norm, router, shared expert.
    CHECK(weight_elements(block) == Elements{16 * expert + others});
    CHECK(model_params(shape) == Elements{10 * 4 + 3 * (16 * expert + others) + 4});
    // Per token: norm 3E + 2, router 16 E, softmax 3 * 16, two experts and the shared one, combine 2E,
    // add_shared E, residual E.
    CHECK(total_ops(block) == Ops{64 * (3 * 4 + 2 + 16 * 4 + 3 * 16 + 2 * (expert + kind.elementwise * 7) +
                                        kind.matrices * 4 * 5 + kind.elementwise * 5 + 2 * 4 + 4 + 4)});
    shape.tokens = 1;
    CHECK(weight_elements(checked(moe_block(shape))) == Elements{2 * expert + others});
  }
}

TEST_CASE("A mixture of experts says what its routing assumes") {
  const Moe shape{.d_model = 4, .d_ff = 3, .n_expert = 16, .top_k = 2, .tokens = 4};
  CHECK(moe_workload(shape).assumptions ==
        std::vector<std::string>{
            "routing is uniform: 4 tokens choose 2 of 16 experts each and touch 6.6, as expected; "
            "modelled: 6 experts, 2 tokens each"});
}

TEST_CASE("MLPs and experts too large to count are reported, not wrapped") {
  const std::int64_t huge = std::int64_t{1} << 62;
  CHECK_FALSE(mlp_block({.d_model = 4, .d_ff = huge}).problems.empty());
  CHECK_FALSE(moe_block({.d_model = 4, .d_ff = huge, .n_expert = 4}).problems.empty());
  CHECK_FALSE(
      moe_block({.d_model = 4, .d_ff = 4, .n_expert = 4, .batch = huge, .tokens = huge}).problems.empty());
  CHECK(model_params(Moe{.d_model = 4, .d_ff = huge, .n_expert = 4}).overflow());
}

}  // namespace
}  // namespace fusescape::feed_forward_test
