// Which dialects of config.json are there, and what does each say? A row here, a function in a file.
#pragma once

#include <span>

#include "config_reader.hpp"
#include "model_text.hpp"

namespace fusescape {

/// Fills the model from a configuration. Faults go to `diags`, which are the reader's, too.
using DialectReader = void (*)(ConfigReader& config, ModelText& model, Diagnostics& diags);

// src/import/mamba.cpp
void read_mamba_ssm(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_codestral(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_mamba(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_falcon_mamba(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_mamba2(ConfigReader& config, ModelText& model, Diagnostics& diags);
// src/import/transformers.cpp
void read_opt(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_llama(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_qwen2(ConfigReader& config, ModelText& model, Diagnostics& diags);
// src/import/hybrids.cpp
void read_jamba(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_bamba(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_granite_hybrid(ConfigReader& config, ModelText& model, Diagnostics& diags);
void read_falcon_h1(ConfigReader& config, ModelText& model, Diagnostics& diags);
// src/import/zamba2.cpp
void read_zamba2(ConfigReader& config, ModelText& model, Diagnostics& diags);
// src/import/nemotron.cpp
void read_nemotron_h(ConfigReader& config, ModelText& model, Diagnostics& diags);

// What several dialects share (src/import/shared_keys.cpp).

/// hidden_size, vocab_size, tie_word_embeddings and the data type; `tied` is what an absent key means.
void add_model_keys(ConfigReader& config, ModelText& model, bool tied);
/// Of "torch_dtype" or "dtype": fp32, fp16 or bf16.
void add_data_type(ConfigReader& config, ModelText& model);
/// Of "mamba_ssm_cache_dtype", likewise, if it is there.
void add_state_type(ConfigReader& config, ModelText& model);
/// Tokens of a chunk, if a key says so: what a chunked form of the layer takes.
void add_chunk(ConfigReader& config, KeyList& keys, Names names);
/// num_attention_heads, num_key_value_heads, head_dim; `hidden` gives the width of a head if no key does.
/// Returns that width.
std::int64_t add_attention_heads(ConfigReader& config, KeyList& keys, std::int64_t hidden);
/// How many of a head's `width` channels RoPE turns, if not all: partial_rotary_factor, or else `usual`.
void add_rotation(ConfigReader& config, KeyList& keys, std::int64_t width, double usual);
/// Mamba-2 layers under the names mamba_n_heads, mamba_d_head, ...
[[nodiscard]] LayerText mamba_layer(ConfigReader& config, std::int64_t hidden);
/// A letter per layer: '*' at the positions of attention, which are below `n_layer`, and 'M' elsewhere.
[[nodiscard]] std::string mixer_letters(std::int64_t n_layer, const std::vector<std::int64_t>& attention);
/// A word that a list of layers has for one kind of them.
struct LayerWord {
  std::string_view word;
  char letter;
};
/// A letter per layer, of a list of words that is as long as num_hidden_layers says, if it does. Empty if
/// there is no list. `known` is what the words are, for people.
[[nodiscard]] std::string listed_letters(ConfigReader& config, Names names, std::span<const LayerWord> words,
                                         std::string_view known);
/// `hidden_act` and the like as one of our activations: "swiglu" of silu.
void add_activation(ConfigReader& config, KeyList& keys, Names names, std::string_view usual);

}  // namespace fusescape
