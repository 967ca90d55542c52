#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "dialects.hpp"

namespace fusescape {
namespace {

struct WordPair {
  std::string_view theirs;
  std::string_view ours;
};

std::string_view ours_of(std::span<const WordPair> words, std::string_view theirs) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const WordPair& pair) { return pair.theirs == theirs; });
  return found == words.end() ? std::string_view{} : found->ours;
}

/// Adds the type that one of `names`, which is there, says.
void add_type(ConfigReader& config, ModelText& model, Names names, std::string_view ours) {
  constexpr std::array kTypes{WordPair{"float32", "fp32"}, WordPair{"float16", "fp16"},
                              WordPair{"bfloat16", "bf16"}};
  const std::string word = config.word(names, "");
  const std::string_view type = ours_of(kTypes, word);
  if (type.empty()) {
    config.error(*config.find(names),
                 fmt::format("{}: '{}' is none of float32, float16, bfloat16", *names.begin(), word));
  } else {
    model.keys.add(ours, type);
  }
}

}  // namespace

void add_data_type(ConfigReader& config, ModelText& model) {
  if (config.has({"torch_dtype", "dtype"})) {
    add_type(config, model, {"torch_dtype", "dtype"}, "dtype");
  } else {
    config.note_default("torch_dtype", "float32");
  }
}

void add_state_type(ConfigReader& config, ModelText& model) {
  if (config.has({"mamba_ssm_cache_dtype"}))
    add_type(config, model, {"mamba_ssm_cache_dtype"}, "state_dtype");
}

void add_chunk(ConfigReader& config, KeyList& keys, Names names) {
  if (const auto chunk = config.size_if(names)) keys.add("chunk", *chunk);
}

void add_model_keys(ConfigReader& config, ModelText& model, bool tied) {
  model.keys.add("d_model", config.size({"hidden_size", "d_model"}));
  model.keys.add("vocab", config.size({"vocab_size"}));
  model.keys.flag("tied_embedding",
                  config.flag({"tie_word_embeddings", "tie_embedding_weights", "tie_embeddings"}, tied),
                  true);
  add_data_type(config, model);
}

std::int64_t add_attention_heads(ConfigReader& config, KeyList& keys, std::int64_t hidden) {
  const std::int64_t heads = config.size({"num_attention_heads", "attention_num_heads"});
  keys.add("n_head", heads);
  keys.add("n_kv_head", config.size_or({"num_key_value_heads"}, heads, "as many as query heads"));
  const std::optional<std::int64_t> width = config.size_if({"head_dim", "attention_head_dim"});
  if (!width && hidden % heads != 0) {
    config.error(config.root(),
                 fmt::format("num_attention_heads: {} heads do not divide hidden_size, {}", heads, hidden));
  }
  if (!width) config.note_default("head_dim", fmt::format("{} (hidden_size / heads)", hidden / heads));
  keys.add("d_head", width.value_or(hidden / heads));
  return width.value_or(hidden / heads);
}

void add_rotation(ConfigReader& config, KeyList& keys, std::int64_t width, double usual) {
  constexpr std::string_view kKey = "partial_rotary_factor";
  std::optional<double> share = config.share_if({kKey});
  if (const YamlNode* section = config.map({"rope_parameters"}); !share && section != nullptr) {
    ConfigReader parameters = config.section(*section, "rope_parameters");
    share = parameters.share_if({kKey});
    config.take_notes(parameters);
  }
  if (!share && usual < 1.0) {
    config.note_default(kKey, fmt::format("{} (of the architecture, no key says so)", usual));
  }
  // As Hugging Face's code rounds it.
  const auto turned = static_cast<std::int64_t>(static_cast<double>(width) * share.value_or(usual));
  if (turned < width) keys.add("rotary_dim", turned);
}

LayerText mamba_layer(ConfigReader& config, std::int64_t hidden) {
  LayerText layer{.letter = 'M', .name = "mamba", .family = "mamba2", .keys = {}};
  const std::int64_t heads = config.size_or({"mamba_n_heads"}, 128);
  const std::int64_t expand = config.size_or({"mamba_expand"}, 2);
  const std::optional<std::int64_t> width = config.size_if({"mamba_d_head"});
  if (!width && expand * hidden % heads != 0) {
    config.error(config.root(), fmt::format("mamba_n_heads: {} heads do not divide mamba_expand x "
                                            "hidden_size, {}",
                                            heads, expand * hidden));
  }
  layer.keys.add("n_head", heads).add("d_head", width.value_or(expand * hidden / heads));
  layer.keys.add("d_state", config.size_or({"mamba_d_state"}, 256));
  layer.keys.add("n_group", config.size_or({"mamba_n_groups"}, 1));
  layer.keys.add("d_conv", config.size_or({"mamba_d_conv"}, 4));
  layer.keys.flag("conv_bias", config.flag({"mamba_conv_bias"}, true), true);
  layer.keys.flag("proj_bias", config.flag({"mamba_proj_bias"}, false), false);
  add_chunk(config, layer.keys, {"mamba_chunk_size"});
  return layer;
}

std::string mixer_letters(std::int64_t n_layer, const std::vector<std::int64_t>& attention) {
  std::string letters(static_cast<std::size_t>(n_layer), 'M');
  for (const std::int64_t position : attention) letters[static_cast<std::size_t>(position)] = '*';
  return letters;
}

std::string listed_letters(ConfigReader& config, Names names, std::span<const LayerWord> words,
                           std::string_view known) {
  std::string letters;
  for (const YamlNode* item : config.list(names)) {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&](const LayerWord& word) { return word.word == item->text; });
    if (found == words.end()) {
      config.error(*item, fmt::format("{}: '{}' is {}", *names.begin(), item->text, known));
    }
    letters += found == words.end() ? '?' : found->letter;
  }
  const auto told = letters.empty() ? std::nullopt : config.layers_if({"num_hidden_layers"});
  if (told && static_cast<std::size_t>(*told) != letters.size()) {
    config.error(*config.find(names), fmt::format("{}: {} of them, where num_hidden_layers is {}",
                                                  *names.begin(), letters.size(), *told));
  }
  return letters;
}

void add_activation(ConfigReader& config, KeyList& keys, Names names, std::string_view usual) {
  constexpr std::array kGated{WordPair{"silu", "swiglu"}, WordPair{"swish", "swiglu"},
                              WordPair{"gelu", "geglu"}, WordPair{"relu2", "relu2"}};
  const YamlNode* node = config.find(names);
  if (node == nullptr) config.note_default(*names.begin(), std::string{usual});
  const std::string_view theirs = node == nullptr ? usual : std::string_view{node->text};
  const std::string_view ours = ours_of(kGated, theirs);
  if (ours.empty()) {
    config.error(*node, fmt::format("{}: no activation '{}' is modelled", *names.begin(), theirs));
  } else {
    keys.add("activation", ours);
  }
}

}  // namespace fusescape
