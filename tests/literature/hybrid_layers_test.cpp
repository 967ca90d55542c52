// Do the sub-blocks of hybrids add up to the published parameter counts?
//
// Each model is a list of sub-blocks, each with its own norm; embedding and head are counted once. Counts are
// those of the checkpoints' tensors (safetensors metadata on Hugging Face); shapes are from their
// config.json.
#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"
#include "fusescape/workload/families/attention.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/families/mamba2.hpp"
#include "fusescape/workload/families/mlp.hpp"
#include "fusescape/workload/families/moe.hpp"

namespace fusescape::hybrid_layers_test {
namespace {

/// `layers` sub-blocks' weights, from the cascade.
Elements weights_of(CheckedCascade block, std::int64_t layers) {
  REQUIRE(block.problems.empty());
  return weight_elements(block.cascade) * layers;
}

/// What surrounds the layers: the embedding, the head if it is not tied to it, the final norm.
Elements surroundings(std::int64_t vocab, std::int64_t d_model, bool tied) {
  return Elements{vocab * d_model * (tied ? 1 : 2) + d_model};
}

/// `layers` mixtures of experts, all of their experts.
Elements experts_of(const Moe& shape, std::int64_t layers) {
  Moe none = shape;
  none.n_layer = 0;
  Moe model = shape;
  model.n_layer = layers;
  return model_params(model) - model_params(none);
}

TEST_CASE("Nemotron-H-8B's three kinds of layer add up to 8,100,852,736 parameters") {
  // 52 layers: 24 Mamba-2, 24 MLP, 4 attention.
  const Mamba2 mamba{.d_model = 4096, .n_head = 128, .n_group = 8};
  const Mlp mlp{.d_model = 4096, .d_ff = 21504, .activation = Activation::kRelu2};
  const GroupedAttention attention{.d_model = 4096, .n_head = 32, .n_kv_head = 8, .d_head = 128};
  CHECK(surroundings(131'072, 4096, false) + weights_of(mamba2_block(mamba), 24) +
            weights_of(mlp_block(mlp), 24) + weights_of(attention_block(attention), 4) ==
        Elements{8'100'852'736});
}

TEST_CASE("Nemotron-Nano-9B-v2 and 4B, whose inner width is not 2E, add up to their counts") {
  // 56 layers: 27 Mamba-2, 25 MLP, 4 attention; D = 128 * 80 = 10,240, E = 4,480.
  const Mamba2 mamba9{.d_model = 4480, .n_head = 128, .d_head = 80, .n_group = 8};
  const Mlp mlp9{.d_model = 4480, .d_ff = 15680, .activation = Activation::kRelu2};
  const GroupedAttention attention9{.d_model = 4480, .n_head = 40, .n_kv_head = 8, .d_head = 128};
  CHECK(surroundings(131'072, 4480, false) + weights_of(mamba2_block(mamba9), 27) +
            weights_of(mlp_block(mlp9), 25) + weights_of(attention_block(attention9), 4) ==
        Elements{8'888'227'328});
  // 42 layers: 21 Mamba-2, 17 MLP, 4 attention; D = 96 * 80 = 7,680, E = 3,136.
  const Mamba2 mamba4{.d_model = 3136, .n_head = 96, .d_head = 80, .n_group = 8};
  const Mlp mlp4{.d_model = 3136, .d_ff = 12544, .activation = Activation::kRelu2};
  const GroupedAttention attention4{.d_model = 3136, .n_head = 40, .n_kv_head = 8, .d_head = 128};
  CHECK(surroundings(131'072, 3136, false) + weights_of(mamba2_block(mamba4), 21) +
            weights_of(mlp_block(mlp4), 17) + weights_of(attention_block(attention4), 4) ==
        Elements{3'973'556'832});
}

TEST_CASE("Nemotron-3-Nano-30B-A3B adds up to 31,577,940,288 parameters, its routers' corrections included") {
  // 52 layers: 23 Mamba-2, 23 mixtures of experts, 6 attention.
  const Mamba2 mamba{.d_model = 2688, .n_head = 64, .n_group = 8};
  const Moe moe{.d_model = 2688,
                .d_ff = 1856,
                .n_expert = 128,
                .top_k = 6,
                .shared_ff = 3712,
                .router_bias = true,
                .activation = Activation::kRelu2};
  const GroupedAttention attention{.d_model = 2688, .n_head = 32, .n_kv_head = 2, .d_head = 128};
  CHECK(surroundings(131'072, 2688, false) + weights_of(mamba2_block(mamba), 23) + experts_of(moe, 23) +
            weights_of(attention_block(attention), 6) ==
        Elements{31'577'940'288});
}

TEST_CASE("Granite-4.0-H's layers, a mixer and a feed-forward network each, add up to their counts") {
  struct Granite {
    std::int64_t d_model, mamba_heads, experts, d_ff, top_k, shared, heads, params;
  };
  const auto row = GENERATE(Granite{4096, 128, 72, 768, 10, 1536, 32, 32'207'337'984},
                            Granite{1536, 48, 64, 512, 6, 1024, 12, 6'939'037'248});
  const Mamba2 mamba{.d_model = row.d_model, .n_head = row.mamba_heads};
  const std::int64_t kv_heads = row.heads == 32 ? 8 : 4;
  const GroupedAttention attention{.d_model = row.d_model,
                                   .n_head = row.heads,
                                   .n_kv_head = kv_heads,
                                   .d_head = row.d_model / row.heads,
                                   .rope = false};
  const Moe moe{.d_model = row.d_model,
                .d_ff = row.d_ff,
                .n_expert = row.experts,
                .top_k = row.top_k,
                .shared_ff = row.shared};
  CHECK(surroundings(100'352, row.d_model, true) + weights_of(mamba2_block(mamba), 36) +
            weights_of(attention_block(attention), 4) + experts_of(moe, 40) ==
        Elements{row.params});
}

TEST_CASE("Granite-4.0-H-Micro, which has no experts, adds up to 3,191,396,096 parameters") {
  const Mamba2 mamba{.d_model = 2048, .n_head = 64};
  const GroupedAttention attention{
      .d_model = 2048, .n_head = 32, .n_kv_head = 8, .d_head = 64, .rope = false};
  const Mlp mlp{.d_model = 2048, .d_ff = 8192};
  CHECK(surroundings(100'352, 2048, true) + weights_of(mamba2_block(mamba), 36) +
            weights_of(attention_block(attention), 4) + weights_of(mlp_block(mlp), 40) ==
        Elements{3'191'396'096});
}

TEST_CASE(
    "Jamba-v0.1's layers, Mamba-1 with weighted inner norms among them, add up to 51,570,323,328 "
    "parameters") {
  // 32 layers: attention at i % 8 == 4, experts at i % 2 == 1, an MLP elsewhere.
  const Mamba1 mamba{
      .d_model = 4096, .d_inner = 8192, .dt_rank = 256, .norm_dt_b_c = true, .norm_dt_b_c_gain = true};
  const GroupedAttention attention{
      .d_model = 4096, .n_head = 32, .n_kv_head = 8, .d_head = 128, .rope = false};
  const Mlp mlp{.d_model = 4096, .d_ff = 14336};
  const Moe moe{.d_model = 4096, .d_ff = 14336, .n_expert = 16, .top_k = 2};
  CHECK(surroundings(65'536, 4096, false) + weights_of(mamba1_block(mamba), 28) +
            weights_of(attention_block(attention), 4) + weights_of(mlp_block(mlp), 16) +
            experts_of(moe, 16) ==
        Elements{51'570'323'328});
}

TEST_CASE(
    "Falcon-H1's layers share one norm between both mixers, and only some of them norm beside the gate") {
  struct FalconH1 {
    std::int64_t layers, d_model, d_ff, heads, d_head, d_state, kv_heads_of_2, head_dim, vocab;
    bool gated_norm;
    std::int64_t params;
  };
  const auto row = GENERATE(FalconH1{36, 1024, 2048, 24, 64, 128, 8, 64, 32'784, false, 521'411'104},
                            FalconH1{24, 2048, 4608, 48, 64, 256, 8, 128, 65'537, true, 1'554'863'488},
                            FalconH1{44, 3072, 12288, 24, 128, 256, 12, 128, 130'048, true, 7'585'648'736});
  const Mamba2 mamba{.d_model = row.d_model,
                     .n_head = row.heads,
                     .d_head = row.d_head,
                     .d_state = row.d_state,
                     .gated_norm = row.gated_norm};
  const GroupedAttention attention{
      .d_model = row.d_model, .n_head = row.kv_heads_of_2, .n_kv_head = 2, .d_head = row.head_dim};
  const Mlp mlp{.d_model = row.d_model, .d_ff = row.d_ff};
  // The two mixers run side by side on one normed input: one of their norms is not there.
  CHECK(surroundings(row.vocab, row.d_model, false) + weights_of(mamba2_block(mamba), row.layers) +
            weights_of(attention_block(attention), row.layers) + weights_of(mlp_block(mlp), row.layers) -
            Elements{row.layers * row.d_model} ==
        Elements{row.params});
}

}  // namespace
}  // namespace fusescape::hybrid_layers_test
