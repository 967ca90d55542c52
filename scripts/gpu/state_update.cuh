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
__device__ void load(const T* from, float (&to)[W]) {
  const Pack<T, W> pack = *reinterpret_cast<const Pack<T, W>*>(from);
#pragma unroll
  for (int i = 0; i < W; ++i) to[i] = to_float(pack.element[i]);
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

// ---- Element-wise groups: a thread has 16 bytes of the [D, N] slice, of one or two tokens. ----

template <class T>
constexpr int kWidth = 16 / sizeof(T);
constexpr int kThreads = 256;
// Two, but where 16 bytes of bf16 that are read become more than a few registers.
template <class T, bool kReadsWhole>
constexpr int kRows = sizeof(T) == 4 || !kReadsWhole ? 2 : 1;

// What an element-wise group reads from a tensor that another kernel made, and what it makes.
enum class Elementwise { kDA, kExp, kDAExp, kDB, kDBx, kDBDBx };
constexpr bool reads_whole(Elementwise group) { return group == Elementwise::kExp || group == Elementwise::kDBx; }

template <class T, int N, Elementwise kGroup>
__global__ void elementwise(StateUpdate<T> t, Shape shape) {
  constexpr int W = kWidth<T>;
  constexpr bool kReadsA = kGroup == Elementwise::kDA || kGroup == Elementwise::kDAExp;
  constexpr bool kReadsB = kGroup == Elementwise::kDB || kGroup == Elementwise::kDBDBx;
  constexpr bool kReadsMade = reads_whole(kGroup);
  constexpr int kTokens = kRows<T, kReadsMade>;
  constexpr bool kReadsU = kGroup == Elementwise::kDBx || kGroup == Elementwise::kDBDBx;
  constexpr bool kMakesExp = kGroup == Elementwise::kExp || kGroup == Elementwise::kDAExp;
  const std::int64_t slice = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * W;
  const std::int64_t whole = shape.channels * N;
  if (slice >= whole) return;
  const T* made_before = kGroup == Elementwise::kExp ? t.da : t.db;
  T* made = kMakesExp ? t.abar : kReadsA ? t.da : kGroup == Elementwise::kDB ? t.db : t.dbx;
  float a[W];
  if constexpr (kReadsA) load<W>(t.a + slice, a);
  const std::int64_t first = std::int64_t{blockIdx.y} * kTokens;
  const int rows = static_cast<int>(min(std::int64_t{kTokens}, shape.tokens - first));
  float x[kTokens][W];
  float factor[kTokens];
#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    if (i >= rows) break;
    const std::int64_t row = (first + i) * shape.channels + slice / N;
    factor[i] = kMakesExp ? kLog2E : 1.0F;
    if constexpr (kReadsMade) load<W>(made_before + (first + i) * whole + slice, x[i]);
    if constexpr (kReadsB) load<W>(t.b + (first + i) * N + slice % N, x[i]);
    if constexpr (kReadsA || kReadsB) factor[i] *= to_float(t.delta[row]);
    if constexpr (kReadsU) factor[i] *= to_float(t.u[row]);
  }
#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    if (i >= rows) break;
#pragma unroll
    for (int w = 0; w < W; ++w) {
      x[i][w] = factor[i] * (kReadsA ? a[w] : x[i][w]);
      if constexpr (kMakesExp) x[i][w] = exp2_approx(x[i][w]);
    }
    store<W>(x[i], made + (first + i) * whole + slice);
  }
}

// ---- The sum over n: N / kWidth<T> neighbouring lanes share a row. ----

template <int kLanes>
__device__ float sum_over_lanes(float x) {
#pragma unroll
  for (int distance = kLanes / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(~0U, x, distance);
  return x;
}

template <class T, int N>
__global__ void read_out(StateUpdate<T> t, Shape shape) {
  constexpr int W = kWidth<T>;
  const std::int64_t slice = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * W;
  const std::int64_t whole = shape.channels * N;
  const bool inside = slice < whole;
  constexpr int kTokens = kRows<T, true>;
  const std::int64_t first = std::int64_t{blockIdx.y} * kTokens;
  const int rows = static_cast<int>(min(std::int64_t{kTokens}, shape.tokens - first));
  float h[kTokens][W] = {};
  float c[kTokens][W] = {};
#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    if (i >= rows || !inside) break;
    load<W>(t.h + (first + i) * whole + slice, h[i]);
    load<W>(t.c + (first + i) * N + slice % N, c[i]);
  }
#pragma unroll
  for (int i = 0; i < kTokens; ++i) {
    float sum = 0.0F;
#pragma unroll
    for (int w = 0; w < W; ++w) sum += h[i][w] * c[i][w];
    sum = sum_over_lanes<N / W>(sum);
    if (i < rows && inside && slice % N == 0) t.y[(first + i) * shape.channels + slice / N] = from_float<T>(sum);
  }
}
