// Does a prefill give, token by token, what decode gives step by step, in every family?
#include <catch2/catch.hpp>

#include "decode_steps.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/families/opt.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::prefill_decode_test {
namespace {

TEST_CASE("Every token of a Mamba-1 prefill is a decode step's") {
  for_all(60, [](Dice& dice) {
    Mamba1 shape{.d_model = dice.in(2, 5),
                 .d_inner = dice.in(2, 6),
                 .d_state = dice.in(1, 4),
                 .d_conv = dice.in(1, 5),
                 .dt_rank = dice.in(1, 3),
                 .batch = dice.in(1, 2),
                 .tokens = dice.in(1, 6)};
    shape.norm_dt_b_c = dice.one_in(3);
    if (dice.one_in(2)) shape.initial_state = Initial::kLoaded;
    if (dice.one_in(2)) shape.rewrite = Mamba1::Rewrite::kDeltaX;
    check_steps(shape, mamba1_block);
  });
}

TEST_CASE("Every token of a Mamba-2 prefill is a decode step's, as a recurrence and in chunks") {
  for_all(120, [](Dice& dice) {
    Mamba2 shape = random_mamba2(dice);
    shape.side_input = dice.one_in(3);
    shape.tokens = dice.in(1, 7);
    if (dice.one_in(2)) {
      shape.form = Mamba2::Form::kChunked;
      shape.chunk = dice.in(1, shape.tokens + 1);
      shape.initial_state = Initial::kZero;  // Loaded ones: ssd_chunks_test.cpp.
    }
    check_steps(shape, mamba2_block);
  });
}

TEST_CASE("Every token of an attention prefill is a decode step's over the keys before it") {
  for_all(100, [](Dice& dice) {
    GroupedAttention shape = random_attention(dice);
    shape.tokens = dice.in(1, 6);
    check_steps(shape, attention_block);
  });
}

TEST_CASE("Every token of an OPT prefill is a decode step's over the keys before it") {
  for_all(60, [](Dice& dice) {
    Opt shape{
        .d_ff = dice.in(1, 5), .n_head = dice.in(1, 3), .batch = dice.in(1, 2), .tokens = dice.in(1, 6)};
    shape.d_model = shape.n_head * dice.in(2, 3);  // One channel alone has no variance.
    shape.cache_tokens = dice.in(0, 4);
    check_steps(shape, opt_block);
  });
}

TEST_CASE("Every token of an MLP's prefill is a decode step's") {
  for_all(40, [](Dice& dice) { check_steps(random_mlp(dice), mlp_block); });
}

TEST_CASE("Every token of two mixers' prefill is a decode step's") {
  for_all(60, [](Dice& dice) {
    ParallelMixers shape = random_parallel(dice);
    shape.tokens = dice.in(1, 5);
    if (dice.one_in(2)) {
      shape.mamba.form = Mamba2::Form::kChunked;
      shape.mamba.chunk = dice.in(1, shape.tokens + 1);
      shape.mamba.initial_state = Initial::kZero;
    }
    check_steps(shape, parallel_block);
  });
}

TEST_CASE("Every token of a shared block's prefill is a decode step's") {
  for_all(60, [](Dice& dice) {
    Zamba2 shape = random_zamba2(dice);
    shape.tokens = dice.in(1, 5);
    check_steps(shape, zamba2_block);
  });
}

/// One token of a mixture of experts by itself, with the experts that its group chose.
std::vector<double> token_alone(const Moe& shape, const Cascade& prefill, const NumericCase& given,
                                std::int64_t x, std::int64_t y) {
  Moe one = shape;
  one.phase = Phase::kDecode;
  one.batch = one.tokens = 1;
  const Cascade step = sound(moe_block(one));
  NumericCase alone = empty_case(step, Arithmetic::kFp64);
  for (std::size_t i = 0; i < step.tensors.size(); ++i) {
    const Tensor& tensor = step.tensors[i];
    if (tensor.kind != TensorKind::kWeight && tensor.kind != TensorKind::kInput) continue;
    const TensorValues& from = named(prefill, given.tensors, tensor.name);
    for_each_element(alone.tensors[i], [&](std::int64_t position, std::vector<std::int64_t> at) {
      for (std::size_t d = 0; d < at.size(); ++d) {
        const std::string& rank = step.rank(tensor.ranks[d]).name;
        if (rank == "X") at[d] = x;
        if (rank == "Y") at[d] = y;
      }
      alone.tensors[i].data[position] = from.at(at);
    });
  }
  const std::vector<TensorValues> made = run_reference(step, alone).tensors;
  std::vector<double> out;
  for (std::int64_t e = 0; e < shape.d_model; ++e)
    out.push_back(named(step, made, "out").at(std::array<std::int64_t, 3>{0, 0, e}));
  return out;
}

TEST_CASE("Every token of a mixture of experts' prefill is a decode step's with the same experts") {
  for_all(60, [](Dice& dice) {
    const Moe shape = random_moe(dice);
    const Cascade prefill = sound(moe_block(shape));
    CAPTURE(text_of(prefill));
    const NumericCase given = make_case(prefill, Arithmetic::kFp64, 1);
    const std::vector<TensorValues> made = run_reference(prefill, given).tensors;
    for (std::int64_t x = 0; x < extent_named(prefill, "X"); ++x) {
      for (std::int64_t y = 0; y < extent_named(prefill, "Y"); ++y) {
        const std::vector<double> alone = token_alone(shape, prefill, given, x, y);
        for (std::int64_t e = 0; e < shape.d_model; ++e) {
          CHECK(named(prefill, made, "out").at(std::array<std::int64_t, 3>{x, y, e}) ==
                Approx(alone[static_cast<std::size_t>(e)]).epsilon(kSameSums));
        }
      }
    }
  });
}

}  // namespace
}  // namespace fusescape::test_plans::prefill_decode_test
