// Which model does a configuration of Nemotron-H describe? Its layers are single sub-blocks in a pattern.
#include <fmt/format.h>

#include <array>

#include "dialects.hpp"

namespace fusescape {
namespace {

struct BlockWord {
  std::string_view word;
  char letter;
};
/// Names of blocks in lists, those that transformers 5 writes among them.
constexpr std::array kBlockWords{BlockWord{"mamba", 'M'},     BlockWord{"linear_attention", 'M'},
                                 BlockWord{"attention", '*'}, BlockWord{"full_attention", '*'},
                                 BlockWord{"mlp", '-'},       BlockWord{"moe", 'E'}};
constexpr std::string_view kLetters = "M*-E";

std::string letters_of_list(ConfigReader& config) {
  std::string letters;
  for (const YamlNode* item : config.list({"layers_block_type", "layer_types"})) {
    char letter = '?';
    for (const BlockWord& block : kBlockWords) {
      if (block.word == item->text) letter = block.letter;
    }
    if (letter == '?') {
      config.error(*item, fmt::format("layers_block_type: no block is '{}'", item->text));
      return letters;
    }
    letters += letter;
  }
  return letters;
}

std::string letters_of_pattern(ConfigReader& config, const YamlNode& pattern) {
  const std::size_t bad = pattern.text.find_first_not_of(kLetters);
  if (bad == std::string::npos) return pattern.text;
  config.error(pattern, fmt::format("hybrid_override_pattern: no block is '{}'", pattern.text[bad]));
  return pattern.text.substr(0, bad);
}

/// The layers as letters; of both spellings, the pattern wins.
std::string letters_of(ConfigReader& config) {
  const YamlNode* pattern = config.find({"hybrid_override_pattern"});
  std::string letters = pattern != nullptr ? letters_of_pattern(config, *pattern) : letters_of_list(config);
  if (letters.empty() && config.ok()) {
    config.error(config.root(), "missing key 'hybrid_override_pattern' or 'layers_block_type'");
  }
  return letters;
}

LayerText mamba_of(ConfigReader& config) {
  LayerText layer{.letter = 'M', .name = "mamba", .family = "mamba2", .keys = {}};
  layer.keys.add("n_head", config.size({"mamba_num_heads"}));
  layer.keys.add("d_head", config.size({"mamba_head_dim"}));
  layer.keys.add("d_state", config.size({"ssm_state_size", "mamba_state_dim"}));
  layer.keys.add("n_group", config.size({"n_groups", "mamba_n_groups", "mamba_num_groups"}));
  layer.keys.add("d_conv", config.size_or({"conv_kernel", "mamba_d_conv"}, 4));
  layer.keys.flag("conv_bias", config.flag({"use_conv_bias"}, true), true);
  layer.keys.flag("proj_bias", config.flag({"mamba_proj_bias", "use_bias"}, false), false);
  add_chunk(config, layer.keys, {"chunk_size", "mamba_chunk_size"});
  return layer;
}

LayerText attention_of(ConfigReader& config, std::int64_t hidden) {
  LayerText layer{.letter = '*', .name = "attention", .family = "attention", .keys = {}};
  add_attention_heads(config, layer.keys, hidden);
  const bool biases = config.flag({"attention_bias"}, false);
  layer.keys.add("rope", "false").flag("qkv_bias", biases, false).flag("out_bias", biases, false);
  return layer;
}

LayerText mlp_of(ConfigReader& config) {
  LayerText layer{.letter = '-', .name = "mlp", .family = "mlp", .keys = {}};
  layer.keys.add("d_ff", config.size({"intermediate_size"}));
  add_activation(config, layer.keys, {"mlp_hidden_act"}, "relu2");
  layer.keys.flag("mlp_bias", config.flag({"mlp_bias"}, false), false);
  return layer;
}

LayerText moe_of(ConfigReader& config) {
  LayerText layer{.letter = 'E', .name = "moe", .family = "moe", .keys = {}};
  layer.keys.add("d_ff", config.size({"moe_intermediate_size"}));
  layer.keys.add("n_expert", config.size({"n_routed_experts"}));
  layer.keys.add("top_k", config.size({"num_experts_per_tok"}));
  const std::int64_t shared = config.count_or({"n_shared_experts"}, 1);
  if (shared > 0) {
    layer.keys.add("shared_ff", shared * config.size({"moe_shared_expert_intermediate_size"}));
  }
  add_activation(config, layer.keys, {"mlp_hidden_act"}, "relu2");
  config.note_default("a correction bias of the router", "true (of the architecture, no key says so)");
  layer.keys.add("router_bias", "true");
  if (const YamlNode* latent = config.find({"moe_latent_size"})) {
    config.error(*latent, "moe_latent_size: experts in a latent space are not modelled");
  }
  return layer;
}

}  // namespace

void read_nemotron_h(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  model.order = letters_of(config);
  const std::int64_t hidden = config.size({"hidden_size"});
  add_model_keys(config, model, false);
  add_state_type(config, model);
  const auto has = [&](char letter) { return model.order.find(letter) != std::string::npos; };
  if (has('M')) model.layers.push_back(mamba_of(config));
  if (has('*')) model.layers.push_back(attention_of(config, hidden));
  if (has('-')) model.layers.push_back(mlp_of(config));
  if (has('E')) model.layers.push_back(moe_of(config));
  const auto told = config.layers_if({"num_hidden_layers"});
  if (told && static_cast<std::size_t>(*told) != model.order.size()) {
    config.note_default(
        "layers", fmt::format("{}, as the list has; num_hidden_layers says {}", model.order.size(), *told));
  }
}

}  // namespace fusescape
