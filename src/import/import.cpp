#include "fusescape/import/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include "dialects.hpp"
#include "fusescape/config/name.hpp"
#include "fusescape/import/json_text.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/suggestion.hpp"

namespace fusescape {
namespace {

struct Dialect {
  std::string_view architecture;  ///< The word of `model_type`.
  DialectReader read;
};
constexpr std::array kDialects{Dialect{"mamba", read_mamba},
                               Dialect{"falcon_mamba", read_falcon_mamba},
                               Dialect{"mamba2", read_mamba2},
                               Dialect{"nemotron_h", read_nemotron_h},
                               Dialect{"jamba", read_jamba},
                               Dialect{"bamba", read_bamba},
                               Dialect{"granitemoehybrid", read_granite_hybrid},
                               Dialect{"opt", read_opt},
                               Dialect{"llama", read_llama},
                               Dialect{"mistral", read_llama},
                               Dialect{"qwen2", read_qwen2}};
/// Configurations without `model_type`, which two keys tell apart; Codestral's may say "mamba".
constexpr Dialect kMambaSsm{"mamba_ssm", read_mamba_ssm};
constexpr Dialect kCodestral{"codestral", read_codestral};

/// Architectures that people will try, and why they are refused.
struct NotModelled {
  std::string_view architecture;
  std::string_view why;
};
constexpr std::array kNotModelled{
    NotModelled{"falcon_h1", "attention and Mamba-2 run side by side on one normed input"},
    NotModelled{"zamba2", "its shared blocks read the embedding beside the hidden state"},
    NotModelled{"qwen3_next", "its gated delta rule is no element-wise recurrence"},
    NotModelled{"qwen3_5", "its gated delta rule is no element-wise recurrence"},
    NotModelled{"kimi_linear", "its delta rule is no element-wise recurrence"},
    NotModelled{"rwkv7", "its state update is no element-wise recurrence"}};

InputError bad_config(const Diagnostics& diags) {
  std::ostringstream out;
  out << diags;
  return {InputError::Cause::kBadFile, out.str(), {}};
}

/// The map that describes the language model.
const YamlNode* text_part(const YamlNode& root, Diagnostics& diags) {
  if (root.kind != YamlKind::kMap) {
    diags.error(root.pos, "expected an object, the configuration of a model");
    return nullptr;
  }
  for (const std::string_view nested : {"text_config", "llm_config", "language_config"}) {
    const YamlNode* part = find_value(root, nested);
    if (part != nullptr && part->kind == YamlKind::kMap) return part;
  }
  return &root;
}

/// Null, and an error at the place of the word, if there is no such architecture.
const Dialect* dialect_named(const YamlNode* type, Diagnostics& diags) {
  const auto found = std::find_if(kDialects.begin(), kDialects.end(),
                                  [&](const Dialect& dialect) { return dialect.architecture == type->text; });
  if (found != kDialects.end()) return &*found;
  for (const NotModelled& known : kNotModelled) {
    if (known.architecture != type->text) continue;
    diags.error(type->pos, fmt::format("model_type: {} is not modelled: {}", known.architecture, known.why));
    return nullptr;
  }
  std::string hint = did_you_mean(type->text, imported_architectures());
  if (hint.empty()) hint = fmt::format("; there are {}", fmt::join(imported_architectures(), ", "));
  diags.error(type->pos, printable(fmt::format("model_type: no architecture '{}'{}", type->text, hint)));
  return nullptr;
}

/// Of what `model_type` says, in the part or else in the whole; where neither does, of the keys.
const Dialect* dialect_of(const YamlNode& part, const YamlNode& root, Diagnostics& diags) {
  ConfigReader keys{part, diags};
  ConfigReader whole{root, diags};
  ConfigReader& typed = keys.has({"model_type"}) ? keys : whole;
  const bool codestral = keys.has({"dim"}) && keys.has({"n_layers"}) && !keys.has({"hidden_size", "d_model"});
  if (const YamlNode* type = typed.find({"model_type"})) {
    const std::string word = typed.word({"model_type"}, "");
    if (!diags.ok()) return nullptr;
    return codestral && word == "mamba" ? &kCodestral : dialect_named(type, diags);
  }
  if (codestral) return &kCodestral;
  if (keys.has({"d_model"}) && keys.has({"n_layer"})) return &kMambaSsm;
  diags.error(part.pos, "names no architecture: neither 'model_type', nor d_model and n_layer of mamba_ssm");
  return nullptr;
}

/// What may stand in a model file as its name, of what a user or a configuration calls it.
std::string fit_name(std::string_view called) {
  std::string name;
  for (const char c : called.substr(called.find_last_of('/') + 1).substr(0, kLongestName)) {
    name += is_name_character(c) ? c : '-';
  }
  return name;
}

std::string name_for(const YamlNode& root, const std::string& asked, std::string_view architecture) {
  if (!asked.empty()) return asked;
  const YamlNode* path = find_value(root, "_name_or_path");
  const std::string name = path == nullptr ? "" : fit_name(path->text);
  return name.empty() ? std::string{architecture} : name;
}

/// The model that the text is, or its faults at the place of the configuration.
Loaded<Model> bound_model(const std::string& yaml, Diagnostics& diags) {
  Loaded<InputFile> input = parse_input("model", yaml);
  if (!input) {
    diags.error({}, "makes no model file:\n" + input.error().text);
    return unexpected<InputError>{bad_config(diags)};
  }
  Loaded<Model> model = bind_model(*input);
  if (model) return model;
  std::istringstream lines{model.error().text};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find("error: ");
    if (at != std::string::npos) diags.error({}, "makes no model: " + line.substr(at + 7));
  }
  return unexpected<InputError>{bad_config(diags)};
}

}  // namespace

std::vector<std::string_view> imported_architectures() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kDialects));
  for (const Dialect& dialect : kDialects) names.push_back(dialect.architecture);
  return names;
}

Loaded<ImportedModel> import_config(const std::string& file, std::string text, const std::string& name) {
  Diagnostics diags{file, std::move(text)};
  const std::optional<YamlNode> root = parse_json(diags);
  const YamlNode* part = root ? text_part(*root, diags) : nullptr;
  const Dialect* dialect = part == nullptr ? nullptr : dialect_of(*part, *root, diags);
  if (dialect == nullptr) return unexpected<InputError>{bad_config(diags)};
  ConfigReader config{*part, diags};
  static_cast<void>(config.find({"model_type"}));
  ModelText model;
  dialect->read(config, model, diags);
  if (!diags.ok()) return unexpected<InputError>{bad_config(diags)};
  ImportedModel made{
      .yaml = yaml_of(model, name_for(*root, name, dialect->architecture),
                      fmt::format("imported from {}, a configuration of {}",
                                  std::filesystem::path{file}.filename().string(), dialect->architecture)),
      .model = {},
      .read = config.read(),
      .defaulted = config.defaulted(),
      .ignored = config.ignored()};
  Loaded<Model> bound = bound_model(made.yaml, diags);
  if (!bound) return unexpected<InputError>{std::move(bound.error())};
  made.model = std::move(*bound);
  return made;
}

}  // namespace fusescape
