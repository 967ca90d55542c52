// What does the importer make of a configuration, and what does it say of one that it cannot take?
#include "fusescape/import/import.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "loaded.hpp"

namespace fusescape::import_test {
namespace {

std::string error_of(const std::string& text) {
  const Loaded<ImportedModel> imported = import_config("c.json", text);
  return imported ? "" : imported.error().text;
}

/// Sizes that make a small llama; `more` are further members, with a comma before each.
std::string small_llama(const std::string& more) {
  return R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128,
 "num_attention_heads": 4, "vocab_size": 100)" +
         more + "}";
}

bool names(const std::vector<std::string>& notes, const std::string& note) {
  return std::find(notes.begin(), notes.end(), note) != notes.end();
}

TEST_CASE("A fault of the JSON is told with its place and a caret") {
  CHECK(error_of("{\"a\": 1,\n \"b\": ]}") ==
        "c.json:2:7: error: not JSON: syntax error while parsing value - unexpected ']'; expected '[', '{', "
        "or a "
        "literal\n   \"b\": ]}\n        ^\n");
  CHECK(error_of("").find("c.json:1:1: error: not JSON") == 0);
  CHECK(error_of("{\"a\": 1, \"a\": 2}").find("c.json:1:10: error: key 'a' is given twice") == 0);
  CHECK(error_of(std::string(100, '[')).find("values nest deeper than 64") != std::string::npos);
  CHECK(error_of("[1]").find("c.json:1:1: error: expected an object") == 0);
  CHECK(error_of("{\"a\": Infinit}").find("c.json:1:") == 0);
}

TEST_CASE("Literals that JSON lacks are read outside of strings, and keep what follows in its place") {
  const ImportedModel imported =
      value_of(import_config("c.json", small_llama(R"(, "x": [Infinity, -Infinity, NaN], "y": "NaN")")));
  CHECK(names(imported.ignored, "x"));
  CHECK(error_of("{\"x\": -Infinity, \"model_type\": \"lama\"}") ==
        "c.json:1:32: error: model_type: no architecture 'lama'; did you mean 'llama'?\n"
        "  {\"x\": -Infinity, \"model_type\": \"lama\"}\n"
        "                                 ^\n");
}

TEST_CASE("An architecture that is known and not modelled says why") {
  CHECK(error_of("{\"model_type\": \"qwen3_next\"}")
            .find("c.json:1:16: error: model_type: qwen3_next is not modelled: its") == 0);
}

TEST_CASE("The part for text of a larger configuration is what is read") {
  const std::string nested = R"({"model_type": "some_vision", "text_config": )" + small_llama("") + "}";
  const ImportedModel outer = value_of(import_config("c.json", nested));
  const ImportedModel inner = value_of(import_config("c.json", small_llama("")));
  CHECK(outer.model.whole.params == inner.model.whole.params);
}

TEST_CASE("What is read, defaulted and ignored is told") {
  const ImportedModel imported =
      value_of(import_config("c.json", small_llama(R"(, "num_key_value_heads": 2, "rope_theta": 1e4)")));
  CHECK(names(imported.read, "num_key_value_heads = 2"));
  CHECK(names(imported.defaulted, "head_dim = 16 (hidden_size / heads)"));
  CHECK(imported.ignored == std::vector<std::string>{"rope_theta"});
}

TEST_CASE("Both spellings of a pattern, and the names that transformers 5 writes, are one model") {
  const auto nemotron = [](const std::string& layers) {
    return R"({"model_type": "nemotron_h", "hidden_size": 64, "vocab_size": 100, "mamba_num_heads": 4,
 "mamba_head_dim": 32, "ssm_state_size": 16, "n_groups": 2, "intermediate_size": 96, "num_attention_heads": 4,
 "num_key_value_heads": 2, )" +
           layers + "}";
  };
  const ImportedModel pattern =
      value_of(import_config("c.json", nemotron(R"("hybrid_override_pattern": "M-*M")")));
  for (const char* list :
       {R"("layers_block_type": ["mamba", "mlp", "attention", "mamba"])",
        R"("layers_block_type": ["linear_attention", "mlp", "full_attention", "mamba"])"}) {
    const ImportedModel listed = value_of(import_config("c.json", nemotron(list)));
    CHECK(listed.model.order == pattern.model.order);
    CHECK(listed.model.whole.params == pattern.model.whole.params);
  }
  CHECK(pattern.model.order == std::vector<LayerRun>{{0, 1}, {2, 1}, {1, 1}, {0, 1}});
}

