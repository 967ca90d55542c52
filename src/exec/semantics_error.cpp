#include "semantics_error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace fusescape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The largest slope of x * sigmoid(x), 1.0998..., rounded up.
constexpr double kSteepestSilu = 1.1;

/// Of a function that only rises or only falls, or turns at a point where its value is least in magnitude.
double error_at_ends(OpKind kind, double at, double error) {
  const std::array below{at - error};
  const std::array above{at + error};
  const std::array here{at};
  const double value = element(kind, here);
  return std::max(std::abs(element(kind, below) - value), std::abs(element(kind, above) - value));
}

double product_error(std::span<const double> in, std::span<const double> errors) {
  double exact = 1.0;
  double most = 1.0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    exact *= std::abs(in[i]);
    most *= std::abs(in[i]) + errors[i];
  }
  return most - exact;
}

double quotient_error(std::span<const double> in, std::span<const double> errors) {
  const double divisor = std::abs(in[1]) - errors[1];
  if (divisor <= 0.0) return kInfinity;
  return (errors[0] + std::abs(in[0] / in[1]) * errors[1]) / divisor;
}

double total_of(std::span<const double> numbers) {
  double sum = 0.0;
  for (const double number : numbers) sum += number;
  return sum;
}

double unrounded_error(OpKind kind, std::span<const double> in, std::span<const double> errors) {
  switch (kind) {
    case OpKind::kMul:
      return product_error(in, errors);
    case OpKind::kAdd:
    case OpKind::kSub:
    case OpKind::kSoftplus:  // Its slope is at most one.
      return total_of(errors);
    case OpKind::kDiv:
      return quotient_error(in, errors);
    case OpKind::kMax:
      return std::max(errors[0], errors[1]);
    case OpKind::kSilu:
      return kSteepestSilu * errors[0];
    case OpKind::kScan:
      return product_error(in.first(2), errors.first(2)) + errors[2];
    case OpKind::kSqrt:
    case OpKind::kRsqrt:
    case OpKind::kReciprocal:
      if (std::abs(in[0]) <= errors[0]) return kInfinity;
      return error_at_ends(kind, in[0], errors[0]);
    case OpKind::kGather:
      return errors[0];
    default:
      return error_at_ends(kind, in[0], errors[0]);
  }
}

}  // namespace

double element_error(OpKind kind, std::span<const double> inputs, std::span<const double> errors) {
  if (std::all_of(errors.begin(), errors.end(), [](double e) { return e == 0.0; })) return 0.0;
  // The functions themselves are computed in double precision, a few units in the last place off.
  constexpr double kSlack = 8.0 * std::numeric_limits<double>::epsilon();
  const double magnitude = std::abs(element(kind, inputs)) + total_of(errors);
  return unrounded_error(kind, inputs, errors) * (1.0 + kSlack) + kSlack * magnitude;
}

double rounded_error(double value, double error, const NumberFormat& format) {
  return error == 0.0 ? 0.0 : error + spacing(std::abs(value) + error, format);
}

void SumError::add(double term, double error) {
  terms += error;
  magnitude += std::abs(term);
  largest = std::max(largest, error);
  ++count;
}

double summation_error(OpKind kind, const SumError& sum, double value, std::int64_t terms,
                       const NumberFormat& output) {
  if (kind == OpKind::kReduceMax) return rounded_error(value, sum.largest, output);
  const bool single = sum.count <= 1 && sum.terms == 0.0;
  const double unit = single ? 0.0 : 0.5 * spacing(1.0, accumulator(output));
  const double n_units = unit * static_cast<double>(sum.count);
  if (n_units >= 1.0) return std::numeric_limits<double>::infinity();  // So few digits: anything goes.
  const double orders = 2.0 * n_units / (1.0 - n_units);
  double error = sum.terms + orders * (sum.magnitude + sum.terms);
  if (kind == OpKind::kReduceMean) error /= static_cast<double>(terms);
  return rounded_error(value, error, output);
}

}  // namespace fusescape
