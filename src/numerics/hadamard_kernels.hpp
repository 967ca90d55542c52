// How is one row transformed, with registers of 32 bytes? Included by hadamard.cpp twice, each time in a
// namespace of its own and with another FUSESCAPE_TARGET: for any processor, and for those with AVX2. Not to
// be included elsewhere.
//
// Only +, - and one multiplication by the scale occur, in an order that does not depend on the processor, and
// nothing is contracted to a fused multiply-add: both copies give the same bits.

/// Products are unrolled by gcc; with sanitizers, clang takes minutes to do that.
#if defined(__clang__)
#define FUSESCAPE_UNROLL
#else
#define FUSESCAPE_UNROLL _Pragma("GCC unroll 20")
#endif

#define FUSESCAPE_KERNEL \
  template <class T>     \
  [[gnu::always_inline]] FUSESCAPE_TARGET inline void

/// 32 bytes of a row, which need not be aligned.
template <class T>
struct Register;
template <>
struct Register<float> {
  static constexpr std::size_t kLanes = 8;
  typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));  // NOLINT: an attribute.
  Vector v;
};
template <>
struct Register<double> {
  static constexpr std::size_t kLanes = 4;
  typedef double Vector __attribute__((vector_size(32), aligned(8), may_alias));  // NOLINT: an attribute.
  Vector v;
};

FUSESCAPE_KERNEL load(const T* from, Register<T>& to) {
  to.v = *reinterpret_cast<const typename Register<T>::Vector*>(from);
}

FUSESCAPE_KERNEL store(const Register<T>& from, T* to) {
  *reinterpret_cast<typename Register<T>::Vector*>(to) = from.v;
}

/// The stages between the lanes of one register, of strides 1, 2 and 4 (1 and 2 of doubles), below `Size`.
template <std::size_t Size>
[[gnu::always_inline]] FUSESCAPE_TARGET inline void within(Register<float>& x) {
  using V = Register<float>::Vector;
  x.v = __builtin_shufflevector(x.v, x.v, 1, 0, 3, 2, 5, 4, 7, 6) + x.v * V{1, -1, 1, -1, 1, -1, 1, -1};
  if (Size == 2) return;
  x.v = __builtin_shufflevector(x.v, x.v, 2, 3, 0, 1, 6, 7, 4, 5) + x.v * V{1, 1, -1, -1, 1, 1, -1, -1};
  if (Size == 4) return;
  x.v = __builtin_shufflevector(x.v, x.v, 4, 5, 6, 7, 0, 1, 2, 3) + x.v * V{1, 1, 1, 1, -1, -1, -1, -1};
}
template <std::size_t Size>
[[gnu::always_inline]] FUSESCAPE_TARGET inline void within(Register<double>& x) {
  using V = Register<double>::Vector;
  x.v = __builtin_shufflevector(x.v, x.v, 1, 0, 3, 2) + x.v * V{1, -1, 1, -1};
  if (Size == 2) return;
  x.v = __builtin_shufflevector(x.v, x.v, 2, 3, 0, 1) + x.v * V{1, 1, -1, -1};
}

/// The stages between R registers.
template <std::size_t R, class T>
[[gnu::always_inline]] FUSESCAPE_TARGET inline void between(Register<T>* x) {
  for (std::size_t stride = 1; stride < R; stride *= 2) {
    for (std::size_t i = 0; i < R; ++i) {
      if ((i & stride) != 0) continue;
      const Register<T> sum{x[i].v + x[i + stride].v};
      x[i + stride].v = x[i].v - x[i + stride].v;
      x[i].v = sum.v;
    }
  }
}

/// Stages of strides below R registers, and the scale, of rows of `size` values.
template <std::size_t R, class T>
[[gnu::always_inline]] FUSESCAPE_TARGET inline void first_pass(T* row, std::size_t size, T scale) {
  constexpr std::size_t kLanes = Register<T>::kLanes;
  Register<T> x[R];  // NOLINT(modernize-avoid-c-arrays): gcc 12 warns falsely about std::array's bounds.
  for (std::size_t begin = 0; begin < size; begin += R * kLanes) {
    for (std::size_t i = 0; i < R; ++i) {
      load(row + begin + i * kLanes, x[i]);
      x[i].v *= scale;
      within<kLanes>(x[i]);
    }
    between<R, T>(x);
    for (std::size_t i = 0; i < R; ++i) store(x[i], row + begin + i * kLanes);
  }
}

/// Stages of strides stride, 2 stride ... R stride / 2. Expects a stride of at least a register.
template <std::size_t R, class T>
[[gnu::always_inline]] FUSESCAPE_TARGET inline void strided_pass(T* row, std::size_t size,
                                                                 std::size_t stride) {
  Register<T> x[R];  // NOLINT(modernize-avoid-c-arrays): gcc 12 warns falsely about std::array's bounds.
  for (std::size_t begin = 0; begin < size; begin += R * stride) {
    for (std::size_t j = begin; j < begin + stride; j += Register<T>::kLanes) {
      for (std::size_t i = 0; i < R; ++i) load(row + j + i * stride, x[i]);
      between<R, T>(x);
      for (std::size_t i = 0; i < R; ++i) store(x[i], row + j + i * stride);
    }
  }
}

