// Which tiles of a rank are worth trying? Equal ones, and multiples of the array.
#pragma once

#include <cstdint>
#include <vector>

namespace fusescape {

enum class Density : unsigned char {
  kFine,    ///< Parts 1, 2, 3, 4, 6, 8, 12, ...; multiples 5, 10, 20, ... besides.
  kMedium,  ///< 1, 2, 4, 8, ...
  kCoarse,  ///< 1, 4, 16, ...
};

/// The tiles ceil(extent / j) for j parts, and the multiples of `size` below the extent; each once, smallest
/// first, the extent itself last. Powers of two alone do not fill a memory that is one: beside other buffers
/// half of it is left. Expects extent > 0; size 1: no multiples.
[[nodiscard]] std::vector<std::int64_t> tile_grid(std::int64_t extent, std::int64_t size = 1,
                                                  Density density = Density::kFine);

}  // namespace fusescape
