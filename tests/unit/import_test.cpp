// What does the importer make of a configuration, and what does it say of one that it cannot take?
#include "fusescape/import/import.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "loaded.hpp"

namespace fusescape {
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
  CHECK(error_of("{\"model_type\": \"zamba2\"}")
            .find("c.json:1:16: error: model_type: zamba2 is not modelled: its") == 0);
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

}  // namespace
}  // namespace fusescape