/// Registers that one pass holds when `left` strides are to be done: 8, but 4 + 4 rather than 8 + 2.
constexpr std::size_t radix_of(std::size_t left) {
  return left == 16 || left == 4 ? 4 : left >= 8 ? 8 : left;
}

FUSESCAPE_KERNEL pass_of(std::size_t radix, T* row, std::size_t size, std::size_t stride) {
  if (radix == 8) return strided_pass<8>(row, size, stride);
  if (radix == 4) return strided_pass<4>(row, size, stride);
  strided_pass<2>(row, size, stride);
}

/// Sylvester's transform of `size` values that stay in the first-level cache, and the scale. Expects at least
/// one register of them.
FUSESCAPE_KERNEL transform_leaf(T* row, std::size_t size, T scale) {
  constexpr std::size_t kLanes = Register<T>::kLanes;
  const std::size_t registers = std::min<std::size_t>(8, size / kLanes);
  if (registers == 8) first_pass<8>(row, size, scale);
  if (registers == 4) first_pass<4>(row, size, scale);
  if (registers == 2) first_pass<2>(row, size, scale);
  if (registers == 1) first_pass<1>(row, size, scale);
  for (std::size_t stride = registers * kLanes; stride < size;) {
    const std::size_t radix = radix_of(size / stride);
    pass_of(radix, row, size, stride);
    stride *= radix;
  }
}

/// Row `i` of `M` times x.
template <const auto& M, class T>
[[gnu::always_inline]] FUSESCAPE_TARGET inline Register<T> product(std::size_t i, const Register<T>* x) {
  constexpr std::size_t kOrder = M.size();
  const std::size_t first = M[i][0] == 0 ? 1 : 0;
  Register<T> sum{M[i][first] > 0 ? x[first].v : -x[first].v};
  FUSESCAPE_UNROLL
  for (std::size_t k = 1; k < kOrder; ++k) {
    if (k > first && M[i][k] > 0) sum.v += x[k].v;
    if (k > first && M[i][k] < 0) sum.v -= x[k].v;
  }
  return sum;
}

/// Values of a part of a row that stays in the first-level cache: 16 KiB.
template <class T>
inline constexpr std::size_t kLeaf = 16'384 / sizeof(T);

/// Sylvester's transform of each of `count` parts of 2^k values, and the scale. Above a leaf the longest
/// strides come first, each part of a row being finished while it is in a cache.
template <class T>
FUSESCAPE_TARGET void transform_powers(T* parts, std::size_t count, std::size_t size, T scale) {
  const std::size_t leaf = std::min(size, kLeaf<T>);
  for (std::size_t begin = 0; begin < count * size; begin += leaf) {
    for (std::size_t part = size; part > leaf;) {
      const std::size_t radix = radix_of(part / leaf);
      if (begin % part == 0) pass_of(radix, parts + begin, part, part / radix);
      part /= radix;
    }
    transform_leaf(parts + begin, leaf, scale);
  }
}

/// Strides in bytes from which the parts of a row meet in few sets of a cache: two lines of each part are
/// then read at once, and written at once.
constexpr std::size_t kLongStride = 2'048;

/// What is done across the parts of a row, `stride` values each: one struct for each base matrix. `Wide`
/// registers of each part at a time.
template <const auto& M>
struct Dense {
  static constexpr std::size_t kOrder = M.size();
  template <std::size_t Wide, class T>
  FUSESCAPE_TARGET static void across(T* row, std::size_t stride) {
    constexpr std::size_t kLanes = Register<T>::kLanes;
    for (std::size_t j = 0; j < stride; j += Wide * kLanes) {
      Register<T> x[Wide][kOrder];  // NOLINT(modernize-avoid-c-arrays): as above.
      for (std::size_t i = 0; i < kOrder; ++i) {
        for (std::size_t w = 0; w < Wide; ++w) load(row + j + w * kLanes + i * stride, x[w][i]);
      }
      FUSESCAPE_UNROLL
      for (std::size_t i = 0; i < kOrder; ++i) {
        for (std::size_t w = 0; w < Wide; ++w) store(product<M>(i, x[w]), row + j + w * kLanes + i * stride);
      }
    }
  }
};

