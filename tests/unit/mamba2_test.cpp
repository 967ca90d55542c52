// Is a Mamba-2 block wired as its model is, in both phases and with every option?
#include "fusescape/workload/families/mamba2.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"
#include "fusescape/workload/roles.hpp"

namespace fusescape::mamba2_test {
namespace {

/// D = 4 * 3 = 12, which is not 2E; two groups of two heads.
Mamba2 small_mamba2() {
  return {.name = "small",
          .n_layer = 2,
          .d_model = 5,
          .n_head = 4,
          .d_head = 3,
          .d_state = 6,
          .n_group = 2,
          .vocab = 10,
          .batch = 2,
          .tokens = 7};
}

Cascade mamba2_cascade(const Mamba2& shape) {
  CheckedCascade checked = mamba2_block(shape);
  for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

Ops ops_named(const Cascade& cascade, const std::string& name) {
  return ops_of(cascade, find_operator(cascade, name).value());
}

std::vector<std::string> names_of(const Cascade& cascade, const std::vector<OpId>& operators) {
  std::vector<std::string> names;
  for (const OpId op : operators) names.push_back(cascade.op(op).name);
  return names;
}

TEST_CASE("The recurrent form of SSD has one operation per head, channel or state entry in each operator") {
  // B = 2, L = 7, H = 4, P = 3, N = 6, G = 2, K = 4, E = 5.
  const Cascade block = mamba2_cascade(small_mamba2());
  constexpr std::int64_t kTokens = 2 * 7;
  for (const char* name : {"softplus", "dA", "exp"}) CHECK(ops_named(block, name) == Ops{kTokens * 4});
  for (const char* name :
       {"delta_x", "D_x", "add_y_Dx", "gate", "gate_sigmoid", "gate_silu", "conv_x_silu"}) {
    CAPTURE(name);
    CHECK(ops_named(block, name) == Ops{kTokens * 4 * 3});
  }
  for (const char* name : {"dBx", "t", "h", "y"}) CHECK(ops_named(block, name) == Ops{kTokens * 4 * 3 * 6});
  CHECK(ops_named(block, "conv_x") + ops_named(block, "conv_BC") == Ops{kTokens * 4 * (4 * 3 + 2 * 2 * 6)});
  CHECK(ops_named(block, "in_proj_zx") + ops_named(block, "in_proj_BC") + ops_named(block, "in_proj_dt") ==
        Ops{kTokens * 5 * (2 * 12 + 2 * 2 * 6 + 4)});
  CHECK(ops_named(block, "out_proj") == Ops{kTokens * 12 * 5});
}

TEST_CASE("The norm beside the gate is per group: two operations for each group and three per channel") {
  // Square, mean and product D each, square root and reciprocal G each.
  const Cascade with = mamba2_cascade(small_mamba2());
  Mamba2 shape = small_mamba2();
  shape.gated_norm = false;
  const Cascade without = mamba2_cascade(shape);
  CHECK(total_ops(with) - total_ops(without) == Ops{2 * 7 * (3 * 12 + 2 * 2)});
  CHECK(weight_elements(with) - weight_elements(without) == Elements{12});
}

TEST_CASE("The norm comes after the gate, or before it if asked for, with the same operations") {
  Mamba2 shape = small_mamba2();
  const auto reads = [&](const char* op) {
    const Cascade block = mamba2_cascade(shape);
    return block.tensor(block.op(find_operator(block, op).value()).inputs[0].tensor).name;
  };
  CHECK(reads("gated_norm_square") == "y_gated");
  CHECK(reads("out_proj") == "y_norm");
  const Ops after = total_ops(mamba2_cascade(shape));
  shape.norm_before_gate = true;
  CHECK(reads("gated_norm_square") == "y_Dx");
  CHECK(reads("gate") == "y_norm");
  CHECK(reads("out_proj") == "y_gated");
  CHECK(total_ops(mamba2_cascade(shape)) == after);
}

TEST_CASE("Mamba-2's roles: heads of a group are channels, groups and sequences are lanes") {
  const Cascade block = mamba2_cascade(small_mamba2());
  const std::vector<StateUpdate> updates = state_updates(block);
  REQUIRE(updates.size() == 1);
  const StateUpdate& update = updates.front();
  CHECK(names_of(block, update.decay) == std::vector<std::string>{"dA", "exp"});
  CHECK(names_of(block, update.input) == std::vector<std::string>{"dBx"});
  CHECK(names_of(block, update.recurrence) == std::vector<std::string>{"t", "h"});
  CHECK(names_of(block, update.readers) == std::vector<std::string>{"y"});
  const auto rank = [&](const char* name) { return find_rank(block, name).value(); };
  CHECK(update.entries == std::vector{rank("N")});
  CHECK(update.channels == std::vector{rank("R"), rank("P")});
  CHECK(update.lanes == std::vector{rank("B"), rank("G")});
}

TEST_CASE("Mamba-2's state and both windows start at zero in prefill and are loaded in decode") {
  for (const char* state : {"h", "zx", "BC"}) {
    CAPTURE(state);
    Mamba2 shape = small_mamba2();
    const auto tensor = [&] {
      const Cascade block = mamba2_cascade(shape);
      return block.tensor(find_tensor(block, state).value());
    };
    CHECK(tensor().kind == TensorKind::kState);
    CHECK(tensor().initial == Initial::kZero);
    CHECK(tensor().final_value == Final::kStored);
    shape.phase = Phase::kDecode;
    shape.tokens = 1;
    CHECK(tensor().initial == Initial::kLoaded);
    shape.initial_state = Initial::kZero;
    shape.final_state = Final::kDropped;
    CHECK(tensor().initial == Initial::kZero);
    CHECK(tensor().final_value == Final::kDropped);
  }
}

TEST_CASE("Mamba-2's parameters are those of the cascade's weights, whatever the options") {
  for (const bool conv_bias : {false, true}) {
    for (const bool proj_bias : {false, true}) {
      for (const bool gated_norm : {false, true}) {
        Mamba2 shape = small_mamba2();
        shape.conv_bias = conv_bias;
        shape.proj_bias = proj_bias;
        shape.gated_norm = gated_norm;
        // Embedding 10 * 5, two layers, the final norm.
        CHECK(model_params(shape) == Elements{50} + 2 * weight_elements(mamba2_cascade(shape)) + Elements{5});
        shape.tied_embedding = false;
        CHECK(model_params(shape) ==
              Elements{100} + 2 * weight_elements(mamba2_cascade(shape)) + Elements{5});
      }
    }
  }
}

TEST_CASE("Mamba-2 shapes too large to count are reported, not wrapped") {
  for (const auto member : {&Mamba2::d_model, &Mamba2::d_head, &Mamba2::d_state, &Mamba2::tokens}) {
    Mamba2 shape = small_mamba2();
    shape.*member = std::int64_t{1} << 62;
    CHECK_FALSE(mamba2_block(shape).problems.empty());
    if (member != &Mamba2::tokens) CHECK(model_params(shape).overflow());
  }
}

}  // namespace
}  // namespace fusescape::mamba2_test
