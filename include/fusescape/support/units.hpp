// What do numbers mean? Exact counts (bytes, operations, cycles) and measured quantities (mm2, pJ, s), each a
// type.
//
// Counts are checked 64-bit integers: a sum or product that does not fit becomes the sticky value
// `overflowed`, which compares greater than every number, so an absurd input ends in a refusal and never
// wraps.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace fusescape {

template <class Tag>
class Count {
 public:
  constexpr Count() = default;
  constexpr explicit Count(std::int64_t value) : value_{value} {}

  [[nodiscard]] static constexpr Count overflowed() {
    return Count{std::numeric_limits<std::int64_t>::max()};
  }
  [[nodiscard]] constexpr bool overflow() const { return *this == overflowed(); }

  /// The bare number, for printing and for mixed arithmetic. Meaningless after an overflow.
  [[nodiscard]] constexpr std::int64_t value() const { return value_; }

  friend constexpr Count operator+(Count a, Count b) {
    std::int64_t sum = 0;
    const bool fits = !a.overflow() && !b.overflow() && !__builtin_add_overflow(a.value_, b.value_, &sum);
    return fits ? Count{sum} : overflowed();
  }
  friend constexpr Count operator-(Count a, Count b) {
    std::int64_t difference = 0;
    const bool fits =
        !a.overflow() && !b.overflow() && !__builtin_sub_overflow(a.value_, b.value_, &difference);
    return fits ? Count{difference} : overflowed();
  }
  friend constexpr Count operator*(Count a, std::int64_t factor) {
    std::int64_t product = 0;
    const bool fits = !a.overflow() && !__builtin_mul_overflow(a.value_, factor, &product);
    return fits ? Count{product} : overflowed();
  }
  friend constexpr Count operator*(std::int64_t factor, Count a) { return a * factor; }
  /// An overflowed factor makes the product overflow, even with zero: nothing is known about it.
  template <class Other>
  friend constexpr Count operator*(Count a, Count<Other> factor) {
    return factor.overflow() ? overflowed() : a * factor.value();
  }

  constexpr Count& operator+=(Count o) { return *this = *this + o; }
  constexpr Count& operator-=(Count o) { return *this = *this - o; }
  friend constexpr auto operator<=>(const Count&, const Count&) = default;

 private:
  std::int64_t value_ = 0;
};

using Bytes = Count<struct ByteTag>;
using Elements = Count<struct ElementTag>;
using Ops = Count<struct OpTag>;        ///< One multiply-accumulate or one element-wise operation each.
using Visits = Count<struct VisitTag>;  ///< Times that a buffer gets another content.
using Cycles = Count<struct CycleTag>;

/// Smallest integer >= a / b. Expects a >= 0 and b > 0.
[[nodiscard]] constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a == 0 ? 0 : (a - 1) / b + 1;
}

/// Bytes that `count` elements of `bits` bits fill, packed, rounded up to whole bytes
/// (docs/model/traffic.md).
[[nodiscard]] constexpr Bytes bytes_of(Elements count, int bits) {
  if (bits % 8 == 0) return Bytes{bits / 8} * count;
  const Elements total = count * bits;
  return total.overflow() ? Bytes::overflowed() : Bytes{ceil_div(total.value(), 8)};
}

/// `bytes` rounded up to a whole number of `granule`s. Expects granule > 0.
[[nodiscard]] constexpr Bytes round_up(Bytes bytes, Bytes granule) {
  return bytes.overflow() ? bytes : Bytes{ceil_div(bytes.value(), granule.value())} * granule.value();
}

/// A double that knows its unit; units do not mix.
template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_{value} {}
  [[nodiscard]] constexpr double value() const { return value_; }

  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity{a.value_ + b.value_}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity{a.value_ - b.value_}; }
  friend constexpr Quantity operator*(Quantity a, double factor) { return Quantity{a.value_ * factor}; }
  friend constexpr Quantity operator*(double factor, Quantity a) { return a * factor; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  constexpr Quantity& operator+=(Quantity o) { return *this = *this + o; }
  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;

 private:
  double value_ = 0.0;
};

using SquareMm = Quantity<struct SquareMmTag>;
using Picojoules = Quantity<struct PicojouleTag>;
using Watts = Quantity<struct WattTag>;
using Seconds = Quantity<struct SecondTag>;
using Hertz = Quantity<struct HertzTag>;

[[nodiscard]] constexpr Seconds duration(Cycles cycles, Hertz clock) {
  return Seconds{static_cast<double>(cycles.value()) / clock.value()};
}

namespace literals {
constexpr Bytes operator""_B(unsigned long long n) {
  return Bytes{static_cast<std::int64_t>(n)};
}
constexpr Bytes operator""_KiB(unsigned long long n) {
  return 1024 * Bytes{static_cast<std::int64_t>(n)};
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return 1024 * operator""_KiB(n);
}
constexpr Cycles operator""_cycles(unsigned long long n) {
  return Cycles{static_cast<std::int64_t>(n)};
}
constexpr Hertz operator""_GHz(long double n) {
  return Hertz{static_cast<double>(n) * 1e9};
}
}  // namespace literals

}  // namespace fusescape
