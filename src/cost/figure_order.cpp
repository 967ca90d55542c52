// How do figures of one metric order? Exactly where that is possible.
#include <limits>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/support/contract.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {

std::strong_ordering operator<=>(const Quotient& a, const Quotient& b) {
  FUSESCAPE_EXPECTS(a.denominator > 0 && b.denominator > 0);
  // Both as continued fractions: products of numerators and denominators may leave 128 bits.
  Quotient x = a;
  Quotient y = b;
  for (bool flipped = false;; flipped = !flipped) {
    const Int128 left = x.numerator / x.denominator;
    const Int128 right = y.numerator / y.denominator;
    if (left != right)
      return (left < right) == flipped ? std::strong_ordering::greater : std::strong_ordering::less;
    const Int128 rest = x.numerator % x.denominator;
    const Int128 other = y.numerator % y.denominator;
    if (rest == 0 || other == 0) {
      if (rest == other) return std::strong_ordering::equal;
      return (rest == 0) == flipped ? std::strong_ordering::greater : std::strong_ordering::less;
    }
    // Of two fractions below 1 the one with the larger inverse is the smaller.
    x = {x.denominator, rest};
    y = {y.denominator, other};
  }
}

std::weak_ordering compare(const Figure& a, const Figure& b) {
  FUSESCAPE_EXPECTS(a.compared.has_value() == b.compared.has_value());  // Else units differ.
  if (a.compared) return *a.compared <=> *b.compared;
  const auto* left = std::get_if<std::int64_t>(&a.number);
  const auto* right = std::get_if<std::int64_t>(&b.number);
  if (left != nullptr && right != nullptr) return *left <=> *right;
  const double x = magnitude(a);
  const double y = magnitude(b);
  return x < y   ? std::weak_ordering::less
         : y < x ? std::weak_ordering::greater
                 : std::weak_ordering::equivalent;
}

double magnitude(const Figure& figure) {
  if (figure.compared) {
    return static_cast<double>(figure.compared->numerator) /
           static_cast<double>(figure.compared->denominator);
  }
  return std::visit(overloaded{[](std::int64_t number) { return static_cast<double>(number); },
                               [](double number) { return number; },
                               [](Unlimited) { return std::numeric_limits<double>::infinity(); }},
                    figure.number);
}

double ratio(const Figure& a, const Figure& b) {
  const bool same_unit = a.compared && b.compared && a.compared->denominator == b.compared->denominator;
  if (!same_unit) return magnitude(a) / magnitude(b);
  // One rounding less than through seconds.
  return static_cast<double>(a.compared->numerator) / static_cast<double>(b.compared->numerator);
}

}  // namespace fusescape
