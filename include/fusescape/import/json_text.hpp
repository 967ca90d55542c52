// What does a JSON text say, and where? With the literals that configurations add: Infinity, -Infinity, NaN.
#pragma once

#include <optional>

#include "fusescape/config/yaml_document.hpp"
#include "fusescape/support/diagnostics.hpp"

namespace fusescape {

/// The value of the text of `diags`, in the nodes that our YAML files become: null is an empty node, a string
/// is quoted, numbers and literals are words as written. Nothing, and an error in `diags`, if the text is too
/// large or no JSON, a key is given twice, or values nest too deep.
[[nodiscard]] std::optional<YamlNode> parse_json(Diagnostics& diags);

}  // namespace fusescape
