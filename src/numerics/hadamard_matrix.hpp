// Which entries have the Hadamard matrices of order 12 and 20? Paley's two constructions, at compile time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fusescape/numerics/hadamard.hpp"

namespace fusescape {

template <std::size_t N>
using Signs = std::array<std::array<std::int8_t, N>, N>;

/// Elements of GF(q), q = p or p^2 with p = 3 mod 4, numbered a + p b for a + b i with i^2 = -1.
struct GaloisField {
  int p = 0;
  int q = 0;

  [[nodiscard]] constexpr int minus(int x, int y) const {
    return (x % p - y % p + p) % p + p * ((x / p - y / p + p) % p);
  }
  [[nodiscard]] constexpr int square(int x) const {
    const int a = x % p;
    const int b = x / p;
    return ((a * a - b * b) % p + p) % p + p * ((2 * a * b) % p);
  }
  /// 0 of 0, 1 of a square, -1 of the others.
  [[nodiscard]] constexpr int character(int x) const {
    if (x == 0) return 0;
    for (int root = 1; root < q; ++root) {
      if (square(root) == x) return 1;
    }
    return -1;
  }
};

constexpr GaloisField field_of(int q) {
  return q == 9 ? GaloisField{3, 9} : GaloisField{q, q};
}

/// Jacobsthal's matrix with a border: symmetric for q = 1 mod 4, skew for q = 3 mod 4; C C^T = q I.
template <int Q>
constexpr Signs<Q + 1> conference_matrix() {
  constexpr GaloisField kField = field_of(Q);
  constexpr int kBorder = Q % 4 == 1 ? 1 : -1;
  Signs<Q + 1> c{};
  for (int i = 1; i <= Q; ++i) {
    c[0][static_cast<std::size_t>(i)] = 1;
    c[static_cast<std::size_t>(i)][0] = kBorder;
    for (int j = 1; j <= Q; ++j) {
      const int entry = kField.character(kField.minus(i - 1, j - 1));
      c[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = static_cast<std::int8_t>(entry);
    }
  }
  return c;
}

/// Paley I: I + C with q = 3 mod 4.
template <int Q>
constexpr Signs<Q + 1> paley_one() {
  Signs<Q + 1> h = conference_matrix<Q>();
  for (std::size_t i = 0; i <= Q; ++i) h[i][i] = 1;
  return h;
}

/// Paley II: C x [1 1; 1 -1] + I x [1 -1; -1 -1] with q = 1 mod 4; symmetric.
template <int Q>
constexpr Signs<2 * (Q + 1)> paley_two() {
  constexpr Signs<Q + 1> kC = conference_matrix<Q>();
  Signs<2 * (Q + 1)> h{};
  for (std::size_t i = 0; i <= Q; ++i) {
    for (std::size_t j = 0; j <= Q; ++j) {
      const std::int8_t c = kC[i][j];
      const std::int8_t one = i == j ? 1 : 0;
      h[2 * i][2 * j] = static_cast<std::int8_t>(c + one);
      h[2 * i][2 * j + 1] = static_cast<std::int8_t>(c - one);
      h[2 * i + 1][2 * j] = static_cast<std::int8_t>(c - one);
      h[2 * i + 1][2 * j + 1] = static_cast<std::int8_t>(-c - one);
    }
  }
  return h;
}

inline constexpr Signs<6> kConference6 = conference_matrix<5>();
inline constexpr Signs<10> kConference10 = conference_matrix<9>();
inline constexpr Signs<12> kOneOf12 = paley_one<11>();
inline constexpr Signs<20> kOneOf20 = paley_one<19>();
inline constexpr Signs<12> kTwoOf12 = paley_two<5>();
inline constexpr Signs<20> kTwoOf20 = paley_two<9>();

template <std::size_t N>
constexpr Signs<N> transposed(const Signs<N>& signs) {
  Signs<N> out{};
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = 0; j < N; ++j) out[j][i] = signs[i][j];
  }
  return out;
}

inline constexpr Signs<12> kOneOf12Transposed = transposed(kOneOf12);
inline constexpr Signs<20> kOneOf20Transposed = transposed(kOneOf20);

}  // namespace fusescape