/// Paley II from its conference matrix C: pairs (a, b) become C (a + b) + (a - b) and C (a - b) - (a + b),
/// with half the additions of the dense product.
template <const auto& C>
struct PaleyTwo {
  static constexpr std::size_t kPairs = C.size();
  static constexpr std::size_t kOrder = 2 * kPairs;
  template <std::size_t Wide, class T>
  FUSESCAPE_TARGET static void across(T* row, std::size_t stride) {
    constexpr std::size_t kLanes = Register<T>::kLanes;
    for (std::size_t j = 0; j < stride; j += Wide * kLanes) {
      Register<T> sums[Wide][kPairs];         // NOLINT(modernize-avoid-c-arrays): as above.
      Register<T> differences[Wide][kPairs];  // NOLINT(modernize-avoid-c-arrays): as above.
      for (std::size_t i = 0; i < kPairs; ++i) {
        for (std::size_t w = 0; w < Wide; ++w) {
          Register<T> a;
          Register<T> b;
          load(row + j + w * kLanes + 2 * i * stride, a);
          load(row + j + w * kLanes + (2 * i + 1) * stride, b);
          sums[w][i].v = a.v + b.v;
          differences[w][i].v = a.v - b.v;
        }
      }
      FUSESCAPE_UNROLL
      for (std::size_t i = 0; i < kPairs; ++i) {
        for (std::size_t w = 0; w < Wide; ++w) {
          const Register<T> even{product<C>(i, sums[w]).v + differences[w][i].v};
          store(even, row + j + w * kLanes + 2 * i * stride);
        }
        for (std::size_t w = 0; w < Wide; ++w) {
          const Register<T> odd{product<C>(i, differences[w]).v - sums[w][i].v};
          store(odd, row + j + w * kLanes + (2 * i + 1) * stride);
        }
      }
    }
  }
};

/// Rows of `Size` = 2 or 4 values, several to a register.
template <std::size_t Size, class T>
FUSESCAPE_TARGET void transform_in_registers(T* values, std::size_t count, T scale) {
  constexpr std::size_t kLanes = Register<T>::kLanes;
  const std::size_t rest = count % kLanes;
  T last[kLanes]{};  // NOLINT(modernize-avoid-c-arrays): as above.
  std::copy_n(values + count - rest, rest, last);
  const auto transform = [scale](T* at) FUSESCAPE_TARGET {
    Register<T> x;
    load(at, x);
    x.v *= scale;
    within<Size>(x);
    store(x, at);
  };
  for (std::size_t begin = 0; begin < count - rest; begin += kLanes) transform(values + begin);
  transform(last);
  std::copy_n(last, rest, values + count - rest);
}

/// Rows of powers shorter than a register: as many rows side by side as it has lanes.
template <class Base, class T>
FUSESCAPE_TARGET void transform_short_rows(T* rows, std::size_t count, std::size_t power, T scale) {
  constexpr std::size_t kLanes = Register<T>::kLanes;
  T lines[Base::kOrder * kLanes / 2 * kLanes];  // NOLINT(modernize-avoid-c-arrays): as above.
  const std::size_t size = Base::kOrder * power;
  for (std::size_t first = 0; first < count; first += kLanes) {
    const std::size_t together = std::min(kLanes, count - first);
    T* const block = rows + first * size;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t row = 0; row < kLanes; ++row)
        lines[i * kLanes + row] = row < together ? block[row * size + i] * scale : T{0};
    }
    for (std::size_t half = 1; half < power; half *= 2) strided_pass<2>(lines, size * kLanes, half * kLanes);
    Base::template across<1>(lines, power * kLanes);
    for (std::size_t row = 0; row < together; ++row) {
      for (std::size_t i = 0; i < size; ++i) block[row * size + i] = lines[i * kLanes + row];
    }
  }
}

template <class Base, class T>
FUSESCAPE_TARGET void transform_rows_by(T* rows, std::size_t count, std::size_t power, T scale) {
  constexpr std::size_t kLanes = Register<T>::kLanes;
  if (power < kLanes) return transform_short_rows<Base>(rows, count, power, scale);
  for (T* row = rows; row != rows + count * Base::kOrder * power; row += Base::kOrder * power) {
    transform_powers(row, Base::kOrder, power, scale);
    if (power == kLanes) {
      Base::template across<1>(row, power);
    } else if (power * sizeof(T) < kLongStride) {
      Base::template across<2>(row, power);
    } else {
      Base::template across<4>(row, power);
    }
  }
}

template <class T>
FUSESCAPE_TARGET void transform_rows_of_power(T* rows, std::size_t count, std::size_t size, T scale) {
  if (size == 1) return;
  if (size == 2) return transform_in_registers<2>(rows, count * size, scale);
  if (size == 4) return transform_in_registers<4>(rows, count * size, scale);
  transform_powers(rows, count, size, scale);
}

template <class T>
FUSESCAPE_TARGET void transform_rows(T* rows, std::size_t count, const Transform& transform, T scale) {
  const auto power = std::size_t{1} << static_cast<unsigned>(transform.order.log2);
  const bool two = transform.paley == Paley::kTwo;
  if (transform.order.base == 1) return transform_rows_of_power(rows, count, power, scale);
  if (transform.order.base == 12) {
    if (two) return transform_rows_by<PaleyTwo<kConference6>>(rows, count, power, scale);
    if (transform.inverse) return transform_rows_by<Dense<kOneOf12Transposed>>(rows, count, power, scale);
    return transform_rows_by<Dense<kOneOf12>>(rows, count, power, scale);
  }
  if (two) return transform_rows_by<PaleyTwo<kConference10>>(rows, count, power, scale);
  if (transform.inverse) return transform_rows_by<Dense<kOneOf20Transposed>>(rows, count, power, scale);
  transform_rows_by<Dense<kOneOf20>>(rows, count, power, scale);
}

#undef FUSESCAPE_KERNEL
#undef FUSESCAPE_UNROLL
