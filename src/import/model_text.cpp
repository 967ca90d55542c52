#include "model_text.hpp"

#include <fmt/format.h>

#include "fusescape/support/yaml_scalar.hpp"

namespace fusescape {

KeyList& KeyList::add(std::string_view key, std::int64_t value) {
  keys_.emplace_back(key, std::to_string(value));
  return *this;
}

KeyList& KeyList::add(std::string_view key, std::string_view value) {
  keys_.emplace_back(key, value);
  return *this;
}

KeyList& KeyList::add(std::string_view key, const KeyList& section) {
  std::string text;
  for (const auto& [inner, value] : section.keys_) {
    text += fmt::format("{}{}: {}", text.empty() ? "{" : ", ", inner, value);
  }
  return add(key, std::string_view{text + "}"});
}

KeyList& KeyList::flag(std::string_view key, bool value, bool usual) {
  return value == usual ? *this : add(key, std::string_view{value ? "true" : "false"});
}

std::string yaml_of(const ModelText& model, std::string_view name, std::string_view source) {
  std::string out = fmt::format("kind: model\nversion: 1\nfamily: {}\nname: {}\nsource: {}\n", model.family,
                                yaml_scalar(name), yaml_scalar(source));
  for (const auto& [key, value] : model.keys.all()) out += fmt::format("{}: {}\n", key, value);
  if (model.layers.empty()) return out;
  out += "layers:\n";
  for (const LayerText& layer : model.layers) {
    if (model.order.find(layer.letter) == std::string::npos) continue;
    out += fmt::format("  - {{letter: \"{}\", name: {}, family: {}", layer.letter, layer.name, layer.family);
    for (const auto& [key, value] : layer.keys.all()) out += fmt::format(", {}: {}", key, value);
    out += "}\n";
  }
  return out + fmt::format("order: \"{}\"\n", model.order);
}

}  // namespace fusescape
