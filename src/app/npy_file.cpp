#include "npy_file.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace fusescape {

Failure failure_of(const std::string& path, const NpyFault& fault) {
  return {ExitCode::kBadInput, fmt::format("{}:byte {}: error: {}\n", path, fault.byte, fault.message)};
}

expected<NpyFile, Failure> open_npy(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return unexpected{failure_of(path, {0, "this is a directory"})};
  }
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!stream->is_open()) {
    return unexpected{
        Failure{ExitCode::kFileAccess, fmt::format("{}: error: cannot read this file\n", path)}};
  }
  expected<NpyReader, NpyFault> reader = NpyReader::open(*stream);
  if (!reader) return unexpected{failure_of(path, reader.error())};
  return NpyFile{path, std::move(stream), std::move(*reader)};
}

}  // namespace fusescape
