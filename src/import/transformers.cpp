// Which model do configurations of transformers without state describe? OPT, and those that are like Llama.
#include <fmt/format.h>

#include "dialects.hpp"

namespace fusescape {
namespace {

void add_llama(ConfigReader& config, ModelText& model, bool qkv_bias, bool out_bias) {
  const std::int64_t hidden = config.size({"hidden_size"});
  const std::int64_t n_layer = config.layers({"num_hidden_layers"});
  add_model_keys(config, model, false);
  LayerText attention{.letter = '*', .name = "attention", .family = "attention", .keys = {}};
  const std::int64_t width = add_attention_heads(config, attention.keys, hidden);
  add_rotation(config, attention.keys, width, 1.0);
  attention.keys.flag("qkv_bias", qkv_bias, false).flag("out_bias", out_bias, false);
  const bool is_off = config.has({"use_sliding_window"}) && !config.flag({"use_sliding_window"}, false);
  if (config.size_if({"sliding_window"}) && !is_off)
    config.note_default("attention", "over all tokens (a sliding window is not modelled)");
  LayerText mlp{.letter = '-', .name = "mlp", .family = "mlp", .keys = {}};
  mlp.keys.add("d_ff", config.size({"intermediate_size"}));
  add_activation(config, mlp.keys, {"hidden_act"}, "silu");
  mlp.keys.flag("mlp_bias", config.flag({"mlp_bias"}, false), false);
  model.layers = {std::move(attention), std::move(mlp)};
  for (std::int64_t i = 0; i < n_layer; ++i) model.order += "*-";
}

}  // namespace

void read_opt(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  constexpr std::int64_t kOffset = 2;  // Of the positions, in modeling_opt.py.
  model.family = "opt";
  const std::int64_t hidden = config.size({"hidden_size"});
  model.keys.add("d_model", hidden).add("n_layer", config.layers({"num_hidden_layers"}));
  model.keys.add("d_ff", config.size({"ffn_dim"}));
  model.keys.add("n_head", config.size({"num_attention_heads"}));
  model.keys.add("vocab", config.size({"vocab_size"}));
  model.keys.add("positions", config.size({"max_position_embeddings"}) + kOffset);
  add_data_type(config, model);
  config.expect_flag({"tie_word_embeddings"}, true, "the head is the embedding");
  config.expect_flag({"do_layer_norm_before"}, true, "norms come before attention and MLP");
  config.expect_flag({"enable_bias"}, true, "projections have biases");
  const std::int64_t embedded = config.size_or({"word_embed_proj_dim"}, hidden, "hidden_size");
  if (embedded != hidden) {
    config.error(*config.find({"word_embed_proj_dim"}),
                 "word_embed_proj_dim: only embeddings as wide as hidden_size are modelled");
  }
}

void read_llama(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  const bool biases = config.flag({"attention_bias"}, false);
  add_llama(config, model, biases, biases);
}

void read_qwen2(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  config.note_default("q, k and v biases", "true (of the architecture, no key says so)");
  add_llama(config, model, true, false);
}

}  // namespace fusescape
