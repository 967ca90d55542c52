#include "fusescape/numerics/hadamard.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "fusescape/support/contract.hpp"
#include "hadamard_matrix.hpp"
#include "threads.hpp"

namespace fusescape {
namespace {

namespace any_processor {
#define FUSESCAPE_TARGET
#include "hadamard_kernels.hpp"  // NOLINT(bugprone-suspicious-include)
#undef FUSESCAPE_TARGET
}  // namespace any_processor

#if defined(__x86_64__)
namespace with_avx2 {
#define FUSESCAPE_TARGET __attribute__((target("avx2")))
#include "hadamard_kernels.hpp"  // NOLINT(bugprone-suspicious-include)
#undef FUSESCAPE_TARGET
}  // namespace with_avx2
#endif

constexpr int kMostLog2 = 40;

std::int8_t sign_of(std::int64_t base, Paley paley, std::size_t row, std::size_t column) {
  if (base == 12) return (paley == Paley::kTwo ? kTwoOf12 : kOneOf12)[row][column];
  if (base == 20) return (paley == Paley::kTwo ? kTwoOf20 : kOneOf20)[row][column];
  return 1;
}

template <class T>
void transform_rows(T* rows, std::size_t count, const Transform& transform) {
  const T scale = static_cast<T>(1.0 / std::sqrt(static_cast<double>(transform.order.size())));
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return with_avx2::transform_rows(rows, count, transform, scale);
#endif
  any_processor::transform_rows(rows, count, transform, scale);
}

template <class T>
void rotate(std::span<T> rows, const Transform& transform, int jobs) {
  const auto size = static_cast<std::size_t>(transform.order.size());
  FUSESCAPE_EXPECTS(rows.size() % size == 0);
  const std::size_t count = rows.size() / size;
  const std::size_t parts = std::min(std::max<std::size_t>(count, 1), thread_count(rows.size(), jobs));
  for_parts(count, parts, [&](std::size_t, std::size_t begin, std::size_t end) {
    transform_rows(rows.data() + begin * size, end - begin, transform);
  });
}

}  // namespace

std::optional<HadamardOrder> hadamard_order(std::int64_t n) {
  if (n < 1) return std::nullopt;
  for (const std::int64_t base : {std::int64_t{1}, std::int64_t{12}, std::int64_t{20}}) {
    if (n % base != 0 || (n / base & (n / base - 1)) != 0) continue;
    return HadamardOrder{base, __builtin_ctzll(static_cast<unsigned long long>(n / base))};
  }
  return std::nullopt;
}

HadamardOrder nearest_hadamard_order(std::int64_t n) {
  FUSESCAPE_EXPECTS(n >= 1 && n <= std::int64_t{1} << kMostLog2);
  HadamardOrder best;
  const auto distance = [&](const HadamardOrder& order) { return std::abs(order.size() - n); };
  for (const std::int64_t base : {std::int64_t{1}, std::int64_t{12}, std::int64_t{20}}) {
    for (int log2 = 0; log2 <= kMostLog2; ++log2) {
      const HadamardOrder order{base, log2};
      const bool nearer = distance(order) < distance(best) ||
                          (distance(order) == distance(best) && order.size() < best.size());
      if (nearer) best = order;
    }
  }
  return best;
}

Eigen::MatrixXd hadamard_matrix(HadamardOrder order, Paley paley) {
  FUSESCAPE_EXPECTS(order.size() <= 32'768);
  const std::int64_t n = order.size();
  const std::int64_t stride = std::int64_t{1} << static_cast<unsigned>(order.log2);
  Eigen::MatrixXd matrix(n, n);
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t column = 0; column < n; ++column) {
      const auto common = static_cast<unsigned long long>((row % stride) & (column % stride));
      const double sylvester = __builtin_parityll(common) != 0 ? -1 : 1;
      const std::int8_t sign = sign_of(order.base, paley, static_cast<std::size_t>(row / stride),
                                       static_cast<std::size_t>(column / stride));
      matrix(row, column) = sylvester * sign;
    }
  }
  return matrix;
}

void rotate_rows(std::span<float> rows, const Transform& transform, int jobs) {
  rotate(rows, transform, jobs);
}

void rotate_rows(std::span<double> rows, const Transform& transform, int jobs) {
  rotate(rows, transform, jobs);
}

}  // namespace fusescape
