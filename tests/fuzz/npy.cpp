// Does any text crash the .npy reader, or make it allocate what the file does not hold?
#include "fusescape/numerics/npy.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fusescape;
  std::istringstream in{std::string(reinterpret_cast<const char*>(data), size)};
  auto reader = NpyReader::open(in);
  if (!reader) {
    if (reader.error().message.empty() || reader.error().byte < 0) std::abort();
    return 0;
  }
  const NpyHeader& header = reader->header();
  // A header that was believed must be true of the file: its elements are there.
  if (header.elements < 1 || header.elements > static_cast<std::int64_t>(size)) std::abort();
  std::vector<double> values(static_cast<std::size_t>(header.elements));
  if (reader->read(std::span{values})) return 0;
  const std::string again =
      npy_header(NpyType::kFloat64, header.shape) + npy_bytes(NpyType::kFloat64, values);
  std::istringstream second{again};
  auto same = NpyReader::open(second);
  if (!same) std::abort();
  std::vector<double> read(values.size());
  if (same->read(std::span{read}) || read != values) std::abort();
  return 0;
}
