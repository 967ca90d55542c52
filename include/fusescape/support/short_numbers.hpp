// How are many numbers, most of them small, kept in few bytes? A byte each for those below 128.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fusescape {

inline constexpr std::uint64_t kShortBase = 128;

/// Adds `number` in digits of base 128, the least first; all but its last have the top bit.
inline void append_short(std::string& bytes, std::uint64_t number) {
  for (; number >= kShortBase; number /= kShortBase)
    bytes += static_cast<char>(kShortBase | number % kShortBase);
  bytes += static_cast<char>(number);
}

/// The number that append_short put at `at`, which moves behind it.
inline std::uint64_t read_short(std::string_view bytes, std::size_t& at) {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto digit = static_cast<unsigned char>(bytes[at++]);
    number |= (digit % kShortBase) << shift;
    if (digit < kShortBase) return number;
  }
}

}  // namespace fusescape
