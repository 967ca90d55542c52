// Which layers does a stack's file list? Its entries, as kinds and the order that they stand in.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/config/families/stack_table.hpp"

namespace fusescape {

/// Layers that are listed as one kind.
struct ListedKind {
  std::string name;
  const YamlNode* entry = nullptr;  ///< The first entry that describes it.
  const FamilySpec* family = nullptr;
  std::int64_t copies = 0;  ///< StackKind::copies
};

struct ListedLayers {
  std::vector<ListedKind> kinds;
  std::vector<LayerRun> order;
};

/// Reports what is wrong with the entries, but for the keys of their families. Expects a file that was read
/// without faults.
[[nodiscard]] ListedLayers listed_layers(const StackFile& file, Binding& binding);

}  // namespace fusescape
