// Which model does a configuration of Zamba2 describe? Mamba-2 layers, and before some of them a transformer
// block that they share.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dialects.hpp"

namespace fusescape {
namespace {

constexpr char kHybrid = 'H';

/// A letter per layer: kHybrid where a shared block runs, else 'M'.
std::string layers_of(ConfigReader& config) {
  constexpr std::array kWords{LayerWord{"mamba", 'M'}, LayerWord{"linear_attention", 'M'},
                              LayerWord{"hybrid", kHybrid}, LayerWord{"full_attention", kHybrid}};
  std::string letters =
      listed_letters(config, {"layers_block_type", "layer_types"}, kWords, "neither mamba nor hybrid");
  if (!letters.empty()) return letters;
  constexpr std::array<std::size_t, 9> kHybrids{6, 12, 18, 24, 30, 36, 42, 47, 51};
  letters.assign(54, 'M');
  for (const std::size_t hybrid : kHybrids) letters[hybrid] = kHybrid;
  config.note_default("layers_block_type", "those of Zamba2-2.7B, 54");
  const auto told = config.layers_if({"num_hidden_layers"});
  if (told && static_cast<std::size_t>(*told) != letters.size()) {
    config.error(*config.find({"num_hidden_layers"}),
                 fmt::format("num_hidden_layers: {}, and no layers_block_type says which are hybrid", *told));
  }
  return letters;
}

/// hybrid_layer_ids may say once more which layers are hybrid.
void check_hybrid_ids(ConfigReader& config, const std::string& layers) {
  const YamlNode* ids = config.find({"hybrid_layer_ids"});
  if (ids == nullptr) return;
  std::string told(layers.size(), 'M');
  const std::size_t before = config.faults();
  for (const std::int64_t id : config.positions({"hybrid_layer_ids"}, std::ssize(layers)))
    told[static_cast<std::size_t>(id)] = kHybrid;
  const auto differs = std::mismatch(told.begin(), told.end(), layers.begin()).first;
  if (config.faults() != before || differs == told.end()) return;
  config.error(*ids, fmt::format("hybrid_layer_ids: layers_block_type says of layer {} that it is {}hybrid",
                                 differs - told.begin(), *differs == kHybrid ? "not " : ""));
}

KeyList mamba_keys(ConfigReader& config, std::int64_t hidden) {
  const std::size_t before = config.faults();
  const std::int64_t inner = config.size_or({"mamba_expand", "expansion_factor"}, 2) * hidden;
  const std::optional<std::int64_t> width = config.size_if({"mamba_headdim"});
  const std::int64_t heads = width && !config.has({"n_mamba_heads"})
                                 ? std::max<std::int64_t>(inner / *width, 1)
                                 : config.size_or({"n_mamba_heads"}, 8);
  const bool fits = width ? *width * heads == inner : inner % heads == 0;
  if (!fits && config.faults() == before) {
    config.error(config.root(),
                 width ? fmt::format("mamba_headdim: {} heads of {} are not mamba_expand x hidden_size, {}",
                                     heads, *width, inner)
                       : fmt::format("n_mamba_heads: {} heads do not divide mamba_expand x hidden_size, {}",
                                     heads, inner));
  }
  KeyList keys;
  keys.add("n_head", heads).add("d_head", std::max<std::int64_t>(inner / heads, 1));
  keys.add("d_state", config.size_or({"mamba_d_state", "state_size"}, 64));
  keys.add("n_group", config.size_or({"mamba_ngroups"}, 1));
  keys.add("d_conv", config.size_or({"mamba_d_conv", "conv_dimension"}, 4));
  add_chunk(config, keys, {"chunk_size"});
  return keys;
}

/// The shared block, in so many copies. The adapter of its MLP is there whatever a key says.
LayerText shared_block(ConfigReader& config, std::int64_t hidden, std::int64_t runs) {
  LayerText layer{.letter = 'S', .name = "shared", .family = "zamba2", .keys = {}};
  const std::int64_t heads = config.size_or({"num_attention_heads"}, 32);
  const std::int64_t kv_heads = config.size_or({"num_key_value_heads"}, heads, "as many as query heads");
  if (kv_heads != heads) {
    config.error(*config.find({"num_key_value_heads"}),
                 "num_key_value_heads: only as many as query heads are modelled");
  }
  layer.keys.add("n_head", heads);
  layer.keys.add("d_ff",
                 config.size_or({"intermediate_size", "ffn_hidden_size"}, 4 * hidden, "4 x hidden_size"));
  add_activation(config, layer.keys, {"hidden_act"}, "gelu");
  layer.keys.add("adapter_rank", config.size_or({"adapter_rank", "lora_rank"}, 128));
  const bool attends = config.flag({"use_shared_attention_adapter", "use_shared_attention_lora"}, false);
  layer.keys.flag("attention_adapters", attends, false);
  layer.keys.flag("rope", config.flag({"use_mem_rope"}, false), false);
  layer.keys.add("shared", std::min(config.size_or({"num_mem_blocks"}, 1), std::max<std::int64_t>(runs, 1)));
  return layer;
}

}  // namespace

void read_zamba2(ConfigReader& config, ModelText& model, Diagnostics& /*diags*/) {
  const std::int64_t hidden = config.size({"hidden_size"});
  add_model_keys(config, model, true);
  config.expect_flag({"add_bias_linear"}, false, "projections have no biases");
  const std::string layers = layers_of(config);
  check_hybrid_ids(config, layers);
  for (const char letter : layers) model.order += letter == kHybrid ? "SH" : "M";
  LayerText mamba{.letter = 'M', .name = "mamba", .family = "mamba2", .keys = mamba_keys(config, hidden)};
  LayerText hybrid = mamba;
  hybrid.letter = kHybrid;
  hybrid.name = "mamba-hybrid";
  hybrid.keys.add("side_input", "true");
  model.layers = {std::move(mamba),
                  shared_block(config, hidden, std::count(layers.begin(), layers.end(), kHybrid)),
                  std::move(hybrid)};
}

}  // namespace fusescape