TEST_CASE("The tokens of a chunk are the configuration's, whatever a dialect calls them") {
  for (
      const char* text :
      {R"({"model_type": "mamba2", "hidden_size": 64, "num_hidden_layers": 1, "vocab_size": 100, "num_heads": 4,
            "head_dim": 32, "n_groups": 2, "chunk_size": 96})",
       R"({"d_model": 64, "n_layer": 1, "ssm_cfg": {"layer": "Mamba2", "chunk_size": 96}})",
       R"({"model_type": "nemotron_h", "hidden_size": 64, "vocab_size": 100, "mamba_num_heads": 4,
            "mamba_head_dim": 32, "ssm_state_size": 16, "n_groups": 2, "chunk_size": 96,
            "hybrid_override_pattern": "M"})",
       R"({"model_type": "bamba", "hidden_size": 64, "num_hidden_layers": 1, "vocab_size": 100,
            "mamba_n_heads": 4, "intermediate_size": 96, "num_attention_heads": 4, "mamba_chunk_size": 96})",
       R"({"model_type": "falcon_h1", "hidden_size": 64, "num_hidden_layers": 1, "vocab_size": 100,
            "mamba_n_heads": 4, "mamba_d_ssm": 128, "intermediate_size": 96, "num_attention_heads": 4,
            "mamba_chunk_size": 96})",
       R"({"model_type": "zamba2", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100,
            "n_mamba_heads": 4, "num_attention_heads": 4, "layers_block_type": ["mamba", "hybrid"],
            "chunk_size": 96})"}) {
    CAPTURE(text);
    CHECK(value_of(import_config("c.json", text)).yaml.find("chunk: 96") != std::string::npos);
  }
}

TEST_CASE("The type of a model's states is that of its cache, and no other word is taken for one") {
  const auto nemotron = [](const char* type) {
    return R"({"model_type": "nemotron_h", "hidden_size": 64, "vocab_size": 100, "mamba_num_heads": 4,
 "mamba_head_dim": 32, "ssm_state_size": 16, "n_groups": 2, "hybrid_override_pattern": "M",
 "torch_dtype": "bfloat16", "mamba_ssm_cache_dtype": ")" +
           std::string{type} + "\"}";
  };
  const ImportedModel imported = value_of(import_config("c.json", nemotron("float32")));
  CHECK(imported.yaml.find("state_dtype: fp32") != std::string::npos);
  CHECK(error_of(nemotron("float31")).find("mamba_ssm_cache_dtype: 'float31' is none of") !=
        std::string::npos);
}

TEST_CASE("A sliding window that is not modelled is told, unless it is off") {
  const std::string note = "attention = over all tokens (a sliding window is not modelled)";
  const auto notes = [](const std::string& more) {
    return value_of(import_config("c.json", small_llama(more))).defaulted;
  };
  CHECK(names(notes(R"(, "sliding_window": 4096)"), note));
  CHECK_FALSE(names(notes(R"(, "sliding_window": null)"), note));
  CHECK_FALSE(names(notes(R"(, "sliding_window": 4096, "use_sliding_window": false)"), note));
}

TEST_CASE("All faults of the values are told at once, each at its place") {
  const std::string text = error_of(
      "{\"model_type\": \"opt\",\n \"hidden_size\": \"64\",\n \"num_hidden_layers\": 0,\n \"ffn_dim\": 1.5,\n"
      " \"num_attention_heads\": 4,\n \"vocab_size\": 100,\n \"do_layer_norm_before\": false}");
  CHECK(text.find("c.json:2:17: error: hidden_size: expected a whole number") != std::string::npos);
  CHECK(text.find("c.json:3:23: error: num_hidden_layers: expected a whole number") != std::string::npos);
  CHECK(text.find("c.json:4:13: error: ffn_dim: expected a whole number") != std::string::npos);
  CHECK(text.find("c.json:1:1: error: missing key 'max_position_embeddings'") != std::string::npos);
  CHECK(text.find("c.json:7:26: error: do_layer_norm_before: only true is modelled") != std::string::npos);
}

