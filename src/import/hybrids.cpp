// Which model do configurations of hybrids describe whose layers are a mixer (or two) and a feed-forward
// network each? Jamba, Bamba, Granite 4.0 H, Falcon-H1.
#include <fmt/format.h>

#include <array>

#include "dialects.hpp"

namespace fusescape {
namespace {

/// Which position embedding attention has: none, or a rotary one of that share of a head's channels.
constexpr double kNoRope = 0.0;

KeyList attention_keys(ConfigReader& config, std::int64_t hidden, double rope) {
  KeyList keys;
  const std::int64_t width = add_attention_heads(config, keys, hidden);
  keys.flag("rope", rope > kNoRope, true);
  if (rope > kNoRope) add_rotation(config, keys, width, rope);
  const bool biases = config.flag({"attention_bias"}, false);
  keys.flag("qkv_bias", biases, false).flag("out_bias", biases, false);
  return keys;
}

LayerText attention_layer(ConfigReader& config, std::int64_t hidden, double rope) {
  return {.letter = '*',
          .name = "attention",
          .family = "attention",
          .keys = attention_keys(config, hidden, rope)};
}

LayerText mlp_layer(ConfigReader& config, Names width) {
  LayerText layer{.letter = '-', .name = "mlp", .family = "mlp", .keys = {}};
  layer.keys.add("d_ff", config.size(width));
  add_activation(config, layer.keys, {"hidden_act"}, "silu");
  return layer;
}

/// Whether layer `i` is one of those that come every `period`, the first at `offset`.
struct Period {
  std::int64_t period = 1;
  std::int64_t offset = 0;
  [[nodiscard]] bool has(std::int64_t i) const { return i % period == offset; }
};

/// Of two keys and their defaults. An offset that no layer has is a fault, as it is in Hugging Face's class.
Period period_of(ConfigReader& config, std::string_view period, std::string_view offset,
                 const Period& fallback) {
  const std::size_t before = config.faults();
  const Period told{config.size_or({period}, fallback.period), config.count_or({offset}, fallback.offset)};
  if (told.offset < told.period || config.faults() > before) return told;
  const YamlNode* node = config.find({config.has({offset}) ? offset : period});
  config.error(*node, fmt::format("{}: {} is not below {}, {}", offset, told.offset, period, told.period));
  return told;
}

/// A letter per layer of Granite.
std::string granite_mixers(ConfigReader& config) {
  constexpr std::array kWords{LayerWord{"mamba", 'M'}, LayerWord{"linear_attention", 'M'},
                              LayerWord{"attention", '*'}, LayerWord{"full_attention", '*'}};
  std::string letters =
      listed_letters(config, {"layer_types", "layers_block_type"}, kWords, "neither mamba nor attention");
  if (!letters.empty()) return letters;
  config.note_default("layer_types", "mamba, all of them");
  return mixer_letters(config.layers({"num_hidden_layers"}), {});
}

/// The Mamba-2 mixer of Falcon-H1, whose mamba_d_ssm wins over mamba_expand.
KeyList falcon_mamba_keys(ConfigReader& config, std::int64_t hidden) {
  const std::size_t before = config.faults();
  const std::int64_t heads = config.size_or({"mamba_n_heads"}, 128);
  const bool is_null = find_value(config.root(), "mamba_d_ssm") != nullptr && !config.has({"mamba_d_ssm"});
  const std::int64_t inner =
      is_null ? config.size_or({"mamba_expand"}, 2) * hidden : config.size_or({"mamba_d_ssm"}, 1024);
  const std::int64_t width = config.size_if({"mamba_d_head"}).value_or(inner / heads);
  if (width * heads != inner && config.faults() == before) {
    config.error(config.root(), fmt::format("mamba_n_heads: {} heads of {} are not the {} of mamba_d_ssm, or "
                                            "of mamba_expand x hidden_size where that is null",
                                            heads, width, inner));
  }
  KeyList keys;
  keys.add("n_head", heads).add("d_head", width);
  keys.add("d_state", config.size_or({"mamba_d_state"}, 256));
  keys.add("n_group", config.size_or({"mamba_n_groups"}, 1));
  keys.add("d_conv", config.size_or({"mamba_d_conv"}, 4));
  keys.flag("conv_bias", config.flag({"mamba_conv_bias"}, true), true);
  const bool biases = config.flag({"mamba_proj_bias"}, false);
  config.expect_flag({"projectors_bias"}, biases, "in_proj and out_proj have biases both, or neither");
  keys.flag("proj_bias", biases, false);
  keys.flag("gated_norm", config.flag({"mamba_rms_norm"}, false), true);
  keys.flag("norm_before_gate", config.flag({"mamba_norm_before_gate"}, true), false);
  add_chunk(config, keys, {"mamba_chunk_size"});
  return keys;
}

}  // namespace

void read_jamba(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  const std::int64_t hidden = config.size({"hidden_size"});
  const std::int64_t n_layer = config.layers({"num_hidden_layers"});
  add_model_keys(config, model, false);
  LayerText mamba{.letter = 'M', .name = "mamba", .family = "mamba1", .keys = {}};
  mamba.keys.add("d_state", config.size_or({"mamba_d_state"}, 16));
  mamba.keys.add("d_conv", config.size_or({"mamba_d_conv"}, 4));
  mamba.keys.add("expand", config.size_or({"mamba_expand"}, 2));
  if (const auto rank = config.size_if({"mamba_dt_rank"})) mamba.keys.add("dt_rank", *rank);
  mamba.keys.flag("conv_bias", config.flag({"mamba_conv_bias"}, true), true);
  mamba.keys.flag("proj_bias", config.flag({"mamba_proj_bias"}, false), false);
  mamba.keys.add("norm_dt_b_c", "true").add("norm_dt_b_c_gain", "true");
  const Period attention = period_of(config, "attn_layer_period", "attn_layer_offset", {8, 4});
  const Period expert = period_of(config, "expert_layer_period", "expert_layer_offset", {2, 1});
  const std::int64_t experts = config.size_or({"num_experts"}, 16);
  LayerText moe{
      .letter = 'E', .name = "moe", .family = "moe", .keys = mlp_layer(config, {"intermediate_size"}).keys};
  moe.keys.add("n_expert", experts).add("top_k", config.size_or({"num_experts_per_tok"}, 2));
  model.layers = {std::move(mamba), attention_layer(config, hidden, kNoRope),
                  mlp_layer(config, {"intermediate_size"}), std::move(moe)};
  for (std::int64_t i = 0; i < n_layer; ++i) {
    model.order += attention.has(i) ? '*' : 'M';
    model.order += experts > 1 && expert.has(i) ? 'E' : '-';
  }
}

void read_bamba(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  const std::int64_t hidden = config.size({"hidden_size"});
  const std::int64_t n_layer = config.layers({"num_hidden_layers"});
  add_model_keys(config, model, false);
  model.layers = {mamba_layer(config, hidden), attention_layer(config, hidden, 0.5),
                  mlp_layer(config, {"intermediate_size"})};
  for (const char letter : mixer_letters(n_layer, config.positions({"attn_layer_indices"}, n_layer))) {
    model.order += letter;
    model.order += '-';
  }
}

void read_granite_hybrid(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  const std::int64_t hidden = config.size({"hidden_size"});
  add_model_keys(config, model, false);
  const std::int64_t experts = config.count_or({"num_local_experts"}, 8);
  const double rope = config.word({"position_embedding_type"}, "nope") == "rope" ? 1.0 : kNoRope;
  LayerText moe{.letter = 'E', .name = "moe", .family = "moe", .keys = {}};
  const char feed_forward = experts == 0 ? '-' : 'E';
  if (experts > 0) {
    moe.keys = mlp_layer(config, {"intermediate_size"}).keys;
    moe.keys.add("n_expert", experts).add("top_k", config.size_or({"num_experts_per_tok"}, 8));
    moe.keys.add("shared_ff", config.count_or({"shared_intermediate_size"}, 1024));
  }
  for (const char letter : granite_mixers(config)) {
    model.order += letter;
    model.order += feed_forward;
  }
  model.layers.push_back(mamba_layer(config, hidden));
  model.layers.push_back(attention_layer(config, hidden, rope));
  if (experts > 0) {
    model.layers.push_back(std::move(moe));
  } else {
    model.layers.push_back(mlp_layer(config, {"shared_intermediate_size"}));
  }
}

void read_falcon_h1(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  const std::int64_t hidden = config.size({"hidden_size"});
  const std::int64_t n_layer = config.layers({"num_hidden_layers"});
  add_model_keys(config, model, false);
  LayerText mixers{.letter = 'P', .name = "mixers", .family = "parallel", .keys = {}};
  mixers.keys.add("attention", attention_keys(config, hidden, 1.0));
  mixers.keys.add("mamba", falcon_mamba_keys(config, hidden));
  LayerText mlp = mlp_layer(config, {"intermediate_size"});
  mlp.keys.flag("mlp_bias", config.flag({"mlp_bias"}, false), false);
  model.layers = {std::move(mixers), std::move(mlp)};
  for (std::int64_t i = 0; i < n_layer; ++i) model.order += "P-";
}

}  // namespace fusescape
