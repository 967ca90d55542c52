// Is a Mamba-1 block wired as its model is, in both phases and with every option?
#include "fusescape/workload/families/mamba1.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"
#include "fusescape/workload/model.hpp"
#include "fusescape/workload/recurrence.hpp"

namespace fusescape::mamba1_test {
namespace {

Mamba1 small_shape() {
  return {.name = "small",
          .n_layer = 2,
          .d_model = 6,
          .d_inner = 8,
          .d_state = 4,
          .dt_rank = 3,
          .vocab = 10,
          .batch = 2,
          .tokens = 5};
}

Cascade block_of(const Mamba1& shape) {
  CheckedCascade checked = mamba1_block(shape);
  for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

const Tensor& tensor_named(const Cascade& cascade, const char* name) {
  return cascade.tensor(find_tensor(cascade, name).value());
}

const Operator& op_named(const Cascade& cascade, const char* name) {
  return cascade.op(find_operator(cascade, name).value());
}

std::vector<std::string> order_of(const Cascade& cascade) {
  std::vector<std::string> names;
  for (const Operator& op : cascade.operators) names.push_back(op.name);
  return names;
}

TEST_CASE("A block's operators come in the order of the reference implementation") {
  CHECK(order_of(block_of(small_shape())) == std::vector<std::string>{"norm_square", "norm_mean",
                                                                      "norm_sqrt",   "norm_reciprocal",
                                                                      "norm_mul",    "in_proj",
                                                                      "conv",        "conv_sigmoid",
                                                                      "conv_silu",   "x_proj",
                                                                      "dt_proj",     "softplus",
                                                                      "dA",          "exp",
                                                                      "dB",          "dBx",
                                                                      "t",           "h",
                                                                      "y",           "D_x",
                                                                      "add_y_Dx",    "gate_sigmoid",
                                                                      "gate_silu",   "gate",
                                                                      "out_proj",    "residual"});
}

TEST_CASE("x_proj's result is read in three slices that tile it: dt, B and C") {
  const Cascade block = block_of(small_shape());
  const auto slice_start = [&](const char* op, std::size_t input) {
    return op_named(block, op).inputs[input].indices.back().offset;
  };
  CHECK(slice_start("dt_proj", 0) == 0);
  CHECK(slice_start("dB", 1) == 3);     // R
  CHECK(slice_start("y", 0) == 3 + 4);  // R + N
  CHECK(block.extent(tensor_named(block, "x_dbl").ranks.back()) == Elements{3 + 4 + 4});
  CHECK(slice_start("gate_sigmoid", 0) == 8);  // z is the second half of xz.
}

TEST_CASE("Only the two state operators form a recurrence, at distance one along L") {
  const Cascade block = block_of(small_shape());
  const auto found = recurrences(block);
  REQUIRE(found.size() == 1);
  CHECK(found[0].rank == find_rank(block, "L"));
  CHECK(found[0].min_distance == 1);
  CHECK(found[0].operators == std::vector<OpId>{*find_operator(block, "t"), *find_operator(block, "h")});
}

TEST_CASE("State starts at zero in prefill and is loaded in decode, for h and the conv window alike") {
  for (const char* state : {"h", "xz"}) {
    CAPTURE(state);
    Mamba1 shape = small_shape();
    CHECK(tensor_named(block_of(shape), state).kind == TensorKind::kState);
    CHECK(tensor_named(block_of(shape), state).initial == Initial::kZero);
    CHECK(tensor_named(block_of(shape), state).final_value == Final::kStored);
    shape.initial_state = Initial::kLoaded;
    CHECK(tensor_named(block_of(shape), state).initial == Initial::kLoaded);
    shape.initial_state.reset();
    shape.phase = Phase::kDecode;
    shape.tokens = 1;
    CHECK(tensor_named(block_of(shape), state).initial == Initial::kLoaded);
    shape.final_state = Final::kDropped;
    CHECK(tensor_named(block_of(shape), state).final_value == Final::kDropped);
  }
}

TEST_CASE("A padded convolution has L + K - 1 outputs and carries no window over") {
  Mamba1 shape = small_shape();
  shape.conv = Mamba1::Conv::kPadded;
  const Cascade block = block_of(shape);
  CHECK(elements_of(block, *find_tensor(block, "xc")) == Elements{2 * (5 + 4 - 1) * 8});
  CHECK(elements_of(block, *find_tensor(block, "u")) == Elements{2 * 5 * 8});
  CHECK(tensor_named(block, "xz").kind == TensorKind::kIntermediate);
  CHECK_FALSE(find_rank(block_of(small_shape()), "Lp"));
}

TEST_CASE("Falcon-Mamba normalises dt, B and C, and what follows reads the normalised ones") {
  Mamba1 shape = small_shape();
  shape.norm_dt_b_c = true;
  const Cascade block = block_of(shape);
  CHECK(block.operators.size() == 26 + 3 * 5);
  CHECK(op_named(block, "dt_proj").inputs[0].tensor == op_named(block, "dt_norm_mul").output);
  CHECK(op_named(block, "dB").inputs[1].tensor == op_named(block, "B_norm_mul").output);
  CHECK(op_named(block, "y").inputs[0].tensor == op_named(block, "C_norm_mul").output);
  CHECK(op_named(block, "B_norm_square").inputs[0].indices.back().offset == 3);
  CHECK(op_named(block, "C_norm_mul").inputs[0].indices.back().offset == 7);
  // Per token and slice of n elements: square n, mean n, sqrt 1, reciprocal 1, mul n; n = R, N, N.
  CHECK(total_ops(block) - total_ops(block_of(small_shape())) == Ops{2 * 5 * (3 * (3 + 4 + 4) + 3 * 2)});
  CHECK(weight_elements(block) == weight_elements(block_of(small_shape())));
}

TEST_CASE(
    "Jamba's norms of dt, B and C have gains, which cost no operation of their own and count as parameters") {
  Mamba1 shape = small_shape();
  shape.norm_dt_b_c = true;
  const Cascade weightless = block_of(shape);
  const Elements before = model_params(shape);
  shape.norm_dt_b_c_gain = true;
  const Cascade block = block_of(shape);
  CHECK(total_ops(block) == total_ops(weightless));
  CHECK(weight_elements(block) - weight_elements(weightless) == Elements{3 + 4 + 4});  // R + 2N.
  CHECK(model_params(shape) - before == Elements{2 * (3 + 4 + 4)});                    // Two layers.
}

TEST_CASE("Projection biases are added by their matmuls, and count as parameters") {
  Mamba1 shape = small_shape();
  shape.proj_bias = true;
  const Cascade block = block_of(shape);
  CHECK(op_named(block, "in_proj").inputs.size() == 3);
  CHECK(op_named(block, "out_proj").inputs.size() == 3);
  CHECK(total_ops(block) == total_ops(block_of(small_shape())));
  CHECK(weight_elements(block) - weight_elements(block_of(small_shape())) == Elements{2 * 8 + 6});  // 2D + E.
  CHECK(model_params(shape) - model_params(small_shape()) == Elements{2 * (2 * 8 + 6)});
}

TEST_CASE("A free softplus leaves the bias add, and dropped gain and bias leave their tensors out") {
  Mamba1 shape = small_shape();
  shape.softplus = Mamba1::Softplus::kFree;
  shape.norm_gain = false;
  shape.conv_bias = false;
  const Cascade block = block_of(shape);
  CHECK_FALSE(find_operator(block, "softplus"));
  CHECK(op_named(block, "dt_bias").kind == OpKind::kAdd);
  CHECK_FALSE(find_tensor(block, "g"));
  CHECK_FALSE(find_tensor(block, "b_conv"));
  // The block lacks E + D weights; the model's parameters are still those of the released model.
  CHECK(weight_elements(block_of(small_shape())) - weight_elements(block) == Elements{6 + 8});
  CHECK(model_params(shape) == model_params(small_shape()));
}

TEST_CASE("Forming Delta x first leaves dB out, and saves L D N - L D operations a sequence") {
  Mamba1 shape = small_shape();
  shape.rewrite = Mamba1::Rewrite::kDeltaX;
  const Cascade block = block_of(shape);
  CHECK_FALSE(find_operator(block, "dB"));
  CHECK_FALSE(find_tensor(block, "dB"));
  CHECK(op_named(block, "delta_x").inputs[0].tensor == *find_tensor(block, "delta"));
  CHECK(op_named(block, "delta_x").inputs[1].tensor == *find_tensor(block, "u"));
  CHECK(op_named(block, "dBx").inputs[0].tensor == *find_tensor(block, "delta_x"));
  CHECK(op_named(block, "dBx").inputs[1] == op_named(block_of(small_shape()), "dB").inputs[1]);  // B.
  // B = 2, L = 5, D = 8, N = 4: dB's L*D*N become delta_x's L*D.
  CHECK(total_ops(block_of(small_shape())) - total_ops(block) == Ops{2 * (5 * 8 * 4 - 5 * 8)});
  CHECK(weight_elements(block) == weight_elements(block_of(small_shape())));
  CHECK(recurrences(block).size() == 1);
}

TEST_CASE("Only a rewritten block says that it is") {
  Mamba1 shape = small_shape();
  CHECK(mamba1_workload(shape).assumptions.empty());
  shape.rewrite = Mamba1::Rewrite::kDeltaX;
  CHECK(mamba1_workload(shape).assumptions ==
        std::vector<std::string>{"rewritten: Delta * x is formed first, so that dB never exists"});
}

TEST_CASE("A workload counts the tokens of the whole batch and carries the type to every tensor") {
  Mamba1 shape = small_shape();
  shape.dtype = DataType::kBf16;
  const Workload workload = mamba1_workload(shape);
  CHECK(workload.tokens == Elements{2 * 5});
  CHECK(workload.n_layer == 2);
  CHECK(workload.family == "mamba1");
  CHECK(workload.params == model_params(shape));
  for (const Tensor& tensor : workload.block.tensors) CHECK(tensor.type == DataType::kBf16);
}

TEST_CASE("Shapes too large to count are reported, not wrapped") {
  Mamba1 shape = small_shape();
  shape.tokens = std::int64_t{1} << 60;
  CHECK_FALSE(mamba1_block(shape).problems.empty());
  shape = small_shape();
  shape.d_inner = std::int64_t{1} << 62;  // 2D overflows.
  CHECK_FALSE(mamba1_block(shape).problems.empty());
  shape = small_shape();
  shape.d_state = std::int64_t{1} << 62;  // So does 2N, and the slices of x_dbl lie beyond it.
  CHECK_FALSE(mamba1_block(shape).problems.empty());
  CHECK(model_params(shape).overflow());
}

}  // namespace
}  // namespace fusescape::mamba1_test
