// What does the dictionary at the start of a .npy file say?
#pragma once

#include <cstdint>
#include <string_view>

#include "fusescape/numerics/npy.hpp"

namespace fusescape {

/// `dictionary` is the whole header text, padding included; `offset` its first byte's place in the file.
[[nodiscard]] expected<NpyHeader, NpyFault> parse_npy_dictionary(std::string_view dictionary,
                                                                 std::int64_t offset);

}  // namespace fusescape
