#include "fusescape/exec/value.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace fusescape {
namespace {

/// A binary floating-point format: `precision` bits of significand, the hidden one included.
struct FloatFormat {
  int precision;
  int min_exponent;  ///< Of the smallest normal number, 2^min_exponent.
  double largest;    ///< Finite.
  bool saturates;    ///< Else it overflows to infinity.
};

constexpr FloatFormat kBf16Format{8, -126, 0x1.FEp127, false};
constexpr FloatFormat kFp16Format{11, -14, 65504.0, false};
/// E4M3 of the OCP 8-bit floating point specification (arXiv 2209.05433): no infinity.
constexpr FloatFormat kFp8Format{4, -6, 448.0, true};

/// 2^e of the largest power of two not above |value|; at least 2^-1022.
double power_below(double value) {
  constexpr std::uint64_t kExponentBits = 0x7FF0'0000'0000'0000ULL;
  const auto power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) & kExponentBits);
  return std::max(power, std::numeric_limits<double>::min());
}

double quantum(double value, const FloatFormat& format) {
  const double least = std::ldexp(1.0, format.min_exponent);
  return std::max(power_below(value), least) * std::ldexp(1.0, 1 - format.precision);
}

double rounded_to(double value, const FloatFormat& format) {
  if (std::isnan(value)) return value;
  const double beyond = format.saturates ? format.largest : std::numeric_limits<double>::infinity();
  if (std::abs(value) > 2.0 * format.largest) return std::copysign(beyond, value);
  // Adding and taking away 1.5 * 2^52 quanta leaves a whole number of them, ties to even.
  const double shift = 0x1.8p52 * quantum(value, format);
  const double nearest = (value + shift) - shift;
  return std::abs(nearest) <= format.largest ? nearest : std::copysign(beyond, value);
}

/// Most steps of an integer type, symmetric: 127 of int8.
double most_steps(DataType type) {
  return std::ldexp(1.0, bits_of(type) - 1) - 1.0;
}

double rounded_to_steps(double value, const NumberFormat& format) {
  if (format.exact || std::isnan(value)) return value;
  const double most = most_steps(format.type);
  return std::clamp(std::nearbyint(value / format.scale), -most, most) * format.scale;
}

}  // namespace

double rounded(double value, const NumberFormat& format) {
  switch (format.type) {
    case DataType::kFp64:
      return value;
    case DataType::kFp32:
      return static_cast<double>(static_cast<float>(value));
    case DataType::kBf16:
      return rounded_to(value, kBf16Format);
    case DataType::kFp16:
      return rounded_to(value, kFp16Format);
    case DataType::kFp8:
      return rounded_to(value, kFp8Format);
    case DataType::kInt32:
    case DataType::kInt8:
    case DataType::kInt4:
      return rounded_to_steps(value, format);
  }
  return value;
}

double spacing(double value, const NumberFormat& format) {
  constexpr FloatFormat kFp64Format{53, -1022, std::numeric_limits<double>::max(), false};
  constexpr FloatFormat kFp32Format{24, -126, std::numeric_limits<float>::max(), false};
  switch (format.type) {
    case DataType::kFp64:
      return quantum(value, kFp64Format);
    case DataType::kFp32:
      return quantum(value, kFp32Format);
    case DataType::kBf16:
      return quantum(value, kBf16Format);
    case DataType::kFp16:
      return quantum(value, kFp16Format);
    case DataType::kFp8:
      return quantum(value, kFp8Format);
    case DataType::kInt32:
    case DataType::kInt8:
    case DataType::kInt4:
      return format.exact ? 0.0 : format.scale;
  }
  return 0.0;
}

NumberFormat accumulator(const NumberFormat& format) {
  const DataType type = format.accumulator.value_or(facts(format.type).accumulator);
  return {.type = type, .scale = format.scale, .exact = type == DataType::kInt32};
}

double calibrated_scale(DataType type, double largest) {
  if (!(largest > 0.0) || !std::isfinite(largest)) return 1.0;
  return std::exp2(std::ceil(std::log2(largest / most_steps(type))));
}

std::int64_t TensorValues::elements() const {
  std::int64_t all = 1;
  for (const ValueAxis& axis : axes) all *= axis.extent;
  return all;
}

std::vector<ValueAxis> axes_of(const Cascade& cascade, TensorId tensor) {
  std::vector<ValueAxis> axes;
  for (const RankId rank : cascade.tensor(tensor).ranks)
    axes.push_back({.extent = cascade.extent(rank).value()});
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const Index& index = access.indices[i];
      const std::int64_t end = extent_of(cascade, index).value() - index.distance + index.offset;
      axes[i].before = std::max(axes[i].before, reach(cascade, index) - index.offset);
      axes[i].after = std::max(axes[i].after, end - axes[i].extent);
    }
  }
  for (std::size_t i = axes.size(); i-- > 1;) axes[i - 1].stride = axes[i].stride * axes[i].size();
  return axes;
}

TensorValues filled(std::vector<ValueAxis> axes, double fill) {
  const std::int64_t size = axes.empty() ? 1 : axes.front().stride * axes.front().size();
  return {std::move(axes), Eigen::ArrayXd::Constant(size, fill)};
}

}  // namespace fusescape
