// Does an imported configuration have exactly the parameters that the model's publication counts?
//
// The configurations are written from the facts of each model (sizes and layer orders as published), with the
// keys that their dialect has; the counts are those of the published weights.
#include <catch2/catch.hpp>

#include "fusescape/import/import.hpp"
#include "loaded.hpp"

namespace fusescape::imported_models_test {
namespace {

struct Published {
  const char* name;
  std::int64_t params;
  const char* config;
};

// clang-format off
constexpr Published kPublished[] = {
    {"mamba-130m", 129'135'360,
            R"({"d_model": 768, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {}, "rms_norm": true, )"
            R"("pad_vocab_size_multiple": 8})"},
    {"mamba-370m", 371'516'416,
            R"({"d_model": 1024, "n_layer": 48, "vocab_size": 50277, "ssm_cfg": {}, )"
            R"("pad_vocab_size_multiple": 8})"},
    {"mamba-790m", 793'204'224,
            R"({"d_model": 1536, "n_layer": 48, "vocab_size": 50277, "ssm_cfg": {}, )"
            R"("pad_vocab_size_multiple": 8})"},
    {"mamba-1.4b", 1'372'178'432,
            R"({"d_model": 2048, "n_layer": 48, "vocab_size": 50277, "ssm_cfg": {}, )"
            R"("pad_vocab_size_multiple": 8})"},
    {"mamba-2.8b", 2'768'345'600,
            R"({"d_model": 2560, "n_layer": 64, "vocab_size": 50277, "ssm_cfg": {"layer": "Mamba1"}, )"
            R"("pad_vocab_size_multiple": 8})"},
    {"mamba2-2.7b", 2'702'599'680,
            R"({"d_model": 2560, "d_intermediate": 0, "n_layer": 64, "vocab_size": 50277, )"
            R"("ssm_cfg": {"layer": "Mamba2"}, "attn_layer_idx": [], "attn_cfg": {}, )"
            R"("pad_vocab_size_multiple": 16, "tie_embeddings": true})"},
    {"mamba2-8b-3t-4k", 8'236'999'680,
            R"({"d_model": 4096, "n_layer": 56, "vocab_size": 256000, "ssm_cfg": {"layer": "Mamba2", )"
            R"("ngroups": 8}, "pad_vocab_size_multiple": 1, "tie_embeddings": false})"},
    {"Codestral-Mamba-7B, params.json", 7'285'403'648,
            R"({"dim": 4096, "n_layers": 64, "vocab_size": 32768, "n_groups": 8, )"
            R"("tie_embeddings": false, "model_type": "mamba"})"},
    {"Codestral-Mamba-7B, config.json", 7'285'403'648,
            R"({"model_type": "mamba2", "hidden_size": 4096, "num_hidden_layers": 64, )"
            R"("vocab_size": 32768, "num_heads": 128, "head_dim": 64, "n_groups": 8, )"
            R"("state_size": 128, "conv_kernel": 4, "expand": 2, "time_step_rank": 256, )"
            R"("time_step_limit": [0.0, Infinity], "use_bias": false, "rms_norm": true, )"
            R"("tie_word_embeddings": false})"},
    {"Jamba-v0.1", 51'570'323'328,
            R"({"model_type": "jamba", "hidden_size": 4096, "num_hidden_layers": 32, )"
            R"("intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, )"
            R"("vocab_size": 65536, "attn_layer_period": 8, "attn_layer_offset": 4, )"
            R"("expert_layer_period": 2, "expert_layer_offset": 1, "num_experts": 16, )"
            R"("num_experts_per_tok": 2, "mamba_d_state": 16, "mamba_d_conv": 4, "mamba_expand": 2, )"
            R"("mamba_dt_rank": 256, "mamba_conv_bias": true, "mamba_proj_bias": false, )"
            R"("hidden_act": "silu"})"},
    {"Nemotron-H-8B", 8'100'852'736,
            R"({"model_type": "nemotron_h", "vocab_size": 131072, "n_groups": 8, )"
            R"("ssm_state_size": 128, "conv_kernel": 4, "use_conv_bias": true, "use_bias": false, )"
            R"("mlp_bias": false, "attention_bias": false, "mlp_hidden_act": "relu2", )"
            R"("chunk_size": 128, "n_group": 1, "tie_word_embeddings": false, "expand": 2, )"
            R"("hidden_size": 4096, "mamba_num_heads": 128, "mamba_head_dim": 64, )"
            R"("intermediate_size": 21504, "num_attention_heads": 32, "num_key_value_heads": 8, )"
            R"("attention_head_dim": 128, "num_hidden_layers": 52, )"
            R"("hybrid_override_pattern": "M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-"})"},
    {"Nemotron-Nano-9B-v2", 8'888'227'328,
            R"({"model_type": "nemotron_h", "vocab_size": 131072, "n_groups": 8, )"
            R"("ssm_state_size": 128, "conv_kernel": 4, "use_conv_bias": true, "use_bias": false, )"
            R"("mlp_bias": false, "attention_bias": false, "mlp_hidden_act": "relu2", )"
            R"("chunk_size": 128, "n_group": 1, "tie_word_embeddings": false, "expand": 2, )"
            R"("hidden_size": 4480, "mamba_num_heads": 128, "mamba_head_dim": 80, )"
            R"("intermediate_size": 15680, "num_attention_heads": 40, "num_key_value_heads": 8, )"
            R"("head_dim": 128, "hybrid_override_patter)"
            R"(n": "M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-"})"},
    {"Nemotron-3-Nano-4B", 3'973'556'832,
            R"({"model_type": "nemotron_h", "vocab_size": 131072, "n_groups": 8, )"
            R"("ssm_state_size": 128, "conv_kernel": 4, "use_conv_bias": true, "use_bias": false, )"
            R"("mlp_bias": false, "attention_bias": false, "mlp_hidden_act": "relu2", )"
            R"("chunk_size": 128, "n_group": 1, "tie_word_embeddings": false, "expand": 2, )"
            R"("hidden_size": 3136, "mamba_num_heads": 96, "mamba_head_dim": 80, )"
            R"("intermediate_size": 12544, "num_attention_heads": 40, "num_key_value_heads": 8, )"
            R"("head_dim": 128, "layers_block_type": ["linear_attention", "mlp", "linear_attention", )"
            R"("mlp", "linear_attention", "mlp", "linear_attention", "linear_attention", "mlp", )"
            R"("linear_attention", "mlp", "linear_attention", "full_attention", "mlp", )"
            R"("linear_attention", "mlp", "linear_attention", "full_attention", "mlp", )"
            R"("linear_attention", "mlp", "linear_attention", "mlp", "linear_attention", )"
            R"("full_attention", "mlp", "linear_attention", "mlp", "linear_attention", "mlp", )"
            R"("linear_attention", "linear_attention", "full_attention", "mlp", "linear_attention", )"
            R"("linear_attention", "linear_attention", "mlp", "linear_attention", "mlp", )"
            R"("linear_attention", "mlp"]})"},
    {"Nemotron-3-Nano-30B-A3B", 31'577'940'288,
            R"({"model_type": "nemotron_h", "vocab_size": 131072, "n_groups": 8, )"
            R"("ssm_state_size": 128, "conv_kernel": 4, "use_conv_bias": true, "use_bias": false, )"
            R"("mlp_bias": false, "attention_bias": false, "mlp_hidden_act": "relu2", )"
            R"("chunk_size": 128, "n_group": 1, "tie_word_embeddings": false, "expand": 2, )"
            R"("hidden_size": 2688, "mamba_num_heads": 64, "mamba_head_dim": 64, )"
            R"("intermediate_size": 1856, "num_attention_heads": 32, "num_key_value_heads": 2, )"
            R"("head_dim": 128, "n_routed_experts": 128, "n_shared_experts": 1, )"
            R"("moe_intermediate_size": 1856, "moe_shared_expert_intermediate_size": 3712, )"
            R"("num_experts_per_tok": 6, "hybrid_overri)"
            R"(de_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"})"},
    {"Granite-4.0-H-Small", 32'207'337'984,
            R"({"model_type": "granitemoehybrid", "vocab_size": 100352, "tie_word_embeddings": true, )"
            R"("num_hidden_layers": 40, "layer_types": ["mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "mamba", "attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "mamba", "mamba", "attention", "mamba", "mamba", "mamba", "mamba"], )"
            R"("mamba_d_head": 64, "mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4, )"
            R"("mamba_expand": 2, "position_embedding_type": "nope", "hidden_size": 4096, )"
            R"("mamba_n_heads": 128, "num_local_experts": 72, "intermediate_size": 768, )"
            R"("num_experts_per_tok": 10, "shared_intermediate_size": 1536, "num_attention_heads": 32, )"
            R"("num_key_value_heads": 8})"},
    {"Granite-4.0-H-Tiny", 6'939'037'248,
            R"({"model_type": "granitemoehybrid", "vocab_size": 100352, "tie_word_embeddings": true, )"
            R"("num_hidden_layers": 40, "layer_types": ["mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "mamba", "attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "mamba", "mamba", "attention", "mamba", "mamba", "mamba", "mamba"], )"
            R"("mamba_d_head": 64, "mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4, )"
            R"("mamba_expand": 2, "position_embedding_type": "nope", "hidden_size": 1536, )"
            R"("mamba_n_heads": 48, "num_local_experts": 64, "intermediate_size": 512, )"
            R"("num_experts_per_tok": 6, "shared_intermediate_size": 1024, "num_attention_heads": 12, )"
            R"("num_key_value_heads": 4})"},
    {"Granite-4.0-H-Micro", 3'191'396'096,
            R"({"model_type": "granitemoehybrid", "vocab_size": 100352, "tie_word_embeddings": true, )"
            R"("num_hidden_layers": 40, "layer_types": ["mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "mamba", "attention", "mamba", "mamba", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "mamba", "mamba", "attention", "mamba", "mamba", "mamba", "mamba"], )"
            R"("mamba_d_head": 64, "mamba_n_groups": 1, "mamba_d_state": 128, "mamba_d_conv": 4, )"
            R"("mamba_expand": 2, "position_embedding_type": "nope", "hidden_size": 2048, )"
            R"("mamba_n_heads": 64, "num_local_experts": 0, "intermediate_size": 8192, )"
            R"("num_experts_per_tok": 0, "shared_intermediate_size": 8192, "num_attention_heads": 32, )"
            R"("num_key_value_heads": 8})"},
    {"Falcon-H1-0.5B", 521'411'104,
            R"({"model_type": "falcon_h1", "vocab_size": 32784, "tie_word_embeddings": false, )"
            R"("num_hidden_layers": 36, "hidden_size": 1024, "intermediate_size": 2048, )"
            R"("mamba_d_ssm": 1536, "mamba_n_heads": 24, "mamba_d_head": 64, "mamba_n_groups": 1, )"
            R"("mamba_d_state": 128, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_rms_norm": false, )"
            R"("ssm_multipliers": [0.5, 0.25, 0.5, 0.5, 0.5], "time_step_limit": [0.0, Infinity], )"
            R"("num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64})"},
    {"Falcon-H1-1.5B", 1'554'863'488,
            R"({"model_type": "falcon_h1", "vocab_size": 65537, "tie_word_embeddings": false, )"
            R"("num_hidden_layers": 24, "hidden_size": 2048, "intermediate_size": 4608, )"
            R"("mamba_d_ssm": 3072, "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_n_groups": 1, )"
            R"("mamba_d_state": 256, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_rms_norm": true, )"
            R"("ssm_multipliers": [0.5, 0.25, 0.5, 0.5, 0.5], "time_step_limit": [0.0, Infinity], )"
            R"("num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 128})"},
    {"Falcon-H1-7B", 7'585'648'736,
            R"({"model_type": "falcon_h1", "vocab_size": 130048, "tie_word_embeddings": false, )"
            R"("num_hidden_layers": 44, "hidden_size": 3072, "intermediate_size": 12288, )"
            R"("mamba_d_ssm": 3072, "mamba_n_heads": 24, "mamba_d_head": 128, "mamba_n_groups": 1, )"
            R"("mamba_d_state": 256, "mamba_d_conv": 4, "mamba_expand": 2, "mamba_rms_norm": true, )"
            R"("ssm_multipliers": [0.5, 0.25, 0.5, 0.5, 0.5], "time_step_limit": [0.0, Infinity], )"
            R"("num_attention_heads": 12, "num_key_value_heads": 2, "head_dim": 128})"},
    {"Zamba2-1.2B", 1'215'064'704,
            R"({"model_type": "zamba2", "vocab_size": 32000, "hidden_size": 2048, )"
            R"("num_hidden_layers": 38, "mamba_d_state": 128, "mamba_d_conv": 4, "mamba_expand": 2, )"
            R"("mamba_ngroups": 1, "n_mamba_heads": 64, "num_attention_heads": 32, )"
            R"("num_mem_blocks": 1, "use_shared_attention_adapter": true, "adapter_rank": 128, )"
            R"("use_mem_rope": true, "intermediate_size": 8192, "layers_block_type": [)"
            R"("mamba", "mamba", "mamba", "mamba", "mamba", "hybrid", "mamba", "mamba", )"
            R"("mamba", "mamba", "mamba", "hybrid", "mamba", "mamba", "mamba", "mamba", )"
            R"("mamba", "hybrid", "mamba", "mamba", "mamba", "mamba", "mamba", "hybrid", )"
            R"("mamba", "mamba", "mamba", "mamba", "mamba", "hybrid", "mamba", "mamba", )"
            R"("mamba", "mamba", "mamba", "hybrid", "mamba", "mamba"]})"},
};
// clang-format on

