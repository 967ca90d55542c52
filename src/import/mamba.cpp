// Which model do configurations of pure Mamba models describe? state-spaces/mamba's own, Mistral's
// params.json, and those of Hugging Face.
#include <fmt/format.h>

#include "dialects.hpp"

namespace fusescape {
namespace {

std::int64_t rounded_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Where the keys of `ssm_cfg` are read from: an empty map if it is absent.
const YamlNode& section_of(ConfigReader& config, Names names) {
  static const YamlNode empty = [] {
    YamlNode none;
    none.kind = YamlKind::kMap;
    return none;
  }();
  const YamlNode* section = config.map(names);
  return section == nullptr ? empty : *section;
}

void add_mamba1(ConfigReader& ssm, KeyList& keys) {
  keys.add("d_state", ssm.size_or({"d_state"}, 16));
  keys.add("d_conv", ssm.size_or({"d_conv"}, 4));
  keys.add("expand", ssm.size_or({"expand"}, 2));
  if (const auto rank = ssm.size_if({"dt_rank"})) keys.add("dt_rank", *rank);
  keys.flag("conv_bias", ssm.flag({"conv_bias"}, true), true);
  keys.flag("proj_bias", ssm.flag({"bias"}, false), false);
}

/// The defaults are those of state-spaces/mamba, not of Hugging Face's class.
void add_mamba2(ConfigReader& ssm, KeyList& keys) {
  keys.add("d_state", ssm.size_or({"d_state"}, 128));
  keys.add("d_head", ssm.size_or({"headdim"}, 64));
  keys.add("n_group", ssm.size_or({"ngroups"}, 1));
  keys.add("d_conv", ssm.size_or({"d_conv"}, 4));
  keys.add("expand", ssm.size_or({"expand"}, 2));
  keys.flag("conv_bias", ssm.flag({"conv_bias"}, true), true);
  keys.flag("proj_bias", ssm.flag({"bias"}, false), false);
  keys.flag("gated_norm", ssm.flag({"rmsnorm"}, true), true);
  keys.flag("norm_before_gate", ssm.flag({"norm_before_gate"}, false), false);
  add_chunk(ssm, keys, {"chunk_size"});
  if (ssm.has({"d_ssm"}))
    ssm.error(*ssm.find({"d_ssm"}), "ssm_cfg.d_ssm: an MLP beside the state is not modelled");
}

/// Attention layers among those of state-spaces/mamba.
LayerText attention_layer(ConfigReader& config, Diagnostics& diags, std::int64_t hidden) {
  LayerText layer{.letter = '*', .name = "attention", .family = "attention", .keys = {}};
  ConfigReader attention{section_of(config, {"attn_cfg"}), diags, "attn_cfg"};
  const std::int64_t heads = attention.size({"num_heads"});
  layer.keys.add("n_head", heads).add("n_kv_head", attention.size_or({"num_heads_kv"}, heads));
  const std::int64_t width = attention.size_or({"head_dim"}, hidden / heads);
  layer.keys.add("d_head", width);
  const std::int64_t turned = attention.count_or({"rotary_emb_dim"}, 0);
  layer.keys.flag("rope", turned > 0, true);
  if (turned > 0 && turned != width) layer.keys.add("rotary_dim", turned);
  layer.keys.flag("qkv_bias", attention.flag({"qkv_proj_bias"}, true), false);
  layer.keys.flag("out_bias", attention.flag({"out_proj_bias"}, true), false);
  if (attention.count_or({"d_conv"}, 0) > 0) {
    attention.error(*attention.find({"d_conv"}),
                    "attn_cfg.d_conv: a convolution of q, k and v is not modelled");
  }
  config.take_notes(attention);
  return layer;
}

void add_layers(ModelText& model, LayerText mixer, std::int64_t n_layer,
                const std::vector<std::int64_t>& attention, std::int64_t intermediate) {
  const std::string mixers = mixer_letters(n_layer, attention);
  for (const char letter : mixers) {
    model.order += letter;
    if (intermediate > 0) model.order += '-';
  }
  model.layers.push_back(std::move(mixer));
  if (intermediate == 0) return;
  model.layers.push_back({.letter = '-', .name = "mlp", .family = "mlp", .keys = {}});
  model.layers.back().keys.add("d_ff", intermediate).add("activation", "swiglu");
}

/// GatedMLP makes the hidden width a multiple of 128 (mamba_ssm/modules/mlp.py); 0 is no MLP.
std::int64_t mlp_width(ConfigReader& config) {
  constexpr std::int64_t kMultiple = 128;
  const std::int64_t told = config.count_or({"d_intermediate"}, 0);
  const std::int64_t width = rounded_up(told, kMultiple);
  if (width != told) {
    config.note_default("d_ff", fmt::format("{} (d_intermediate, up to a multiple of {})", width, kMultiple));
  }
  return width;
}

}  // namespace

void read_mamba_ssm(ConfigReader& config, ModelText& model, Diagnostics& diags) {
  ConfigReader ssm{section_of(config, {"ssm_cfg"}), diags, "ssm_cfg"};
  const std::string layer = ssm.word({"layer"}, "Mamba1");
  if (layer != "Mamba1" && layer != "Mamba2") {
    ssm.error(*ssm.find({"layer"}), fmt::format("ssm_cfg.layer: '{}' is neither Mamba1 nor Mamba2", layer));
  }
  const bool second = layer == "Mamba2";
  const std::int64_t hidden = config.size({"d_model"});
  const std::int64_t n_layer = config.layers({"n_layer"});
  const std::int64_t multiple = config.size_or({"pad_vocab_size_multiple"}, second ? 16 : 8);
  config.expect_flag({"rms_norm"}, true, "layers have RMSNorms");
  model.keys.add("d_model", hidden);
  model.keys.add("vocab", rounded_up(config.size_or({"vocab_size"}, 50277), multiple));
  model.keys.flag("tied_embedding", config.flag({"tie_embeddings"}, true), true);
  add_data_type(config, model);
  const std::vector<std::int64_t> attention = config.positions({"attn_layer_idx"}, n_layer);
  const std::int64_t intermediate = mlp_width(config);
  KeyList keys;
  second ? add_mamba2(ssm, keys) : add_mamba1(ssm, keys);
  config.take_notes(ssm);
  if (attention.empty() && intermediate == 0) {
    model.family = second ? "mamba2" : "mamba1";
    model.keys.add("n_layer", n_layer);
    for (const auto& [key, value] : keys.all()) model.keys.add(key, std::string_view{value});
    return;
  }
  if (!attention.empty()) model.layers.push_back(attention_layer(config, diags, hidden));
  add_layers(model, {.letter = 'M', .name = "mamba", .family = second ? "mamba2" : "mamba1", .keys = keys},
             n_layer, attention, intermediate);
}

void read_codestral(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  model.family = "mamba2";
  for (const std::string_view key : {"n_heads", "hidden_dim"}) {
    if (const YamlNode* node = config.find({key})) {
      config.error(*node,
                   fmt::format("{}: Codestral Mamba has none; this is a transformer, whose config.json "
                               "can be imported instead",
                               key));
    }
  }
  const std::int64_t multiple = config.size_or({"pad_vocab_size_multiple"}, 1);
  model.keys.add("d_model", config.size({"dim"})).add("n_layer", config.layers({"n_layers"}));
  model.keys.add("vocab", rounded_up(config.size({"vocab_size"}), multiple));
  model.keys.flag("tied_embedding", config.flag({"tie_embeddings"}, true), true);
  add_data_type(config, model);
  model.keys.add("n_group", config.size_or({"n_groups"}, 1));
  config.note_default("d_state, headdim, d_conv, expand", "128, 64, 4, 2 (state-spaces/mamba)");
}

void read_mamba(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  model.family = "mamba1";
  model.keys.add("n_layer", config.layers({"num_hidden_layers", "n_layer"}));
  add_model_keys(config, model, true);
  // Where both are given, intermediate_size wins over expand.
  if (const auto inner = config.size_if({"intermediate_size", "d_inner"})) {
    model.keys.add("d_inner", *inner);
  } else {
    model.keys.add("expand", config.size_or({"expand"}, 2));
  }
  model.keys.add("d_state", config.size_or({"state_size"}, 16));
  model.keys.add("d_conv", config.size_or({"conv_kernel"}, 4));
  if (const auto rank = config.size_if({"time_step_rank"})) model.keys.add("dt_rank", *rank);
  model.keys.flag("conv_bias", config.flag({"use_conv_bias"}, true), true);
  model.keys.flag("proj_bias", config.flag({"use_bias"}, false), false);
}

void read_falcon_mamba(ConfigReader& config, ModelText& model, Diagnostics& diags) {
  read_mamba(config, model, diags);
  model.keys.add("norm_dt_b_c", "true");
}

void read_mamba2(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  model.family = "mamba2";
  model.keys.add("n_layer", config.layers({"num_hidden_layers", "n_layer"}));
  add_model_keys(config, model, false);
  model.keys.add("n_head", config.size({"num_heads"}));
  model.keys.add("d_head", config.size_or({"head_dim", "mamba2_head_dim"}, 64));
  model.keys.add("d_state", config.size_or({"state_size"}, 128));
  model.keys.add("n_group", config.size_or({"n_groups"}, 8));
  model.keys.add("d_conv", config.size_or({"conv_kernel", "mamba2_conv_kernel"}, 4));
  model.keys.flag("conv_bias", config.flag({"use_conv_bias"}, true), true);
  model.keys.flag("proj_bias", config.flag({"use_bias"}, false), false);
  model.keys.flag("gated_norm", config.flag({"rms_norm"}, true), true);
  add_chunk(config, model.keys, {"chunk_size"});
  // Hugging Face's class norms behind the gate whatever norm_before_gate says.
  if (config.has({"attention_layers_idx"})) {
    config.error(*config.find({"attention_layers_idx"}),
                 "attention_layers_idx: attention layers of this early dialect are not modelled");
  }
}

}  // namespace fusescape