TEST_CASE("A known model_type says the dialect, whatever keys are there") {
  // state-spaces/mamba-130m-hf has both names of each size, and a state of its own here.
  const ImportedModel mamba = value_of(import_config(
      "c.json",
      R"({"model_type": "mamba", "d_model": 64, "n_layer": 2, "hidden_size": 64, "num_hidden_layers": 2,
 "vocab_size": 100, "state_size": 8, "intermediate_size": 192, "conv_kernel": 3})"));
  CHECK(mamba.yaml.find("d_inner: 192\nd_state: 8\nd_conv: 3\n") != std::string::npos);
  CHECK(error_of(R"({"model_type": "distilbert", "dim": 64, "n_layers": 2, "vocab_size": 100})")
            .find("c.json:1:16: error: model_type: no architecture 'distilbert'") == 0);
  CHECK(error_of(R"({"model_type": "xlnet", "d_model": 64, "n_layer": 2, "vocab_size": 100})")
            .find("c.json:1:16: error: model_type: no architecture 'xlnet'") == 0);
  CHECK(error_of(R"({"model_type": ["llama"]})").find("c.json:1:16: error: model_type: expected a string") ==
        0);
}

TEST_CASE("A params.json of a transformer is no Codestral Mamba") {
  const std::string text = error_of(
      R"({"dim": 64, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "hidden_dim": 128, "vocab_size": 100})");
  CHECK(text.find("c.json:1:39: error: n_heads: Codestral Mamba has none") == 0);
  CHECK(text.find("error: hidden_dim: Codestral Mamba has none") != std::string::npos);
}

TEST_CASE("The MLP of mamba_ssm is as wide as a multiple of 128, and that is told") {
  const auto with_width = [](int width) {
    return value_of(
        import_config("c.json", R"({"d_model": 64, "n_layer": 1, "vocab_size": 100, "d_intermediate": )" +
                                    std::to_string(width) + "}"));
  };
  CHECK(with_width(300).yaml == with_width(384).yaml);
  CHECK(with_width(384).yaml.find("d_ff: 384") != std::string::npos);
  CHECK(names(with_width(300).defaulted, "d_ff = 384 (d_intermediate, up to a multiple of 128)"));
  CHECK(with_width(385).yaml.find("d_ff: 512") != std::string::npos);
}

/// A hybrid of four layers, but for `more`.
std::string hybrid(const std::string& type, const std::string& more) {
  return R"({"model_type": ")" + type +
         R"(", "hidden_size": 64, "num_hidden_layers": 4, "vocab_size": 100, "num_attention_heads": 4,
 "intermediate_size": 128, "num_local_experts": 0, "shared_intermediate_size": 128, "mamba_n_heads": 4)" +
         more + "}";
}

TEST_CASE("Positions of layers that there are not are refused at their place") {
  CHECK(error_of(hybrid("bamba", ",\n\"attn_layer_indices\": [3]")).empty());
  CHECK(error_of(hybrid("bamba", ",\n\"attn_layer_indices\": [1, 4]"))
            .find("c.json:3:27: error: attn_layer_indices: there is no layer 4, the last of 4 is 3") == 0);
  CHECK(error_of(hybrid("jamba", ",\n\"attn_layer_period\": 2, \"attn_layer_offset\": 1")).empty());
  CHECK(error_of(hybrid("jamba", ",\n\"attn_layer_period\": 2, \"attn_layer_offset\": 2"))
            .find("c.json:3:46: error: attn_layer_offset: 2 is not below attn_layer_period, 2") == 0);
  CHECK(error_of(hybrid("jamba", ",\n\"attn_layer_period\": 4"))
            .find("c.json:3:22: error: attn_layer_offset: 4 is not below attn_layer_period, 4") == 0);
  CHECK(error_of(hybrid("granitemoehybrid", R"(, "layer_types": ["mamba", "mamba", "attention", "mamba"])"))
            .empty());
  CHECK(error_of(hybrid("granitemoehybrid", ",\n\"layer_types\": [\"mamba\", \"attention\"]"))
            .find("c.json:3:16: error: layer_types: 2 of them, where num_hidden_layers is 4") == 0);
  CHECK(error_of(R"({"d_model": 64, "n_layer": 2, "attn_layer_idx": [2], "attn_cfg": {"num_heads": 4}})")
            .find("c.json:1:50: error: attn_layer_idx: there is no layer 2") == 0);
}

