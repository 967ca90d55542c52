// Which random blocks do tests of the families look at? Small ones, of every option.
#pragma once

#include "fusescape/workload/families/attention.hpp"
#include "fusescape/workload/families/mamba2.hpp"
#include "fusescape/workload/families/mlp.hpp"
#include "fusescape/workload/families/moe.hpp"
#include "fusescape/workload/families/parallel.hpp"
#include "fusescape/workload/families/zamba2.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {

inline Mamba2 random_mamba2(Dice& dice) {
  Mamba2 shape{.d_model = dice.in(2, 6),
               .d_head = dice.in(1, 3),
               .d_state = dice.in(1, 4),
               .n_group = dice.in(1, 2),
               .d_conv = dice.in(1, 4),
               .batch = dice.in(1, 2),
               .tokens = dice.in(1, 6)};
  shape.n_head = shape.n_group * dice.in(1, 3);
  shape.conv_bias = dice.one_in(2);
  shape.proj_bias = dice.one_in(4);
  shape.gated_norm = !dice.one_in(3);
  shape.norm_before_gate = dice.one_in(3);
  if (dice.one_in(2)) shape.initial_state = Initial::kLoaded;
  if (dice.one_in(2)) shape.final_state = Final::kDropped;
  return shape;
}

inline GroupedAttention random_attention(Dice& dice) {
  GroupedAttention shape{.d_model = dice.in(2, 6),
                         .n_kv_head = dice.in(1, 2),
                         .d_head = 2 * dice.in(1, 2),
                         .rope = dice.one_in(2),
                         .qkv_bias = dice.one_in(2),
                         .out_bias = dice.one_in(2),
                         .batch = dice.in(1, 2),
                         .tokens = dice.in(1, 4),
                         .cache_tokens = dice.in(0, 5)};
  shape.n_head = shape.n_kv_head * dice.in(1, 3);
  if (shape.rope && shape.d_head == 4 && dice.one_in(2)) shape.rotary_dim = 2;
  return shape;
}

inline ParallelMixers random_parallel(Dice& dice) {
  ParallelMixers shape{.d_model = dice.in(2, 6), .attention = random_attention(dice)};
  shape.mamba = random_mamba2(dice);
  shape.batch = shape.attention.batch;
  shape.tokens = shape.attention.tokens;
  shape.cache_tokens = shape.attention.cache_tokens;
  return shape;
}

inline Activation random_activation(Dice& dice) {
  return dice.pick<Activation>(
      {Activation::kSwiGlu, Activation::kGeGlu, Activation::kGelu, Activation::kRelu2});
}

inline Mlp random_mlp(Dice& dice) {
  return {.d_model = dice.in(2, 6),
          .d_ff = dice.in(1, 7),
          .activation = random_activation(dice),
          .mlp_bias = dice.one_in(2),
          .batch = dice.in(1, 2),
          .tokens = dice.in(1, 5)};
}

inline Moe random_moe(Dice& dice) {
  Moe shape{.d_model = dice.in(2, 5), .d_ff = dice.in(1, 4), .top_k = dice.in(1, 3)};
  shape.n_expert = shape.top_k + dice.in(0, 5);
  shape.shared_ff = dice.one_in(2) ? 0 : dice.in(1, 4);
  shape.router_bias = dice.one_in(2);
  shape.activation = random_activation(dice);
  shape.batch = dice.in(1, 2);
  shape.tokens = dice.in(1, 4);
  return shape;
}

inline Zamba2 random_zamba2(Dice& dice) {
  Zamba2 shape{.d_model = dice.in(2, 4),
               .n_head = dice.in(1, 2),
               .d_ff = dice.in(1, 4),
               .activation = random_activation(dice),
               .adapter_rank = dice.in(1, 3),
               .attention_adapters = dice.one_in(2)};
  shape.rope = 2 * shape.d_model / shape.n_head % 2 == 0 && dice.one_in(2);
  shape.batch = dice.in(1, 2);
  shape.tokens = dice.in(1, 3);
  shape.cache_tokens = dice.in(0, 4);
  return shape;
}

/// Blocks of any family that has no state update, seldom of the largest.
inline Cascade random_stateless_block(Dice& dice) {
  if (dice.one_in(12)) return sound(zamba2_block(random_zamba2(dice)));
  const std::int64_t family = dice.in(0, 2);
  if (family == 0) return sound(attention_block(random_attention(dice)));
  return family == 1 ? sound(mlp_block(random_mlp(dice))) : sound(moe_block(random_moe(dice)));
}

/// Blocks of any family that has a state update, seldom of the largest.
inline Cascade random_recurrent_block(Dice& dice) {
  if (dice.one_in(12)) return sound(parallel_block(random_parallel(dice)));
  Mamba2 shape = random_mamba2(dice);
  shape.side_input = dice.one_in(3);
  return sound(mamba2_block(shape));
}

}  // namespace fusescape::test_plans
