// Is an OPT block wired as its model is, with and without a KV cache?
#include "fusescape/workload/families/opt.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"

namespace fusescape::opt_test {
namespace {

Opt small_shape() {
  return {.name = "small",
          .n_layer = 2,
          .d_model = 12,
          .d_ff = 20,
          .n_head = 3,
          .vocab = 10,
          .positions = 7,
          .batch = 2,
          .tokens = 5};
}

Cascade block_of(const Opt& shape) {
  CheckedCascade checked = opt_block(shape);
  for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

std::vector<std::string> order_of(const Cascade& cascade) {
  std::vector<std::string> names;
  for (const Operator& op : cascade.operators) names.push_back(op.name);
  return names;
}

const Operator& op_named(const Cascade& cascade, const char* name) {
  return cascade.op(find_operator(cascade, name).value());
}

TEST_CASE("An OPT block without a cache attends to the tokens of the call only") {
  CHECK(order_of(block_of(small_shape())) ==
        std::vector<std::string>{"ln1_mean",    "ln1_sub",     "ln1_square",  "ln1_var",     "ln1_rsqrt",
                                 "ln1_mul",     "ln1_add",     "q_proj",      "k_proj",      "v_proj",
                                 "qk",          "softmax_max", "softmax_sub", "softmax_exp", "softmax_sum",
                                 "softmax_div", "pv",          "out_proj",    "residual1",   "ln2_mean",
                                 "ln2_sub",     "ln2_square",  "ln2_var",     "ln2_rsqrt",   "ln2_mul",
                                 "ln2_add",     "fc1",         "relu",        "fc2",         "residual2"});
}

TEST_CASE("A cache doubles the attention's operators and joins maximum, sum and context") {
  Opt shape = small_shape();
  const Cascade without = block_of(shape);
  shape.cache_tokens = 9;
  const Cascade with = block_of(shape);
  // qk, max, sub, exp, sum, div and pv once more, and three joins.
  CHECK(with.operators.size() == without.operators.size() + 7 + 3);
  for (const char* name : {"softmax_sub", "softmax_sub_cache"}) {
    CHECK(op_named(with, name).inputs[1].tensor == op_named(with, "softmax_max_join").output);
  }
  for (const char* name : {"softmax_div", "softmax_div_cache"}) {
    CHECK(op_named(with, name).inputs[1].tensor == op_named(with, "softmax_sum_join").output);
  }
  CHECK(op_named(with, "out_proj").inputs[0].tensor == op_named(with, "pv_join").output);
  // Per query and head with S = 9 and P = 4: 2P + 5 for each cached key, and the joins 1 + 1 + P.
  CHECK(total_ops(with) - total_ops(without) == Ops{2 * 5 * 3 * (9 * (2 * 4 + 5) + 1 + 1 + 4)});
}

TEST_CASE("Every query meets every key: the key rank is not the query rank") {
  const Cascade block = block_of(small_shape());
  const Operator& qk = op_named(block, "qk");
  CHECK(qk.inputs[0].indices[1].rank == find_rank(block, "L"));
  CHECK(qk.inputs[1].indices[1].rank == find_rank(block, "M"));
  CHECK(ops_of(block, *find_operator(block, "qk")) == Ops{2 * 3 * 5 * 5 * 4});  // B H L M P
}

TEST_CASE("New keys and values are outputs, cached ones inputs") {
  Opt shape = small_shape();
  shape.cache_tokens = 9;
  const Cascade block = block_of(shape);
  for (const char* name : {"k", "v"}) {
    CHECK(block.tensor(*find_tensor(block, name)).kind == TensorKind::kOutput);
    CHECK(elements_of(block, *find_tensor(block, name)) == Elements{2 * 5 * 12});
  }
  for (const char* name : {"K_cache", "V_cache"}) {
    CHECK(block.tensor(*find_tensor(block, name)).kind == TensorKind::kInput);
    CHECK(elements_of(block, *find_tensor(block, name)) == Elements{2 * 9 * 12});
  }
}

TEST_CASE("The block's weights are a layer of the parameters") {
  Opt deeper = small_shape();
  deeper.n_layer = 3;
  CHECK(model_params(deeper) - model_params(small_shape()) == weight_elements(block_of(small_shape())));
  // Without layers: V*E + positions*E + the final norm's 2*E.
  CHECK(model_params(small_shape()) - weight_elements(block_of(small_shape())) * 2 ==
        Elements{10 * 12 + 7 * 12 + 2 * 12});
}

TEST_CASE("Causal operations leave out what the mask throws away, for every length") {
  for (std::int64_t tokens = 1; tokens <= 6; ++tokens) {
    Opt shape = small_shape();
    shape.tokens = tokens;
    shape.cache_tokens = 2;
    std::int64_t pairs = 0;  // Query i meets the cache and the tokens up to its own.
    for (std::int64_t i = 0; i < tokens; ++i) pairs += 2 + i + 1;
    CHECK(attention_pairs(shape).causal == Elements{pairs});
    const std::int64_t masked = tokens * (2 + tokens) - pairs;
    CHECK(total_ops(block_of(shape)) - opt_causal_ops(shape) == Ops{2 * 3 * masked * (2 * 4 + 5)});
  }
}

TEST_CASE("An OPT workload says how many of its pairs are causal") {
  const Workload workload = opt_workload(small_shape());
  CHECK(workload.family == "opt");
  CHECK(workload.tokens == Elements{2 * 5});
  REQUIRE(workload.assumptions.size() == 1);
  CHECK(workload.assumptions[0] == "attention computes all 25 query-key pairs of a head; 15 are causal");
}

TEST_CASE("OPT shapes too large to count are reported, not wrapped") {
  Opt shape = small_shape();
  shape.tokens = std::int64_t{1} << 32;  // L * M overflows.
  CHECK_FALSE(opt_block(shape).problems.empty());
}

}  // namespace
}  // namespace fusescape::opt_test
