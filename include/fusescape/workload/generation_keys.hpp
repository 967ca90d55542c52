// Which settings ask for a prompt with a generation? They are of no file: `evaluate`, `compare` and `sweep`
// take them with every model.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace fusescape {

inline constexpr std::array<std::string_view, 2> kGenerationKeys{"prompt", "generate"};

[[nodiscard]] constexpr bool is_of_generation(std::string_view key) {
  return std::find(kGenerationKeys.begin(), kGenerationKeys.end(), key) != kGenerationKeys.end();
}

}  // namespace fusescape
