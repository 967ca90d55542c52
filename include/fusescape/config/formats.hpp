// What do docs/formats.md and the JSON Schemas say? Both are made from the tables that the reader uses.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fusescape/config/load.hpp"

namespace fusescape {

/// The line of docs/formats.md below which everything is generated.
inline constexpr std::string_view kGeneratedMark =
    "<!-- Generated from the reader's tables by `config_tests \"[regenerate]\"`; do not edit below. -->\n";

/// Every key of every kind, as Markdown, each kind with the text of a complete file, which `example` gives:
/// what follows kGeneratedMark.
[[nodiscard]] std::string formats_markdown(const std::function<std::string(FileKind)>& example);

/// JSON Schema (draft 2020-12) of a kind, for editors.
[[nodiscard]] std::string json_schema(FileKind kind);

}  // namespace fusescape
