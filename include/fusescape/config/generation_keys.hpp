// Settings that are of no file: `evaluate`, `compare` and `sweep` take them with every model.
#pragma once

#include <array>
#include <string_view>

namespace fusescape {

inline constexpr std::array<std::string_view, 2> kGenerationKeys{"prompt", "generate"};

}  // namespace fusescape
