// How is a model written as a file of ours?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fusescape {

/// Keys with their values as YAML writes them.
class KeyList {
 public:
  KeyList& add(std::string_view key, std::int64_t value);
  KeyList& add(std::string_view key, std::string_view value);
  /// A mapping of its own.
  KeyList& add(std::string_view key, const KeyList& section);
  /// Unless it is what an absent key means.
  KeyList& flag(std::string_view key, bool value, bool usual);
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return keys_; }

 private:
  std::vector<std::pair<std::string, std::string>> keys_;
};

/// Layers of one kind in a stack.
struct LayerText {
  char letter = '?';
  std::string name;
  std::string family;
  KeyList keys;
};

struct ModelText {
  std::string family = "stack";
  KeyList keys;                   ///< After the header, in the order of the file.
  std::vector<LayerText> layers;  ///< Of a stack.
  std::string order;              ///< Likewise: letters. Kinds that it lacks are not written.
};

/// `source` may hold anything.
[[nodiscard]] std::string yaml_of(const ModelText& model, std::string_view name, std::string_view source);

}  // namespace fusescape
