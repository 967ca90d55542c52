// Is a call over many tokens the same as several calls over fewer, each of which goes on where the one before
// ended?
#pragma once

#include <catch2/catch.hpp>

#include "fusescape/exec/reference.hpp"
#include "fusescape/workload/model.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {

/// Two orders of the same double-precision operations: a few hundred roundings of numbers about 1.
inline constexpr double kSameSums = 1e-11;

inline const TensorValues& named(const Cascade& cascade, const std::vector<TensorValues>& tensors,
                                 std::string_view name) {
  return tensors[index_of(*find_tensor(cascade, name))];
}

/// Calls `visit(position, coordinates)` for each element, history and padding included.
template <class Visit>
void for_each_element(const TensorValues& values, const Visit& visit) {
  std::vector<std::int64_t> at;
  for (const ValueAxis& axis : values.axes) at.push_back(-axis.before);
  for (std::int64_t position = 0; position < values.data.size(); ++position) {
    visit(position, at);
    for (std::size_t i = at.size(); i-- > 0;) {
      if (++at[i] < values.axes[i].extent + values.axes[i].after) break;
      at[i] = -values.axes[i].before;
    }
  }
}

/// Tokens [first, first + count) of `whole`, of a call over fewer tokens; the same weights.
inline void take_tokens(const Cascade& part_cascade, const NumericCase& whole, std::int64_t first,
                        NumericCase& part) {
  for (std::size_t i = 0; i < part.tensors.size(); ++i) {
    const Tensor& tensor = part_cascade.tensors[i];
    if (tensor.kind == TensorKind::kWeight) part.tensors[i] = whole.tensors[i];
    if (tensor.kind != TensorKind::kInput) continue;
    TensorValues& x = part.tensors[i];
    for (std::int64_t b = 0; b < x.axes[0].extent; ++b) {
      for (std::int64_t l = 0; l < x.axes[1].extent; ++l) {
        for (std::int64_t e = 0; e < x.axes[2].extent; ++e) {
          x.data[x.position(std::array<std::int64_t, 3>{b, l, e})] =
              whole.tensors[i].at(std::array<std::int64_t, 3>{b, first + l, e});
        }
      }
    }
  }
}

/// `sizes` tokens at a time, each call going on from the state that the one before left.
template <class Shape>
void check_portions(const Shape& shape, CheckedCascade (*block)(const Shape&),
                    const std::vector<std::int64_t>& sizes, DataType type) {
  Shape one_pass = shape;
  one_pass.dtype = type;
  const Cascade cascade = sound(block(one_pass));
  const NumericCase given = make_case(cascade, Arithmetic::kTyped, 1);
  const std::vector<TensorValues> whole = run_reference(cascade, given).tensors;
  std::vector<TensorValues> before;
  std::int64_t first = 0;
  for (const std::int64_t size : sizes) {
    Shape call = one_pass;
    call.tokens = size;
    if (size == 1 && first > 0) call.phase = Phase::kDecode;
    if (first > 0) call.initial_state = Initial::kLoaded;
    const Cascade part_cascade = sound(block(call));
    NumericCase part = empty_case(part_cascade, Arithmetic::kTyped);
    take_tokens(part_cascade, given, first, part);
    if (first > 0) hand_over(before, part_cascade, part);
    before = run_reference(part_cascade, part).tensors;
    const TensorValues& out = named(part_cascade, before, "out");
    const TensorValues& all = named(cascade, whole, "out");
    for (std::int64_t b = 0; b < shape.batch; ++b) {
      for (std::int64_t l = 0; l < size; ++l) {
        for (std::int64_t e = 0; e < shape.d_model; ++e) {
          CHECK(out.at(std::array<std::int64_t, 3>{b, l, e}) ==
                all.at(std::array<std::int64_t, 3>{b, first + l, e}));
        }
      }
    }
    first += size;
  }
}

}  // namespace fusescape::test_plans
