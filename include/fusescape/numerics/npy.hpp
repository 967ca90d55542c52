// What is in a .npy file? Reads and writes NumPy's array format, versions 1.0, 2.0 and 3.0, in C order.
//
// Reading is by pieces, so that a file may be larger than memory; nothing is allocated on the word of a
// header alone.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/expected.hpp"

namespace fusescape {

/// What is wrong with a file, and where.
struct NpyFault {
  std::int64_t byte = 0;  ///< Offset in the file, from 0.
  std::string message;
};

enum class NpyType : unsigned char {
  kFloat16,
  kFloat32,
  kFloat64,
  kInt8,
  kInt16,
  kInt32,
  kUint8,
  kUint16,
  kUint32
};

/// "f4"; what numpy calls it, without the byte order.
[[nodiscard]] std::string_view name_of(NpyType type);
[[nodiscard]] std::int64_t bytes_of(NpyType type);

struct NpyHeader {
  NpyType type{};
  bool big_endian = false;
  std::vector<std::int64_t> shape;  ///< Slowest dimension first; empty for a single value.
  std::int64_t elements = 0;        ///< Product of the shape; at least 1.
  std::int64_t data_offset = 0;     ///< Bytes before the first element.
};

/// "(512, 256)"
[[nodiscard]] std::string shape_text(std::span<const std::int64_t> shape);

/// An array whose header has been read and whose size has been checked; its values are read piece by piece.
class NpyReader {
 public:
  /// Reads the header. `in` must be able to seek, and must outlive the reader.
  [[nodiscard]] static expected<NpyReader, NpyFault> open(std::istream& in);

  [[nodiscard]] const NpyHeader& header() const { return header_; }

  /// Fills `values` with the next elements; every one is exact in a double. Expects that so many are left.
  /// NaN and infinities are faults.
  [[nodiscard]] std::optional<NpyFault> read(std::span<double> values);
  /// The same for a float, into which f8, i4 and u4 are rounded to nearest.
  [[nodiscard]] std::optional<NpyFault> read(std::span<float> values);

  /// Starts again at the first element.
  void rewind();

 private:
  NpyReader(std::istream& in, NpyHeader header) : in_{&in}, header_{std::move(header)} {}
  template <class T>
  std::optional<NpyFault> read_values(std::span<T> values);
  [[nodiscard]] std::string place_of(std::int64_t element) const;

  std::istream* in_;
  NpyHeader header_;
  std::int64_t next_ = 0;  ///< Index of the element that is read next.
  std::string bytes_;
};

/// The header of a little-endian C-order file of version 1.0, padded so that the data starts at a multiple of
/// 64 bytes.
[[nodiscard]] std::string npy_header(NpyType type, std::span<const std::int64_t> shape);

/// `values` as the bytes of a file. Expects kFloat32 or kFloat64.
[[nodiscard]] std::string npy_bytes(NpyType type, std::span<const double> values);

}  // namespace fusescape
