// Is the block that Zamba2's layers share wired as its model is, and what of it does a layer have alone?
#include "fusescape/workload/families/zamba2.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"

namespace fusescape::zamba2_test {
namespace {

/// Two heads of 2 * 6 / 2 = 6 channels.
Zamba2 small_zamba2() {
  return {.name = "small",
          .n_layer = 3,
          .d_model = 6,
          .n_head = 2,
          .d_ff = 8,
          .adapter_rank = 3,
          .vocab = 5,
          .batch = 2,
          .tokens = 4};
}

Cascade zamba2_cascade(const Zamba2& shape) {
  CheckedCascade checked = zamba2_block(shape);
  for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

TEST_CASE("Zamba2's shared block attends over twice the width and leaves the model's") {
  const Cascade block = zamba2_cascade(small_zamba2());
  const auto ops = [&](const char* name) { return ops_of(block, find_operator(block, name).value()); };
  constexpr std::int64_t kTokens = 2 * 4;
  CHECK(ops("norm_mul") == Ops{kTokens * 12});
  for (const char* name : {"q_proj", "k_proj", "v_proj"}) CHECK(ops(name) == Ops{kTokens * 12 * 12});
  CHECK(ops("qk") == Ops{kTokens * 4 * 12});
  CHECK(ops("o_proj") == Ops{kTokens * 12 * 6});
  CHECK(ops("gate_up_proj") == Ops{kTokens * 6 * 16});
  CHECK(ops("gate_up_adapter_down") == Ops{kTokens * 6 * 3});
  CHECK(ops("gate_up_adapter_up") == Ops{kTokens * 3 * 16});
  CHECK(ops("down_proj") == Ops{kTokens * 8 * 6});
  CHECK(ops("linear") == Ops{kTokens * 6 * 6});
  CHECK_FALSE(find_operator(block, "q_adapter_up"));
  CHECK_FALSE(find_operator(block, "residual"));
}

TEST_CASE("Adapters of attention are 12 A E operations a token, and RoPE 12 E") {
  Zamba2 shape = small_zamba2();
  const Ops without = total_ops(zamba2_cascade(shape));
  shape.attention_adapters = true;
  const Ops with = total_ops(zamba2_cascade(shape));
  CHECK(with - without == Ops{2 * 4 * 12 * 3 * 6});
  shape.rope = true;
  CHECK(total_ops(zamba2_cascade(shape)) - with == Ops{2 * 4 * 12 * 6});
}

TEST_CASE(
    "Zamba2's parameters are those of the cascade's weights, and a layer's own are adapters and linear") {
  for (const bool adapters : {false, true}) {
    for (const Activation activation : {Activation::kGeGlu, Activation::kGelu}) {
      Zamba2 shape = small_zamba2();
      shape.attention_adapters = adapters;
      shape.activation = activation;
      const Cascade block = zamba2_cascade(shape);
      CHECK(layer_params(shape) == weight_elements(block));
      CHECK(model_params(shape) == Elements{5 * 6} + 3 * weight_elements(block) + Elements{6});
      Elements own;
      for (std::size_t i = 0; i < block.tensors.size(); ++i) {
        const std::string& name = block.tensors[i].name;
        const bool adapts = name.rfind("A_", 0) == 0 || name.rfind("B_", 0) == 0;
        if (adapts || name == "W_linear") own += elements_of(block, TensorId{static_cast<std::uint16_t>(i)});
      }
      CHECK(zamba2_own_params(shape) == own);
    }
  }
}

}  // namespace
}  // namespace fusescape::zamba2_test
