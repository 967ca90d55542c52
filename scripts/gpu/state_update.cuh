// The selective state update of a Mamba-1 block on a GPU: a kernel for every group that the nine schemes of the
// fine-grained-fusion paper (arXiv 2504.17333) fuse.
//
//   dA = delta * A   Abar = exp(dA)   dB = delta * B   dBx = dB * u   h = Abar * h[l-1] + dBx   y = sum over n of C * h
//
// Tensors, row-major: delta, u, y [L, D]; A [D, N]; B, C [L, N]; dA, Abar, dB, dBx, h [L, D, N]; state [D, N], the last h.
// All arithmetic is in fp32, whatever the type T in memory; h before the first token is zero.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

struct Shape {
  std::int64_t tokens = 1;    // L
  std::int64_t channels = 1;  // D
};

template <class T>
__device__ float to_float(T x) {
  return static_cast<float>(x);
}
template <class T>
__device__ T from_float(float x) {
  return static_cast<T>(x);
}

// W consecutive elements as one access.
template <class T, int W>
struct alignas(sizeof(T) * W) Pack {
  T element[W];
};

// 2^x as the special-function unit gives it; results below the least normal number are 0.
__device__ inline float exp2_approx(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}
constexpr float kLog2E = 1.44269504F;

template <int W, class T>
__device__ Pack<T, W> load_pack(const T* from) {
  return *reinterpret_cast<const Pack<T, W>*>(from);
}

template <int W, class T>
__device__ void unpack(const Pack<T, W>& from, float (&to)[W]) {
#pragma unroll
  for (int i = 0; i < W; ++i) to[i] = to_float(from.element[i]);
}

template <int W, class T>
__device__ void load(const T* from, float (&to)[W]) {
  unpack<W>(load_pack<W>(from), to);
}

template <int W, class T>
__device__ void store(const float (&from)[W], T* to) {
  Pack<T, W> pack;
#pragma unroll
  for (int i = 0; i < W; ++i) pack.element[i] = from_float<T>(from[i]);
  *reinterpret_cast<Pack<T, W>*>(to) = pack;
}

template <class T>
struct StateUpdate {
  const T *delta, *u, *a, *b, *c;
  T *da, *abar, *db, *dbx, *h, *y, *state;
};

// ---- Element-wise groups: a thread has 16 bytes of the [D, N] slice, of kRows tokens. ----

template <class T>
constexpr int kWidth = 16 / sizeof(T);
constexpr int kThreads = 256;
constexpr int kRows = 2;  // What they read is asked for, as it is in memory, before the first is used.

// What an element-wise group reads from a tensor that another kernel made, and what it makes.
enum class Elementwise { kDA, kExp, kDAExp, kDB, kDBx, kDBDBx };

template <class T, int N, Elementwise kGroup>
__global__ void elementwise(StateUpdate<T> t, Shape shape) {
  constexpr int W = kWidth<T>;
  constexpr bool kReadsA = kGroup == Elementwise::kDA || kGroup == Elementwise::kDAExp;
  constexpr bool kReadsB = kGroup == Elementwise::kDB || kGroup == Elementwise::kDBDBx;
  constexpr bool kReadsU = kGroup == Elementwise::kDBx || kGroup == Elementwise::kDBDBx;
  constexpr bool kMakesExp = kGroup == Elementwise::kExp || kGroup == Elementwise::kDAExp;
  const std::int64_t slice = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * W;
  const std::int64_t whole = shape.channels * N;
  if (slice >= whole) return;
  const T* made_before = kGroup == Elementwise::kExp ? t.da : t.db;
  T* made = kMakesExp ? t.abar : kReadsA ? t.da : kGroup == Elementwise::kDB ? t.db : t.dbx;
  const std::int64_t first = std::int64_t{blockIdx.y} * kRows;
  const int rows = static_cast<int>(min(std::int64_t{kRows}, shape.tokens - first));
  Pack<T, W> read[kRows];
  float factor[kRows];
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    if (i >= rows) break;
    const std::int64_t row = (first + i) * shape.channels + slice / N;
    const T* from = kReadsA   ? t.a + slice
                    : kReadsB ? t.b + (first + i) * N + slice % N
                              : made_before + (first + i) * whole + slice;
    read[i] = load_pack<W>(from);
    factor[i] = kMakesExp ? kLog2E : 1.0F;
    if constexpr (kReadsA || kReadsB) factor[i] *= to_float(t.delta[row]);
    if constexpr (kReadsU) factor[i] *= to_float(t.u[row]);
  }
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    if (i >= rows) break;
    float x[W];
    unpack<W>(read[i], x);
#pragma unroll
    for (int w = 0; w < W; ++w) {
      x[w] *= factor[i];
      if constexpr (kMakesExp) x[w] = exp2_approx(x[w]);
    }
    store<W>(x, made + (first + i) * whole + slice);
  }
}

// ---- The sum over n: N / kWidth<T> neighbouring lanes share a row. ----

template <int kLanes>
__device__ float sum_over_lanes(float x) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(~0U, x, distance);
  return x;
}

// A thread has kSlices vectors of a token, a block's width apart: they share C.
constexpr int kSlices = 2;

template <class T, int N>
__global__ void read_out(StateUpdate<T> t, Shape shape) {
  constexpr int W = kWidth<T>;
  static_assert(kThreads * W % N == 0);
  const std::int64_t whole = shape.channels * N;
  const std::int64_t first = (std::int64_t{blockIdx.x} * kThreads * kSlices + threadIdx.x) * W;
  const std::int64_t token = blockIdx.y;
  Pack<T, W> h[kSlices] = {};
#pragma unroll
  for (int i = 0; i < kSlices; ++i) {
    const std::int64_t slice = first + i * kThreads * W;
    if (slice < whole) h[i] = load_pack<W>(t.h + token * whole + slice);
  }
  float c[W];
  load<W>(t.c + token * N + first % N, c);
#pragma unroll
  for (int i = 0; i < kSlices; ++i) {
    const std::int64_t slice = first + i * kThreads * W;
    float sum = 0.0F;
#pragma unroll
    for (int w = 0; w < W; ++w) sum += to_float(h[i].element[w]) * c[w];
    sum = sum_over_lanes<N / W>(sum);
    if (slice < whole && slice % N == 0) t.y[token * shape.channels + slice / N] = from_float<T>(sum);
  }
}
