// Is a text fit to be parsed as YAML? Looks for what yaml-cpp accepts in silence and should not.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "fusescape/support/diagnostics.hpp"

namespace fusescape {

[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

/// True if the text of `diags` is not empty, at most kMaxYamlBytes long, UTF-8, and free of control
/// characters and of tabs that indent. Otherwise `diags` has the first reason.
[[nodiscard]] bool check_yaml_text(Diagnostics& diags);

/// True if the quote character at `begin` has its counterpart. Expects begin < text.size().
[[nodiscard]] bool is_closed_quote(std::string_view text, std::size_t begin);

/// Where the first quote without its counterpart stands, if a parser has missed one.
[[nodiscard]] std::optional<SourcePos> find_open_quote(std::string_view text);

}  // namespace fusescape
