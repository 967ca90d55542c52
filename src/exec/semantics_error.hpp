// How far can a result be off if its inputs are? Bounds for each kind of operator, as exec/semantics.hpp
// computes it.
#pragma once

#include <span>

#include "fusescape/exec/semantics.hpp"

namespace fusescape {

/// A bound on |element(kind, x') - element(kind, x)| for all |x' - x| <= errors, before rounding. Infinite
/// where there is none (a divisor that may be zero).
[[nodiscard]] double element_error(OpKind kind, std::span<const double> inputs,
                                   std::span<const double> errors);

/// What rounding to `format` makes of a bound: equal values stay equal, others may fall on either side.
[[nodiscard]] double rounded_error(double value, double error, const NumberFormat& format);

/// Magnitudes of the terms of one sum, and what bounds the difference of two orders of adding them.
struct SumError {
  double terms = 0.0;      ///< Sum of the terms' own bounds.
  double magnitude = 0.0;  ///< Sum of the terms' magnitudes.
  double largest = 0.0;    ///< The largest bound of a term.
  std::int64_t count = 0;  ///< Terms, a bias included.

  void add(double term, double error);
};

/// A bound on the difference of two orders of adding `sum.count` terms of which the first order gave `value`,
/// after finishing (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 4.2: each
/// order is within (n-1) u sum|t| of the exact sum; products add u each).
[[nodiscard]] double summation_error(OpKind kind, const SumError& sum, double value, std::int64_t terms,
                                     const NumberFormat& output);

}  // namespace fusescape
