#include "fusescape/exec/semantics.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

/// log(1 + e^x), without overflow.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

double sum_of(std::span<const double> in) {
  return std::accumulate(in.begin(), in.end(), 0.0);
}

double product_of(std::span<const double> in) {
  return std::accumulate(in.begin(), in.end(), 1.0, std::multiplies<>{});
}

}  // namespace

double element(OpKind kind, std::span<const double> in) {
  switch (kind) {
    case OpKind::kMul:
      return product_of(in);
    case OpKind::kAdd:
      return sum_of(in);
    case OpKind::kSub:
      return in[0] - sum_of(in.subspan(1));
    case OpKind::kDiv:
      return in[0] / in[1];
    case OpKind::kMax:
      return std::max(in[0], in[1]);
    case OpKind::kExp:
      return std::exp(in[0]);
    case OpKind::kSoftplus:
      return softplus(sum_of(in));
    case OpKind::kSilu:
      return in[0] * sigmoid(in[0]);
    case OpKind::kSigmoid:
      return sigmoid(in[0]);
    case OpKind::kRelu:
      return std::max(in[0], 0.0);
    case OpKind::kSquare:
      return in[0] * in[0];
    case OpKind::kSqrt:
      return std::sqrt(in[0]);
    case OpKind::kRsqrt:
      return 1.0 / std::sqrt(in[0]);
    case OpKind::kReciprocal:
      return 1.0 / in[0];
    case OpKind::kScan:
      return in[0] * in[1] + in[2];
    case OpKind::kGather:
      return in[0];
    case OpKind::kMatmul:
    case OpKind::kConv:
    case OpKind::kReduceSum:
    case OpKind::kReduceMean:
    case OpKind::kReduceMax:
      break;
  }
  FUSESCAPE_EXPECTS(!sums(kind));
  return 0.0;
}

}  // namespace fusescape
