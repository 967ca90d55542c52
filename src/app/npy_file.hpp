// How does a command read a .npy file? Opened once, its faults told with the file's name.
#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/numerics/npy.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// An open file and its reader.
struct NpyFile {
  std::string path;
  std::unique_ptr<std::ifstream> stream;  ///< What `reader` reads; it must not move.
  NpyReader reader;
};

/// Exit code 6 if it cannot be opened, 3 for what is no array of numbers.
[[nodiscard]] expected<NpyFile, Failure> open_npy(const std::string& path);

[[nodiscard]] Failure failure_of(const std::string& path, const NpyFault& fault);

/// Calls `take` with consecutive pieces of at most `piece` values, all of a multiple of `piece` but the last.
template <class Take>
[[nodiscard]] std::optional<Failure> for_pieces(NpyFile& file, std::int64_t piece, const Take& take) {
  file.reader.rewind();
  std::vector<double> values;
  for (std::int64_t left = file.reader.header().elements; left > 0;) {
    values.resize(static_cast<std::size_t>(std::min(left, piece)));
    if (const auto fault = file.reader.read(std::span{values})) return failure_of(file.path, *fault);
    take(std::span<const double>{values});
    left -= static_cast<std::int64_t>(values.size());
  }
  return std::nullopt;
}

}  // namespace fusescape
