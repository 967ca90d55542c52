// How do the reader's tables look as a page for people?
#include "fusescape/config/formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "fusescape/config/binding.hpp"

namespace fusescape {
namespace {

std::string code(std::string_view text) {
  return fmt::format("`{}`", text);
}

std::string words_of(const TypeSpec& type) {
  std::vector<std::string> words;
  for (const std::string_view word : type.words) words.push_back(code(word));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string describe(const TypeSpec& type) {
  switch (type.form) {
    case TypeSpec::Form::kWord:
      return "one of " + words_of(type);
    case TypeSpec::Form::kInteger:
      return fmt::format("whole number from {}", type.min);
    case TypeSpec::Form::kQuantity:
      return fmt::format("{}, such as {}{}", type.name, code(type.example),
                         type.words.empty() ? "" : ", or " + words_of(type));
    case TypeSpec::Form::kList:
      return fmt::format("list of: {}", describe(*type.item));
    case TypeSpec::Form::kListOrSection:
      return fmt::format("list of: {}, or *{}*", describe(*type.item), type.section->name);
    case TypeSpec::Form::kMap:
      return fmt::format("mapping from names to: {}", describe(*type.item));
    case TypeSpec::Form::kSection:
    case TypeSpec::Form::kNode:
      return fmt::format("*{}*", type.section->name);
    case TypeSpec::Form::kText:
    case TypeSpec::Form::kBoolean:
    case TypeSpec::Form::kNumber:
    case TypeSpec::Form::kAny:
      return std::string{type.name};
  }
  return "";
}

const SectionSpec* section_in(const TypeSpec* type) {
  while (type->section == nullptr && type->item != nullptr) type = type->item;
  return type->section;
}

void add_keys(const SectionSpec& section, std::string& out) {
  out += fmt::format("{}\n\n| key | value | if absent | meaning |\n|---|---|---|---|\n", section.doc);
  for (const FieldSpec& field : section.fields) {
    const std::string rank = field.rank.empty() ? "" : fmt::format(" (rank {})", code(field.rank));
    out += fmt::format("| {}{} | {} | {} | {} |\n", code(field.key), rank, describe(*field.type),
                       field.required ? "**required**" : std::string{field.fallback}, field.doc);
  }
  out += '\n';
}

/// Sections below `section`, each once, in the order in which a reader meets them.
void collect(const SectionSpec& section, std::vector<const SectionSpec*>& found) {
  for (const FieldSpec& field : section.fields) {
    const SectionSpec* below = section_in(field.type);
    if (below == nullptr || std::find(found.begin(), found.end(), below) != found.end()) continue;
    found.push_back(below);
    collect(*below, found);
  }
}

}  // namespace

std::string formats_markdown(const std::function<std::string(FileKind)>& example) {
  std::string out;
  for (std::size_t i = 0; i < kFileKinds.size(); ++i) {
    const auto kind = static_cast<FileKind>(i);
    const auto tables = tables_of(kind);
    std::vector<const SectionSpec*> sections;
    out += fmt::format("\n## `kind: {}`\n\nA complete file:\n\n```yaml\n{}```\n\n", kFileKinds[i],
                       example(kind));
    for (const SectionSpec* table : tables) {
      if (tables.size() > 1) out += fmt::format("### `family: {}`\n\n", table->name);
      add_keys(*table, out);
      collect(*table, sections);
    }
    for (const SectionSpec* section : sections) {
      out += fmt::format("### *{}* of {}\n\n", section->name, kFileKinds[i]);
      add_keys(*section, out);
    }
    out.pop_back();
  }
  return out;
}

}  // namespace fusescape