TEST_CASE("Falcon-H1's mamba_d_ssm wins over mamba_expand, and its multipliers mean nothing") {
  const std::string sizes = R"(, "mamba_d_head": 8, "mamba_rms_norm": true)";
  const ImportedModel imported = value_of(
      import_config("c.json", hybrid("falcon_h1", sizes + R"(, "mamba_d_ssm": 32, "key_multiplier": 0.5)")));
  CHECK(imported.yaml.find(
            "family: parallel, attention: {n_head: 4, n_kv_head: 4, d_head: 16}, mamba: {n_head: 4, "
            "d_head: 8, d_state: 256, n_group: 1, d_conv: 4, norm_before_gate: true}}") != std::string::npos);
  CHECK(imported.yaml.find("order: \"P-P-P-P-\"") != std::string::npos);
  CHECK(names(imported.ignored, "key_multiplier"));
  CHECK(error_of(hybrid("falcon_h1", sizes + R"(, "mamba_d_ssm": 40)"))
            .find("c.json:1:1: error: mamba_n_heads: 4 heads of 8 are not the 40 of mamba_d_ssm") == 0);
  // Without a width of its own it is mamba_expand x hidden_size, which 4 heads of 8 are not.
  CHECK(error_of(hybrid("falcon_h1", sizes + R"(, "mamba_d_ssm": null)")).find("are not the 128") !=
        std::string::npos);
  CHECK(error_of(hybrid("falcon_h1", sizes + R"(, "mamba_d_ssm": 32, "projectors_bias": true)"))
            .find("error: projectors_bias: only false is modelled") != std::string::npos);
}

TEST_CASE("Zamba2's hybrid layers run a shared block before Mamba-2, under names of old and new dialects") {
  const auto zamba = [](const std::string& more) {
    return R"({"model_type": "zamba2", "hidden_size": 64, "vocab_size": 100, "num_attention_heads": 4)" +
           more + "}";
  };
  const std::string layers =
      R"(, "num_mem_blocks": 2, "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"])";
  const ImportedModel now = value_of(import_config(
      "c.json",
      zamba(layers + R"(, "mamba_d_state": 8, "adapter_rank": 3, "use_shared_attention_adapter": true)")));
  CHECK(now.yaml.find("order: \"MSHMSH\"") != std::string::npos);
  CHECK(now.yaml.find("n_head: 4, d_ff: 256, activation: geglu, adapter_rank: 3, attention_adapters: true, "
                      "shared: 2}") != std::string::npos);
  CHECK(names(now.defaulted, "intermediate_size = 256 (4 x hidden_size)"));
  const ImportedModel old = value_of(import_config(
      "c.json",
      zamba(layers +
            R"(, "state_size": 8, "lora_rank": 3, "use_shared_attention_lora": true, "mamba_headdim": 16)")));
  CHECK(old.model.whole.params == now.model.whole.params);
  CHECK(error_of(zamba(R"(, "num_hidden_layers": 4)"))
            .find("error: num_hidden_layers: 4, and no layers_block_type says which are hybrid") !=
        std::string::npos);
  CHECK(error_of(zamba(layers + R"(, "num_key_value_heads": 2)"))
            .find("error: num_key_value_heads: only as many as query heads") != std::string::npos);
  CHECK(error_of(zamba(R"(, "layers_block_type": ["mamba", "attn"])"))
            .find("error: layers_block_type: 'attn' is neither mamba nor hybrid") != std::string::npos);
}

TEST_CASE("A partial rotary factor says how many channels of a head are turned") {
  const auto turned = [](const std::string& more) {
    const ImportedModel imported = value_of(import_config("c.json", small_llama(more)));
    const std::size_t at = imported.yaml.find("rotary_dim: ");
    return at == std::string::npos ? std::string{} : imported.yaml.substr(at + 12, 1);
  };
  // Heads of 16 channels.
  CHECK(turned("").empty());
  CHECK(turned(R"(, "partial_rotary_factor": 1.0)").empty());
  CHECK(turned(R"(, "partial_rotary_factor": 0.5)") == "8");
  CHECK(turned(R"(, "rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.25})") == "4");
  CHECK(error_of(small_llama(",\n\"partial_rotary_factor\": 0"))
            .find("error: partial_rotary_factor: expected a number above 0, at most 1, got 0") !=
        std::string::npos);
  CHECK(error_of(small_llama(R"(, "partial_rotary_factor": 0.1)")).find("rotary_dim: RoPE turns pairs") !=
        std::string::npos);
  const ImportedModel bamba =
      value_of(import_config("c.json", hybrid("bamba", R"(, "attn_layer_indices": [1])")));
  CHECK(bamba.yaml.find("rotary_dim: 8") != std::string::npos);
  CHECK(names(bamba.defaulted, "partial_rotary_factor = 0.5 (of the architecture, no key says so)"));
}

