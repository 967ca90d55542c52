// How do the reader's tables look as a JSON Schema?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/formats.hpp"

namespace fusescape {
namespace {

using Json = nlohmann::ordered_json;

class SchemaWriter {
  using Form = TypeSpec::Form;

 public:
  explicit SchemaWriter(FileKind kind) : kind_{kind} {}

  [[nodiscard]] std::string write() {
    Json root{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", fmt::format("fusescape {}", name_of(kind_))}};
    const auto tables = tables_of(kind_);
    if (tables.size() == 1) {
      root.update(object(*tables.front()));
    } else {
      for (const SectionSpec* table : tables) root["oneOf"].push_back(family(*table));
    }
    if (!definitions_.empty()) root["$defs"] = definitions_;
    return root.dump(2) + "\n";
  }

 private:
  [[nodiscard]] Json object(const SectionSpec& section) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const FieldSpec& field : section.fields) {
      Json property = value(*field.type);
      if (field.key == "kind") property = Json{{"const", name_of(kind_)}};
      if (field.key == "version") property = Json{{"const", 1}};
      property["description"] = field.required ? std::string{field.doc}
                                               : fmt::format("{} If absent: {}.", field.doc, field.fallback);
      properties[std::string{field.key}] = std::move(property);
      if (field.required) required.push_back(field.key);
    }
    Json out{{"type", "object"}, {"description", section.doc}, {"properties", std::move(properties)}};
    if (!required.empty()) out["required"] = std::move(required);
    out["additionalProperties"] = section.open;
    return out;
  }

  /// A table that files choose by their `family`.
  [[nodiscard]] Json family(const SectionSpec& section) {
    Json out = object(section);
    out["properties"]["family"] = Json{{"const", section.name}};
    return out;
  }

  [[nodiscard]] Json reference(const SectionSpec& section) {
    const std::string name{section.name};
    if (!definitions_.contains(name)) {
      definitions_[name] = Json::object();  // Taken before its own keys can refer to it again.
      Json made = object(section);
      definitions_[name] = std::move(made);
    }
    return Json{{"$ref", "#/$defs/" + escaped(name)}};
  }

  /// A blank in a fragment is written %20.
  static std::string escaped(const std::string& name) {
    std::string out;
    for (const char c : name) out += c == ' ' ? std::string{"%20"} : std::string{c};
    return out;
  }

  static Json quantity(const TypeSpec& type) {
    std::vector<std::string_view> units;
    for (const Unit& unit : type.units) units.push_back(unit.name);
    std::string pattern = fmt::format("[0-9]+([.][0-9]+)? *({})", fmt::join(units, "|"));
    if (!type.words.empty()) pattern += fmt::format("|{}", fmt::join(type.words, "|"));
    return Json{
        {"type", "string"}, {"pattern", fmt::format("^({})$", pattern)}, {"examples", {type.example}}};
  }

  [[nodiscard]] Json value(const TypeSpec& type) {
    switch (type.form) {
      case Form::kText:
        return Json{{"type", "string"}};
      case Form::kWord:
        return Json{{"enum", std::vector<std::string_view>(type.words.begin(), type.words.end())}};
      case Form::kBoolean:
        return Json{{"type", "boolean"}};
      case Form::kInteger:
        return Json{{"type", "integer"}, {"minimum", type.min}};
      case Form::kNumber:
        return Json{{"type", "number"}, {"minimum", 0}};
      case Form::kQuantity:
        return quantity(type);
      case Form::kList:
        return Json{{"type", "array"}, {"items", value(*type.item)}};
      case Form::kMap:
        return Json{{"type", "object"}, {"additionalProperties", value(*type.item)}};
      case Form::kSection:
        return reference(*type.section);
      case Form::kNode:
        return Json{{"oneOf", {Json{{"type", "string"}}, reference(*type.section)}}};
      case Form::kListOrSection:
        return Json{
            {"oneOf", {Json{{"type", "array"}, {"items", value(*type.item)}}, reference(*type.section)}}};
      case Form::kAny:
        return Json{{"type", {"string", "number", "boolean"}}};
    }
    return Json::object();
  }

  FileKind kind_;
  Json definitions_ = Json::object();
};

}  // namespace

std::string json_schema(FileKind kind) {
  return SchemaWriter{kind}.write();
}

}  // namespace fusescape
