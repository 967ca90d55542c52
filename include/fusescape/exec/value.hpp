// Which numbers are in a tensor? Dense doubles over its extents and margins, each as its type can hold it.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fusescape/support/data_type.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// How a number is held: the floating types round to the nearest, ties to even, with subnormals, and overflow
/// to infinity (fp8 is OCP's E4M3, which saturates); an integer type holds scale * i, the nearest such value
/// within its symmetric range (docs/model/verification.md).
struct NumberFormat {
  DataType type = DataType::kFp64;
  double scale = 1.0;  ///< Integers only: the value of one step, a power of two.
  bool exact = false;  ///< An integer accumulator: wide enough for every sum, so nothing is rounded.
  std::optional<DataType> accumulator{};  ///< What sums are kept in, if not what its type has.
  friend bool operator==(const NumberFormat&, const NumberFormat&) = default;
};

/// The nearest value that `format` holds.
[[nodiscard]] double rounded(double value, const NumberFormat& format);

/// Distance between neighbours at |value|: no rounding near it errs by more than half of this.
[[nodiscard]] double spacing(double value, const NumberFormat& format);

/// What partial sums of results of `format` are kept in: integers exactly.
[[nodiscard]] NumberFormat accumulator(const NumberFormat& format);

/// The least power of two as `scale` with which `type` holds every |value| <= `largest`.
[[nodiscard]] double calibrated_scale(DataType type, double largest);

/// One dimension of a tensor's values: `before` elements of history, `extent` of its own, `after` of padding.
struct ValueAxis {
  std::int64_t before = 0;
  std::int64_t extent = 1;
  std::int64_t after = 0;
  std::int64_t stride = 1;  ///< In elements of `data`.

  [[nodiscard]] std::int64_t size() const { return before + extent + after; }
  friend bool operator==(const ValueAxis&, const ValueAxis&) = default;
};

/// A dense tensor, last dimension fastest. Coordinate 0 is the first element of its own along every axis; a
/// shifted read of element -1 finds the history's last.
struct TensorValues {
  std::vector<ValueAxis> axes;
  Eigen::ArrayXd data;

  /// Where the element at `coordinates` (one per axis, from -before to extent + after - 1) lies in `data`.
  [[nodiscard]] std::int64_t position(std::span<const std::int64_t> coordinates) const {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < axes.size(); ++i) at += (coordinates[i] + axes[i].before) * axes[i].stride;
    return at;
  }
  [[nodiscard]] double at(std::span<const std::int64_t> coordinates) const {
    return data[position(coordinates)];
  }
  /// Elements of its own: the product of the extents.
  [[nodiscard]] std::int64_t elements() const;
};

/// The axes of `tensor`, as wide as its farthest reads: history for shifted reads and windows, padding for
/// windows that hang over the end.
[[nodiscard]] std::vector<ValueAxis> axes_of(const Cascade& cascade, TensorId tensor);

/// Values of these axes, all of them `fill`.
[[nodiscard]] TensorValues filled(std::vector<ValueAxis> axes, double fill);

/// Calls `visit(position in data)` for each element of the tensor's own, the first axis slowest.
template <class Visit>
void for_each_own(const TensorValues& values, const Visit& visit) {
  if (values.data.size() == 0) return;
  std::vector<std::int64_t> at(values.axes.size(), 0);
  for (;;) {
    visit(values.position(at));
    std::size_t axis = at.size();
    while (axis > 0 && ++at[axis - 1] == values.axes[axis - 1].extent) at[--axis] = 0;
    if (axis == 0) return;
  }
}

}  // namespace fusescape
