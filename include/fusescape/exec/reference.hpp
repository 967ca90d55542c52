// What are the right results of a cascade? Untiled execution, operator by operator, with bounds on what any
// other order of the same operations may give.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/exec/value.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// In which numbers an execution computes; the bytes that it moves are those of the tensors' types either
/// way.
enum class Arithmetic : unsigned char {
  kTyped,  ///< Every tensor rounds as its type does.
  kFp64,   ///< All in double precision: the sharpest test of what is read, added and kept.
};

/// A cascade's formats and what is given to it: weights, inputs, and the history of tensors whose initial
/// values are loaded. Tensors that the cascade makes hold NaN where they are still to be made; history that
/// is not loaded and padding are zero.
struct NumericCase {
  std::vector<NumberFormat> formats;  ///< Per tensor.
  std::vector<TensorValues> tensors;  ///< Per tensor.
};

/// Pseudo-random numbers, equal for equal (cascade, arithmetic, seed), and well conditioned
/// (docs/model/verification.md): all in [1/4, 1); operands of a contraction divided by its number of terms,
/// so that sums are averages; what multiplies an exponential's argument is negative, so that states decay,
/// and divided likewise where a recurrence adds such arguments up. Scales of integer types are calibrated:
/// the largest magnitude that a tensor takes in double precision fits.
[[nodiscard]] NumericCase make_case(const Cascade& cascade, Arithmetic arithmetic, std::uint64_t seed);

/// The same numbers as zeros, ready to be filled in by the caller; formats as types say, integer scales 1.
[[nodiscard]] NumericCase empty_case(const Cascade& cascade, Arithmetic arithmetic);

struct Reference {
  std::vector<TensorValues> tensors;  ///< Per tensor: everything made.
  /// Per tensor and element: how far another order of adding the same terms may end from `tensors`. A running
  /// error bound: zero as long as no sum of several rounded terms is involved.
  std::vector<Eigen::ArrayXd> bounds;
};

/// Runs operators in cascade order; a recurrence (a scan, too) step by step along its rank.
[[nodiscard]] Reference run_reference(const Cascade& cascade, const NumericCase& given);

/// What the next call of the cascade starts from: the last elements of `done` along every axis with history
/// become the history of `next`, for the tensors that `next_cascade` loads. Expects two calls of one cascade
/// that may differ in extents without history.
void hand_over(const std::vector<TensorValues>& done, const Cascade& next_cascade, NumericCase& next);

}  // namespace fusescape
