// Which kinds of feed-forward network do models have? How many matrices each, and what lies between them.
#pragma once

#include <cstdint>

namespace fusescape {

/// GELU is taken in its sigmoid form, x * sigmoid(1.702 x) (Hendrycks and Gimpel, arXiv 1606.08415), whose
/// constant is folded into the matrices on both sides: the operators of a SiLU.
enum class Activation : unsigned char {
  kSwiGlu,  ///< silu(x W_gate) * (x W_up), then W_down (Shazeer, arXiv 2002.05202).
  kGeGlu,   ///< gelu(x W_gate) * (x W_up), then W_down.
  kGelu,    ///< gelu(x W_up), then W_down.
  kRelu2,   ///< max(0, x W_up)^2, then W_down (So et al., arXiv 2109.08668).
};

[[nodiscard]] constexpr bool is_gated(Activation activation) {
  return activation == Activation::kSwiGlu || activation == Activation::kGeGlu;
}

/// Matrices of E x F elements.
[[nodiscard]] constexpr std::int64_t matrices_of(Activation activation) {
  return is_gated(activation) ? 3 : 2;
}

}  // namespace fusescape
