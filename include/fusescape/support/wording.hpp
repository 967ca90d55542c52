// Which word names a value of an enum? One table of words an enum: options, reports and completion read it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace fusescape {

template <class Value>
struct Wording {
  std::string_view name;
  Value value{};
  std::string_view note{};  ///< What a help text adds in brackets.
};

/// Empty if the table has no such value.
template <class Value, std::size_t Size>
[[nodiscard]] constexpr std::string_view name_in(const std::array<Wording<Value>, Size>& table, Value value) {
  for (const Wording<Value>& row : table) {
    if (row.value == value) return row.name;
  }
  return {};
}

}  // namespace fusescape
