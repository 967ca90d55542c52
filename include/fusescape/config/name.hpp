// Which texts are names: of models, accelerators, operators and the like?
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fusescape {

inline constexpr std::size_t kLongestName = 100;

/// ASCII letters, digits, '.', '_' and '-'.
[[nodiscard]] bool is_name_character(char c);

/// Why `text` is no name; nothing if it is one: 1 to kLongestName characters of names.
[[nodiscard]] std::optional<std::string> fault_of_name(std::string_view text);

}  // namespace fusescape