TEST_CASE("An imported configuration has the published number of parameters") {
  for (const Published& model : kPublished) {
    INFO(model.name);
    const ImportedModel imported = value_of(import_config("config.json", model.config));
    REQUIRE(imported.model.whole.params);
    CHECK(imported.model.whole.params->value() == model.params);
  }
}

TEST_CASE("A router's correction bias is all that the 30B's count has beyond its matrices and norms") {
  // 31,577,940,288 of which 23 layers x 128 experts are the bias.
  const Published& model = kPublished[13];
  ImportedModel imported = value_of(import_config("config.json", model.config));
  const std::string with = "router_bias: true";
  const std::size_t at = imported.yaml.find(with);
  REQUIRE(at != std::string::npos);
  imported.yaml.replace(at, with.size(), "router_bias: false");
  const Model without = value_of(bind_model(value_of(parse_input("model.yaml", imported.yaml))));
  CHECK(without.whole.params->value() == 31'577'937'344);
}

TEST_CASE("Shipped hybrids have the published number of parameters") {
  struct Shipped {
    const char* name;
    std::int64_t params;
  };
  for (const Shipped& model :
       {Shipped{"jamba-v0.1", 51'570'323'328}, Shipped{"nemotron-h-8b", 8'100'852'736},
        Shipped{"nemotron-nano-9b-v2", 8'888'227'328}, Shipped{"granite-4.0-h-small", 32'207'337'984},
        Shipped{"granite-4.0-h-tiny", 6'939'037'248}, Shipped{"granite-4.0-h-micro", 3'191'396'096},
        Shipped{"falcon-h1-7b", 7'585'648'736}}) {
    INFO(model.name);
    CHECK(value_of(load_model(model.name)).whole.params->value() == model.params);
  }
}

TEST_CASE("Zamba2-2.7B, whose count is not published, is the sum of its layers, shared blocks twice") {
  const Model model = value_of(load_model("zamba2-2.7b"));
  // E 2560, D 5120, 80 heads, N 64: norm, in_proj, convolution and bias, A, D and dt bias, gated norm,
  // out_proj.
  constexpr std::int64_t kMamba =
      2560 + 2560 * (2 * 5120 + 2 * 64 + 80) + (5120 + 2 * 64) * 5 + 3 * 80 + 5120 + 5120 * 2560;
  // Norm of 2E, q, k and v, o; norm, gate and up, down.
  constexpr std::int64_t kShared = 5120 + 3 * 5120 * 5120 + 5120 * 2560 + 2560 + 3 * 2560 * 10240;
  // Linear layer and the MLP's adapter.
  constexpr std::int64_t kOwn = 2560 * 2560 + 128 * (2560 + 2 * 10240);
  STATIC_REQUIRE(32000 * 2560 + 54 * kMamba + 2 * kShared + 9 * kOwn + 2560 == 2'662'214'560);
  CHECK(model.whole.params->value() == 2'662'214'560);
  const ImportedModel imported = value_of(import_config(
      "config.json",
      R"({"model_type": "zamba2", "vocab_size": 32000, "hidden_size": 2560, "n_mamba_heads": 80,)"
      R"( "num_mem_blocks": 2, "num_hidden_layers": 54})"));
  CHECK(imported.model.order == model.order);
  CHECK(imported.model.whole.params == model.whole.params);
}

TEST_CASE("A decode step loads the published state of a layer, so many elements of h") {
  struct Shipped {
    const char* name;
    std::int64_t elements;
  };
  for (const Shipped& model :
       {Shipped{"mamba-2.8b", 81'920}, Shipped{"mamba2-2.7b", 655'360},
        Shipped{"codestral-mamba-7b", 1'048'576}, Shipped{"falcon-mamba-7b", 131'072},
        Shipped{"jamba-v0.1", 131'072}, Shipped{"nemotron-h-8b", 1'048'576},
        Shipped{"nemotron-nano-9b-v2", 1'310'720}, Shipped{"granite-4.0-h-small", 1'048'576},
        Shipped{"granite-4.0-h-tiny", 393'216}, Shipped{"granite-4.0-h-micro", 524'288},
        Shipped{"falcon-h1-7b", 786'432}, Shipped{"zamba2-2.7b", 327'680}}) {
    INFO(model.name);
    const Model loaded = value_of(load_model(model.name, std::vector<Setting>{{"phase", "decode", {}}}));
    const Cascade& block = loaded.kinds.empty() ? loaded.whole.block : loaded.kinds.front().block;
    const TensorId h = find_tensor(block, "h").value();
    CHECK(block.tensor(h).initial == Initial::kLoaded);
    CHECK(elements_of(block, h) == Elements{model.elements});
  }
}

}  // namespace
}  // namespace fusescape::imported_models_test
