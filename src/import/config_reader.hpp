// What does a configuration say under a key, or under another name of it? Notes what was read and what was
// not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fusescape/config/yaml_document.hpp"
#include "fusescape/support/diagnostics.hpp"

namespace fusescape {

/// A key and the other names that it has or had.
using Names = std::initializer_list<std::string_view>;

/// One reading of a configuration. Faults are reported at their places; what is read then is a stand-in.
class ConfigReader {
 public:
  /// Expects a map. `section` is the key that holds it, if one does: notes and faults say "section.key".
  ConfigReader(const YamlNode& root, Diagnostics& diags, std::string_view section = {})
      : root_{root}, diags_{diags}, prefix_{section.empty() ? "" : std::string{section} + '.'} {}

  /// The value of the first name that has one other than null.
  [[nodiscard]] const YamlNode* find(Names names);
  [[nodiscard]] bool has(Names names) const;

  /// A whole number from 1 to 10^8, which must be there.
  [[nodiscard]] std::int64_t size(Names names);
  /// A number of layers, from 1 to the most that a model file may have, 10^6.
  [[nodiscard]] std::int64_t layers(Names names);
  /// Likewise; nothing if it is absent.
  [[nodiscard]] std::optional<std::int64_t> layers_if(Names names);
  /// Like size, or `fallback`, which `why` explains.
  [[nodiscard]] std::int64_t size_or(Names names, std::int64_t fallback, std::string_view why = "");
  /// Likewise from 0.
  [[nodiscard]] std::int64_t count_or(Names names, std::int64_t fallback);
  /// Nothing if it is absent, null or "auto".
  [[nodiscard]] std::optional<std::int64_t> size_if(Names names);
  /// A number above 0 and at most 1; nothing if it is absent.
  [[nodiscard]] std::optional<double> share_if(Names names);
  [[nodiscard]] bool flag(Names names, bool fallback);
  [[nodiscard]] std::string word(Names names, std::string_view fallback);
  /// Words of a list; empty if it is absent.
  [[nodiscard]] std::vector<const YamlNode*> list(Names names);
  /// Positions of layers in a list, from 0 and below `n_layer`, likewise.
  [[nodiscard]] std::vector<std::int64_t> positions(Names names, std::int64_t n_layer);
  /// The map below a key; null if it is absent.
  [[nodiscard]] const YamlNode* map(Names names);

  /// Reports a value that another model has than the ones that are understood.
  void expect_flag(Names names, bool expected, std::string_view why);
  /// Notes what an absent key means where no single value says it.
  void note_default(std::string_view name, std::string value);
  /// A fault is told once, however often its key is read.
  void error(const YamlNode& node, std::string message);
  /// A reading of the map below `key`.
  [[nodiscard]] ConfigReader section(const YamlNode& map, std::string_view key) const {
    return {map, diags_, key};
  }
  /// What a section says becomes part of what was read, defaulted and ignored.
  void take_notes(const ConfigReader& section);
  [[nodiscard]] const YamlNode& root() const { return root_; }
  [[nodiscard]] bool ok() const { return diags_.ok(); }
  /// How many faults were told.
  [[nodiscard]] std::size_t faults() const { return told_.size(); }

  [[nodiscard]] const std::vector<std::string>& read() const { return read_; }
  [[nodiscard]] const std::vector<std::string>& defaulted() const { return defaulted_; }
  /// Keys that nobody asked for.
  [[nodiscard]] std::vector<std::string> ignored() const;

 private:
  [[nodiscard]] const YamlEntry* entry_of(Names names) const;
  /// The first of the names as people see it.
  [[nodiscard]] std::string shown_name(Names names) const;
  [[nodiscard]] std::optional<std::int64_t> whole(Names names, const YamlNode& node, std::int64_t min,
                                                  std::int64_t max);
  void missing(Names names);

  const YamlNode& root_;
  Diagnostics& diags_;
  std::string prefix_;
  std::set<std::pair<const YamlNode*, std::string>> told_;  ///< Faults.
  std::unordered_set<std::string_view> seen_;
  std::vector<std::string> read_;
  std::vector<std::string> defaulted_;
  std::vector<std::string> ignored_below_;  ///< Of sections.
};

}  // namespace fusescape