TEST_CASE("Keys of sections are read or ignored with the section's name") {
  const ImportedModel imported = value_of(import_config(
      "c.json", R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {"layer": "Mamba1", "d_stat": 8, "d_conv": 3},
 "attn_layer_idx": [1], "attn_cfg": {"num_heads": 4, "causal": true}, "fused_add_norm": true})"));
  CHECK(names(imported.read, "ssm_cfg.d_conv = 3"));
  CHECK(names(imported.read, "attn_cfg.num_heads = 4"));
  CHECK(names(imported.defaulted, "ssm_cfg.d_state = 16"));
  CHECK(imported.ignored == std::vector<std::string>{"fused_add_norm", "ssm_cfg.d_stat", "attn_cfg.causal"});
  CHECK(error_of(R"({"d_model": 64, "n_layer": 2, "ssm_cfg": {"d_conv": 0}})")
            .find("c.json:1:53: error: ssm_cfg.d_conv: expected a whole number") == 0);
}

TEST_CASE("There are at most a million layers, as in model files") {
  for (const char* type : {"bamba", "jamba", "llama", "mamba", "granitemoehybrid"}) {
    const std::string text =
        std::string{R"({"model_type": ")"} + type + R"(", "num_hidden_layers": 1000001})";
    CHECK(error_of(text).find("num_hidden_layers: expected a whole number from 1 to 1000000, got 1000001") !=
          std::string::npos);
  }
}

TEST_CASE("A byte order mark changes neither values nor places") {
  const std::string mark = "\xEF\xBB\xBF";
  CHECK(value_of(import_config("c.json", mark + small_llama(""))).yaml ==
        value_of(import_config("c.json", small_llama(""))).yaml);
  for (const char* faulty : {R"({"a": 1, "a": 2})", R"({"a": ])", R"({"model_type": "lama"})", ""})
    CHECK(error_of(mark + faulty) == error_of(faulty));
}

TEST_CASE("A fault is told once, however often its key is read") {
  std::string text = error_of(R"({"model_type": "jamba", "hidden_size": 0, "num_hidden_layers": 2,
 "vocab_size": 100, "num_attention_heads": 1, "intermediate_size": "8"})");
  for (const std::string fault : {"error: hidden_size:", "error: intermediate_size:"}) {
    const std::size_t first = text.find(fault);
    REQUIRE(first != std::string::npos);
    CHECK(text.find(fault, first + 1) == std::string::npos);
  }
}

TEST_CASE("What stands in for a faulty number of layers or period makes no other fault") {
  CHECK(error_of(hybrid("jamba", R"(, "attn_layer_period": 0)")).find("attn_layer_offset") ==
        std::string::npos);
  const std::string text = error_of(
      R"({"model_type": "bamba", "hidden_size": 64, "num_hidden_layers": 0, "vocab_size": 100, "mamba_n_heads": 4,
 "num_attention_heads": 4, "intermediate_size": 128, "attn_layer_indices": [0, 7]})");
  CHECK(text.find("c.json:1:65: error: num_hidden_layers: expected a whole number") == 0);
  CHECK(text.find("attn_layer_indices: there") == std::string::npos);
}

TEST_CASE("A name that YAML would read as something else is quoted") {
  CHECK(value_of(import_config("c.json", small_llama(""), "null")).yaml.find("name: \"null\"\n") !=
        std::string::npos);
  CHECK(error_of(small_llama(R"(, "_name_or_path": "org/a: b")")).empty());
  CHECK_FALSE(import_config("c.json", small_llama(""), "a: b\nfamily: opt"));
}

}  // namespace
}  // namespace fusescape::import_test
