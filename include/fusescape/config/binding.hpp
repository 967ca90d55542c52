// How does one file, with settings applied, fill one struct? The steps that binding every kind shares.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "fusescape/config/field.hpp"
#include "fusescape/config/load.hpp"

namespace fusescape {

/// The tables of a kind, what its files may hold: one, or one per family of models.
[[nodiscard]] std::span<const SectionSpec* const> tables_of(FileKind kind);

/// The one that a file with this root is read by: that of its family; parse_input has checked that it has
/// one.
[[nodiscard]] const SectionSpec& table_of(FileKind kind, const YamlNode& root);

/// The two keys that every file starts with; parse_input has checked them.
inline constexpr std::array kFileKinds{std::string_view{"accelerator"}, std::string_view{"technology"},
                                       std::string_view{"cascade"},     std::string_view{"model"},
                                       std::string_view{"plan"},        std::string_view{"sweep"},
                                       std::string_view{"corey"}};
inline constexpr TypeSpec kKindWord{
    .form = TypeSpec::Form::kWord, .name = "word", .example = "accelerator", .words = kFileKinds};
inline constexpr TypeSpec kVersionOne{
    .form = TypeSpec::Form::kInteger, .name = "1", .example = "1", .min = 1};
inline constexpr FieldSpec kKindField{"kind", &kKindWord, true, {}, "What the file describes."};
inline constexpr FieldSpec kVersionField{"version", &kVersionOne, true, {}, "Version of the format: 1."};

/// Applies the settings that `table` takes to `root`. Those it does not take are left for other files.
void apply_settings(YamlNode& root, const SectionSpec& table, std::span<const Setting> settings,
                    InputErrors& errors);

/// Keys of `input` that settings may name, rank letters included, for did-you-mean.
[[nodiscard]] std::vector<std::string> settable_keys(const InputFile& input);

/// One reading of a file into a struct. Not copied: nodes of `root` are referred to while it lives.
class Binding {
 public:
  /// Reads into `owner`, the struct that the tables of `kind` were made for.
  Binding(const InputFile& input, FileKind kind, std::span<const Setting> settings, void* owner);
  Binding(const Binding&) = delete;
  Binding(Binding&&) = delete;
  Binding& operator=(const Binding&) = delete;
  Binding& operator=(Binding&&) = delete;
  ~Binding() = default;

  [[nodiscard]] InputErrors& errors() { return errors_; }
  [[nodiscard]] const YamlNode& root() const { return root_; }
  /// From now on, `at` and `blamed` look for keys in the mapping at `key` first, where the root has one.
  void look_in(std::string_view key);
  /// The value at a key of the root, or the root itself where it has none: for errors found after reading.
  [[nodiscard]] const YamlNode& at(std::string_view key) const;
  /// Where to report that sizes are too large together, for which no single value is to blame: the largest
  /// number that a setting put here, or the file.
  [[nodiscard]] const YamlNode& blamed() const;
  /// Same, of a fault between values below some keys of the root, which stands at `otherwise` in a file.
  [[nodiscard]] const YamlNode& blamed(std::initializer_list<std::string_view> keys,
                                       const YamlNode& otherwise) const;
  [[nodiscard]] bool ok() const { return errors_.ok(); }
  [[nodiscard]] InputError failure() const;

 private:
  Diagnostics diags_;
  InputErrors errors_;
  YamlNode root_;
  const YamlNode* inner_ = nullptr;  ///< The mapping that is looked in first.
  std::span<const Setting> settings_;

  [[nodiscard]] const YamlNode* find(std::string_view key) const;
};

}  // namespace fusescape
