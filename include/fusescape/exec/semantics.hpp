// What does an operator compute, element by element? The one definition that every execution shares; in which
// order elements and terms are visited is the execution's own business.
//
// Floating types: a term is rounded to the accumulator's type, and so is the sum after each term; a finished
// element is rounded to the type of the tensor it goes to. An element-wise operator rounds once.
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include "fusescape/exec/value.hpp"
#include "fusescape/support/op_kind.hpp"

namespace fusescape {

/// Three inputs are the most that any kind has.
inline constexpr std::size_t kMostInputs = 3;

/// One output element of an element-wise operator or a scan from one element of each input, in the order of
/// the inputs; not rounded yet. `gather` passes its first input on: which element that is, the access says.
[[nodiscard]] double element(OpKind kind, std::span<const double> inputs);

/// How terms become one element, for contractions and reductions.
class Summation {
 public:
  Summation(OpKind kind, const NumberFormat& output)
      : takes_maximum_{kind == OpKind::kReduceMax},
        averages_{kind == OpKind::kReduceMean},
        output_{output},
        sum_{accumulator(output)} {}

  /// Before the first term. A contraction's third input is its `bias`, a reduction has none.
  [[nodiscard]] double start(double bias = 0.0) const {
    return takes_maximum_ ? -std::numeric_limits<double>::infinity() : rounded(bias, sum_);
  }
  /// The sum so far and one more term: the product of a contraction's two inputs, a reduction's one input.
  [[nodiscard]] double add(double sum, double term) const {
    return takes_maximum_ ? std::max(sum, term) : rounded(sum + rounded(term, sum_), sum_);
  }
  /// The element, of `terms` terms in all.
  [[nodiscard]] double finish(double sum, std::int64_t terms) const {
    return rounded(averages_ ? sum / static_cast<double>(terms) : sum, output_);
  }

 private:
  bool takes_maximum_;
  bool averages_;
  NumberFormat output_;
  NumberFormat sum_;
};

}  // namespace fusescape
