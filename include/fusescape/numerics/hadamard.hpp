// Which rotations spread a peak over all coordinates, and how are they applied fast? Normalised Hadamard
// transforms.
//
// A Hadamard matrix has entries +1 and -1 and orthogonal rows: M M^T = n I. The transform is H = M / sqrt(n),
// so H is orthogonal, keeps every norm, and |Hx|_inf <= |x|_1 / sqrt(n). Orders: 2^k (Sylvester), and 12 *
// 2^k and 20 * 2^k, a Kronecker product of a matrix of Paley's with Sylvester's.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>

namespace fusescape {

/// Which matrix of order 12 or 20. Orders 2^k have only Sylvester's, which is symmetric.
enum class Paley : unsigned char {
  kTwo,  ///< From q = 5 or 9: symmetric, so that H is its own inverse. The default everywhere.
  kOne,  ///< From q = 11 or 19: not symmetric; its inverse is its transpose.
};

/// n = base * 2^log2 with base 1, 12 or 20.
struct HadamardOrder {
  std::int64_t base = 1;
  int log2 = 0;

  [[nodiscard]] std::int64_t size() const { return base << static_cast<unsigned>(log2); }
};

/// `n` as an order, if there is one here. (Hadamard matrices of order 28, say, exist, and are not here.)
[[nodiscard]] std::optional<HadamardOrder> hadamard_order(std::int64_t n);

/// The order that is nearest to `n`; of two as near the smaller. Expects 1 <= n <= 2^40.
[[nodiscard]] HadamardOrder nearest_hadamard_order(std::int64_t n);

/// The matrix itself, not normalised: +1 and -1. Expects an order of at most 2^15.
[[nodiscard]] Eigen::MatrixXd hadamard_matrix(HadamardOrder order, Paley paley = Paley::kTwo);

struct Transform {
  HadamardOrder order;
  Paley paley = Paley::kTwo;
  bool inverse = false;  ///< H^T instead of H; the same but for Paley::kOne.
};

/// Replaces each row x of `order` values by H x. Additions in a fixed order: the same bits on every processor
/// and for any number of threads. Expects a whole number of rows. `jobs` threads; 0: one per core.
void rotate_rows(std::span<float> rows, const Transform& transform, int jobs = 0);
void rotate_rows(std::span<double> rows, const Transform& transform, int jobs = 0);

}  // namespace fusescape
