#include "fusescape/numerics/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "fusescape/support/contract.hpp"
#include "npy_header.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kPreamble = 8;            // Magic and version.
constexpr std::int64_t kLongestHeader = 65'536;  // Shape and type need some hundred bytes.

expected<std::string, NpyFault> bytes_at(std::istream& in, std::int64_t offset, std::int64_t count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  in.read(bytes.data(), count);
  if (in.gcount() == count) return bytes;
  return unexpected<NpyFault>{NpyFault{offset + in.gcount(), "truncated: the file ends inside the header"}};
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Bytes of the header's length: 2 in version 1, 4 in versions 2 and 3.
expected<std::int64_t, NpyFault> length_bytes(std::string_view preamble) {
  constexpr std::string_view kMagic{"\x93NUMPY", 6};
  if (preamble.substr(0, kMagic.size()) != kMagic) {
    return unexpected<NpyFault>{NpyFault{0, "this is no .npy file: it does not start with \\x93NUMPY"}};
  }
  const int major = static_cast<unsigned char>(preamble[6]);
  if (major < 1 || major > 3 || preamble[7] != 0) {
    return unexpected<NpyFault>{
        NpyFault{6, fmt::format("version {}.{}; expected 1.0, 2.0 or 3.0", major,
                                static_cast<int>(static_cast<unsigned char>(preamble[7])))}};
  }
  return major == 1 ? 2 : 4;
}

expected<NpyHeader, NpyFault> header_of(std::istream& in) {
  const auto preamble = bytes_at(in, 0, kPreamble);
  if (!preamble) return unexpected<NpyFault>{preamble.error()};
  const auto width = length_bytes(*preamble);
  if (!width) return unexpected<NpyFault>{width.error()};
  const auto length_text = bytes_at(in, kPreamble, *width);
  if (!length_text) return unexpected<NpyFault>{length_text.error()};
  const auto length = static_cast<std::int64_t>(little_endian(*length_text));
  if (length > kLongestHeader) {
    return unexpected<NpyFault>{NpyFault{
        kPreamble, fmt::format("a header of {} bytes; at most {} are read", length, kLongestHeader)}};
  }
  const auto dictionary = bytes_at(in, kPreamble + *width, length);
  if (!dictionary) return unexpected<NpyFault>{dictionary.error()};
  return parse_npy_dictionary(*dictionary, kPreamble + *width);
}

/// A fault unless exactly the elements of `header` follow it.
std::optional<NpyFault> size_fault(std::istream& in, const NpyHeader& header) {
  in.clear();
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::int64_t>(in.tellg());
  if (size < 0) return NpyFault{header.data_offset, "this file cannot be read twice, as a pipe cannot"};
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(header.elements, bytes_of(header.type), &bytes))
    bytes = std::numeric_limits<std::int64_t>::max();
  const std::int64_t there = size - header.data_offset;
  if (there == bytes) return std::nullopt;
  const std::string claim = fmt::format("{} elements of {} fill {} bytes, and {} follow the header",
                                        header.elements, name_of(header.type), bytes, there);
  if (there < bytes) return NpyFault{size, "truncated: " + claim};
  return NpyFault{header.data_offset + bytes, "bytes after the last element: " + claim};
}

/// Exact: every half is a float.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0)
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24F));
  const std::uint32_t wide = exponent == 0x1F ? 0xFFU : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23U) | (fraction << 13U));
}

struct Half {
  std::uint16_t bits;
  explicit operator double() const { return static_cast<double>(from_half(bits)); }
  explicit operator float() const { return from_half(bits); }
};

template <class Stored, class T>
void convert(std::string_view bytes, bool swapped, std::span<T> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::array<char, sizeof(Stored)> raw{};
    std::memcpy(raw.data(), bytes.data() + i * sizeof(Stored), sizeof(Stored));
    if (swapped) std::reverse(raw.begin(), raw.end());
    values[i] = static_cast<T>(std::bit_cast<Stored>(raw));
  }
}

template <class T>
void convert(NpyType type, std::string_view bytes, bool swapped, std::span<T> values) {
  switch (type) {
    case NpyType::kFloat16:
      return convert<Half>(bytes, swapped, values);
    case NpyType::kFloat32:
      return convert<float>(bytes, swapped, values);
    case NpyType::kFloat64:
      return convert<double>(bytes, swapped, values);
    case NpyType::kInt8:
      return convert<std::int8_t>(bytes, swapped, values);
    case NpyType::kInt16:
      return convert<std::int16_t>(bytes, swapped, values);
    case NpyType::kInt32:
      return convert<std::int32_t>(bytes, swapped, values);
    case NpyType::kUint8:
      return convert<std::uint8_t>(bytes, swapped, values);
    case NpyType::kUint16:
      return convert<std::uint16_t>(bytes, swapped, values);
    case NpyType::kUint32:
      return convert<std::uint32_t>(bytes, swapped, values);
  }
}

}  // namespace

expected<NpyReader, NpyFault> NpyReader::open(std::istream& in) {
  expected<NpyHeader, NpyFault> header = header_of(in);
  if (!header) return unexpected<NpyFault>{header.error()};
  if (const auto fault = size_fault(in, *header)) return unexpected<NpyFault>{*fault};
  NpyReader reader{in, std::move(*header)};
  reader.rewind();
  return reader;
}

void NpyReader::rewind() {
  in_->clear();
  in_->seekg(header_.data_offset);
  next_ = 0;
}

/// "[3, 17]"
std::string NpyReader::place_of(std::int64_t element) const {
  std::vector<std::int64_t> at(header_.shape.size());
  for (std::size_t i = at.size(); i-- > 0;) {
    at[i] = element % header_.shape[i];
    element /= header_.shape[i];
  }
  return fmt::format("[{}]", fmt::join(at, ", "));
}

template <class T>
std::optional<NpyFault> NpyReader::read_values(std::span<T> values) {
  FUSESCAPE_EXPECTS(static_cast<std::int64_t>(values.size()) <= header_.elements - next_);
  const std::int64_t width = bytes_of(header_.type);
  bytes_.resize(values.size() * static_cast<std::size_t>(width));
  in_->read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
  const std::int64_t start = header_.data_offset + next_ * width;
  if (in_->gcount() != static_cast<std::streamsize>(bytes_.size())) {
    return NpyFault{start + in_->gcount(), "truncated: the file became shorter while it was read"};
  }
  convert(header_.type, bytes_, header_.big_endian, values);
  const auto bad = std::find_if(values.begin(), values.end(), [](T value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    const std::int64_t index = bad - values.begin();
    return NpyFault{start + index * width, fmt::format("element {} is {}", place_of(next_ + index),
                                                       std::isnan(*bad) ? "NaN" : "infinite")};
  }
  next_ += static_cast<std::int64_t>(values.size());
  return std::nullopt;
}

std::optional<NpyFault> NpyReader::read(std::span<double> values) {
  return read_values(values);
}

std::optional<NpyFault> NpyReader::read(std::span<float> values) {
  return read_values(values);
}

std::string npy_bytes(NpyType type, std::span<const double> values) {
  FUSESCAPE_EXPECTS(type == NpyType::kFloat32 || type == NpyType::kFloat64);
  static_assert(std::endian::native == std::endian::little);
  if (type == NpyType::kFloat64)
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
  std::vector<float> narrow(values.size());
  std::transform(values.begin(), values.end(), narrow.begin(),
                 [](double value) { return static_cast<float>(value); });
  return {reinterpret_cast<const char*>(narrow.data()), narrow.size() * sizeof(float)};
}

}  // namespace fusescape
