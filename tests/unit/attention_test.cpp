// Is an attention sub-block wired as its model is, and counted as its formula says?
#include "fusescape/workload/families/attention.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"

namespace fusescape::attention_test {
namespace {

/// Four query heads of 6 channels, two share a head of keys and values; 24 channels where the model has 10.
GroupedAttention small_attention() {
  return {.name = "small",
          .n_layer = 2,
          .d_model = 10,
          .n_head = 4,
          .n_kv_head = 2,
          .d_head = 6,
          .vocab = 7,
          .batch = 2,
          .tokens = 5};
}

Cascade attention_cascade(const GroupedAttention& shape) {
  CheckedCascade checked = attention_block(shape);
  for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

TEST_CASE("Grouped-query attention projects, rotates and attends with the operations of its heads") {
  const Cascade block = attention_cascade(small_attention());
  const auto ops = [&](const char* name) { return ops_of(block, find_operator(block, name).value()); };
  // B = 2, L = M = 5, E = 10, P = 6, four query and two kv heads.
  CHECK(ops("q_proj") == Ops{2 * 5 * 10 * 4 * 6});
  CHECK(ops("k_proj") + ops("v_proj") == Ops{2 * (2 * 5 * 10 * 2 * 6)});
  CHECK(ops("qk") == Ops{2 * 4 * 5 * 5 * 6});
  CHECK(ops("softmax_exp") == Ops{2 * 4 * 5 * 5});
  CHECK(ops("pv") == Ops{2 * 4 * 5 * 5 * 6});
  CHECK(ops("o_proj") == Ops{2 * 5 * 4 * 6 * 10});
}

TEST_CASE("RoPE costs three operations for each channel of q and k") {
  GroupedAttention shape = small_attention();
  const Ops with = total_ops(attention_cascade(shape));
  shape.rope = false;
  CHECK(with - total_ops(attention_cascade(shape)) == Ops{3 * 2 * 5 * (4 + 2) * 6});
}

TEST_CASE("RoPE of a part of the channels multiplies those twice, and adds to all") {
  GroupedAttention shape = small_attention();
  shape.rotary_dim = 2;
  const Cascade block = attention_cascade(shape);
  const auto ops = [&](const char* name) { return ops_of(block, find_operator(block, name).value()); };
  // B = 2, L = 5; two of the 6 channels of four query and two kv heads.
  CHECK(ops("q_rope_cos") == Ops{2 * 5 * 4 * 2});
  CHECK(ops("k_rope_sin") == Ops{2 * 5 * 2 * 2});
  CHECK(ops("q_rope") == Ops{2 * 5 * 4 * 6});
  CHECK(elements_of(block, find_tensor(block, "cos").value()) == Elements{5 * 2});
  shape.rotary_dim = 6;
  GroupedAttention whole = small_attention();
  CHECK(total_ops(attention_cascade(shape)) == total_ops(attention_cascade(whole)));
}

TEST_CASE("Only the heads of keys and values are in the cache") {
  GroupedAttention shape = small_attention();
  shape.cache_tokens = 9;
  const Cascade block = attention_cascade(shape);
  for (const char* name : {"K_cache", "V_cache"}) {
    CHECK(elements_of(block, find_tensor(block, name).value()) == Elements{2 * 9 * 2 * 6});
  }
  for (const char* name : {"k", "v"}) {
    CHECK(block.tensor(find_tensor(block, name).value()).kind == TensorKind::kOutput);
  }
}

TEST_CASE("An attention model's parameters are those of its cascades' weights, whatever its biases") {
  for (const bool qkv_bias : {false, true}) {
    for (const bool out_bias : {false, true}) {
      GroupedAttention shape = small_attention();
      shape.qkv_bias = qkv_bias;
      shape.out_bias = out_bias;
      // Embedding 7 * 10, two layers, the final norm.
      CHECK(model_params(shape) ==
            Elements{70} + 2 * weight_elements(attention_cascade(shape)) + Elements{10});
      // By models' formula: E Hq P + 2 E Hkv P + Hq P E, the norm, biases of q, k and v, and of the output.
      CHECK(weight_elements(attention_cascade(shape)) ==
            Elements{10 + 10 * 24 + 2 * 10 * 12 + 24 * 10 + (qkv_bias ? 24 + 2 * 12 : 0) +
                     (out_bias ? 10 : 0)});
    }
  }
}

TEST_CASE("Attention shapes too large to count are reported, not wrapped") {
  GroupedAttention shape = small_attention();
  shape.tokens = std::int64_t{1} << 32;  // L * M overflows.
  CHECK_FALSE(attention_block(shape).problems.empty());
}

}  // namespace
}  // namespace fusescape::attention_test
