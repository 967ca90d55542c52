// How is one row transformed, with registers of 32 bytes? Included by hadamard.cpp twice, each time in a
// namespace of its own and with another FUSESCAPE_TARGET: for any processor, and for those with AVX2. Not to
// be included elsewhere.
//
// Only +, - and one multiplication by the scale occur, in an order that does not depend on the processor, and
// nothing is contracted to a fused multiply-add: both copies give the same bits.

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

/// The stages of strides 1, 2 and 4 (1 and 2 of doubles): between the lanes of one register.
[[gnu::always_inline]] FUSESCAPE_TARGET inline void within(Register<float>& x) {
  using V = Register<float>::Vector;
  x.v = __builtin_shufflevector(x.v, x.v, 1, 0, 3, 2, 5, 4, 7, 6) + x.v * V{1, -1, 1, -1, 1, -1, 1, -1};
  x.v = __builtin_shufflevector(x.v, x.v, 2, 3, 0, 1, 6, 7, 4, 5) + x.v * V{1, 1, -1, -1, 1, 1, -1, -1};
  x.v = __builtin_shufflevector(x.v, x.v, 4, 5, 6, 7, 0, 1, 2, 3) + x.v * V{1, 1, 1, 1, -1, -1, -1, -1};
}
[[gnu::always_inline]] FUSESCAPE_TARGET inline void within(Register<double>& x) {
  using V = Register<double>::Vector;
  x.v = __builtin_shufflevector(x.v, x.v, 1, 0, 3, 2) + x.v * V{1, -1, 1, -1};
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
      within(x[i]);
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

/// Sylvester's transform of `size` values that stay in the first-level cache. Expects at least one register
/// of them.
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

/// Values of a part of a row that stays in the first-level cache: 16 KiB.
template <class T>
inline constexpr std::size_t kLeaf = 16'384 / sizeof(T);

/// Sylvester's transform of 2^k values. Above a leaf the longest strides come first, each part of a row being
/// finished while it is in a cache.
FUSESCAPE_KERNEL transform_power(T* row, std::size_t size, T scale) {
  const std::size_t leaf = std::min(size, kLeaf<T>);
  for (std::size_t begin = 0; begin < size; begin += leaf) {
    for (std::size_t part = size; part > leaf;) {
      const std::size_t radix = radix_of(part / leaf);
      if (begin % part == 0) pass_of(radix, row + begin, part, part / radix);
      part /= radix;
    }
    transform_leaf(row + begin, leaf, scale);
  }
}

/// M of order N across N parts of `stride` values each, and the scale. Expects a stride of at least a
/// register.
template <const auto& M, class T>
[[gnu::always_inline]] FUSESCAPE_TARGET inline void base_pass(T* row, std::size_t stride, T scale) {
  constexpr std::size_t kOrder = M.size();
  for (std::size_t j = 0; j < stride; j += Register<T>::kLanes) {
    Register<T> x[kOrder];  // NOLINT(modernize-avoid-c-arrays): as above.
    for (std::size_t i = 0; i < kOrder; ++i) load(row + j + i * stride, x[i]);
#pragma GCC unroll 20
    for (std::size_t i = 0; i < kOrder; ++i) {
      Register<T> sum{x[0].v * static_cast<T>(M[i][0])};
#pragma GCC unroll 20
      for (std::size_t k = 1; k < kOrder; ++k) {
        if (M[i][k] > 0) sum.v += x[k].v;
        if (M[i][k] < 0) sum.v -= x[k].v;
      }
      sum.v *= scale;
      store(sum, row + j + i * stride);
    }
  }
}

template <const auto& M, class T>
FUSESCAPE_TARGET void transform_rows_with_base(T* rows, std::size_t count, std::size_t stride, T scale) {
  constexpr std::size_t kOrder = M.size();
  for (std::size_t row = 0; row < count; ++row) {
    T* const first = rows + row * kOrder * stride;
    for (std::size_t part = 0; part < kOrder; ++part) transform_power(first + part * stride, stride, T{1});
    base_pass<M>(first, stride, scale);
  }
}

template <class T>
FUSESCAPE_TARGET void transform_rows_of_power(T* rows, std::size_t count, std::size_t size, T scale) {
  for (std::size_t row = 0; row < count; ++row) transform_power(rows + row * size, size, scale);
}

template <class T>
FUSESCAPE_TARGET void transform_rows(T* rows, std::size_t count, const Transform& transform, T scale) {
  const auto stride = std::size_t{1} << static_cast<unsigned>(transform.order.log2);
  const bool one = transform.paley == Paley::kOne;
  if (transform.order.base == 1) return transform_rows_of_power(rows, count, stride, scale);
  if (transform.order.base == 12) {
    if (!one) return transform_rows_with_base<kTwoOf12>(rows, count, stride, scale);
    if (transform.inverse) return transform_rows_with_base<kOneOf12Transposed>(rows, count, stride, scale);
    return transform_rows_with_base<kOneOf12>(rows, count, stride, scale);
  }
  if (!one) return transform_rows_with_base<kTwoOf20>(rows, count, stride, scale);
  if (transform.inverse) return transform_rows_with_base<kOneOf20Transposed>(rows, count, stride, scale);
  transform_rows_with_base<kOneOf20>(rows, count, stride, scale);
}

#undef FUSESCAPE_KERNEL
