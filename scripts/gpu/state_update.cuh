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

// ---- Element-wise groups: one thread per 16 bytes of a token's [D, N] slice, a row of blocks per token. ----

template <class T>
constexpr int kWidth = 16 / sizeof(T);
constexpr int kThreads = 256;

struct Place {
  std::int64_t slice;  // Element of [D, N].
  std::int64_t row;    // Element of [L, D].
  std::int64_t whole;  // Element of [L, D, N].
  std::int64_t state;  // Element of [L, N].
  bool inside;
};

template <class T, int N>
__device__ Place place(Shape shape) {
  const std::int64_t slice = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * kWidth<T>;
  const std::int64_t token = blockIdx.y;
  return {slice, token * shape.channels + slice / N, token * shape.channels * N + slice, token * N + slice % N,
          slice < shape.channels * N};
}

// What an element-wise group reads from a tensor that another kernel made, and what it makes.
enum class Elementwise { kDA, kExp, kDAExp, kDB, kDBx, kDBDBx };

template <class T, int N, Elementwise kGroup>
__global__ void elementwise(StateUpdate<T> t, Shape shape) {
  const Place at = place<T, N>(shape);
  if (!at.inside) return;
  float x[kWidth<T>];
  if constexpr (kGroup == Elementwise::kExp) load<kWidth<T>>(t.da + at.whole, x);
  if constexpr (kGroup == Elementwise::kDBx) load<kWidth<T>>(t.db + at.whole, x);
  if constexpr (kGroup == Elementwise::kDA || kGroup == Elementwise::kDAExp) load<kWidth<T>>(t.a + at.slice, x);
  if constexpr (kGroup == Elementwise::kDB || kGroup == Elementwise::kDBDBx) load<kWidth<T>>(t.b + at.state, x);
  float factor = 1.0F;
  if constexpr (kGroup != Elementwise::kExp && kGroup != Elementwise::kDBx) factor *= to_float(t.delta[at.row]);
  if constexpr (kGroup == Elementwise::kDBx || kGroup == Elementwise::kDBDBx) factor *= to_float(t.u[at.row]);
#pragma unroll
  for (float& value : x) {
    value *= factor;
    if constexpr (kGroup == Elementwise::kExp || kGroup == Elementwise::kDAExp) value = __expf(value);
  }
  T* made = t.da;
  if constexpr (kGroup == Elementwise::kExp || kGroup == Elementwise::kDAExp) made = t.abar;
  if constexpr (kGroup == Elementwise::kDB) made = t.db;
  if constexpr (kGroup == Elementwise::kDBx || kGroup == Elementwise::kDBDBx) made = t.dbx;
  store<kWidth<T>>(x, made + at.whole);
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
  const Place at = place<T, N>(shape);
  float sum = 0.0F;
  if (at.inside) {
    float h[kWidth<T>];
    float c[kWidth<T>];
    load<kWidth<T>>(t.h + at.whole, h);
    load<kWidth<T>>(t.c + at.state, c);
#pragma unroll
    for (int i = 0; i < kWidth<T>; ++i) sum += h[i] * c[i];
  }
  sum = sum_over_lanes<N / kWidth<T>>(sum);
  if (at.inside && at.slice % N == 0) t.y[at.row] = from_float<T>(sum);
}

// ---- Groups with the recurrence: a thread keeps W states in registers, takes kChunk tokens at a time, and reads the
// next ones' operands while it computes. ----

// Where a thread's operands of one token are; the next token's are one stride further.
template <class T>
struct Cursor {
  const T *delta, *u, *abar, *dbx, *b, *c;
  T *h, *y;
  int rows, slices;  // Elements from token to token: of [L, D], and of [L, D, N].

  __device__ Cursor(const StateUpdate<T>& t, Shape shape, int states, std::int64_t slice)
      : delta{t.delta + slice / states}, u{t.u + slice / states}, abar{t.abar + slice}, dbx{t.dbx + slice},
        b{t.b + slice % states}, c{t.c + slice % states}, h{t.h + slice}, y{t.y + slice / states},
        rows{static_cast<int>(shape.channels)}, slices{static_cast<int>(shape.channels) * states} {}

  template <int N>
  __device__ void advance(int tokens) {
    delta += tokens * rows;
    u += tokens * rows;
    y += tokens * rows;
    b += tokens * N;
    c += tokens * N;
    abar += std::int64_t{tokens} * slices;
    dbx += std::int64_t{tokens} * slices;
    h += std::int64_t{tokens} * slices;
  }
};

template <class T, int N, int W, int kChunk, bool kMakesAbar, bool kMakesDBx, bool kReadsOut>
struct ChunkOfTokens {
  float delta[kChunk], u[kChunk];
  float decay[kChunk][W], addend[kChunk][W], out[kChunk][W];

  __device__ void read(const Cursor<T>& at) {
#pragma unroll
    for (int i = 0; i < kChunk; ++i) {
      if constexpr (kMakesAbar || kMakesDBx) delta[i] = to_float(at.delta[i * at.rows]);
      if constexpr (kMakesDBx) u[i] = to_float(at.u[i * at.rows]);
      if constexpr (!kMakesAbar) load<W>(at.abar + std::int64_t{i} * at.slices, decay[i]);
      if constexpr (kMakesDBx) load<W>(at.b + i * N, addend[i]);
      if constexpr (!kMakesDBx) load<W>(at.dbx + std::int64_t{i} * at.slices, addend[i]);
      if constexpr (kReadsOut) load<W>(at.c + i * N, out[i]);
    }
  }

  // Advances h by the chunk's tokens and writes what they make; `leads`: this thread is the first of its row.
  __device__ void run(const Cursor<T>& at, const float (&a)[W], float (&h)[W], bool inside, bool leads) const {
#pragma unroll
    for (int i = 0; i < kChunk; ++i) {
      float sum = 0.0F;
      const float scaled = kMakesDBx ? delta[i] * u[i] : 0.0F;
#pragma unroll
      for (int w = 0; w < W; ++w) {
        const float abar = kMakesAbar ? exp2f(delta[i] * a[w]) : decay[i][w];
        h[w] = abar * h[w] + (kMakesDBx ? addend[i][w] * scaled : addend[i][w]);
        if constexpr (kReadsOut) sum += out[i][w] * h[w];
      }
      if constexpr (kReadsOut) {
        sum = sum_over_lanes<N / W>(sum);
        if (leads) at.y[i * at.rows] = from_float<T>(sum);
      } else {
        if (inside) store<W>(h, at.h + std::int64_t{i} * at.slices);
      }
    }
  }
};

template <class T, int N, int W, int kChunk, bool kMakesAbar, bool kMakesDBx, bool kReadsOut>
__global__ void recurrence(StateUpdate<T> t, Shape shape) {
  const std::int64_t mine = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * W;
  const bool inside = mine < shape.channels * N;
  const std::int64_t slice = inside ? mine : 0;
  const bool leads = inside && slice % N == 0;
  float a[W] = {};
  float h[W] = {};
  if constexpr (kMakesAbar) {
    constexpr float kLog2E = 1.44269504F;
    load<W>(t.a + slice, a);
    for (float& value : a) value *= kLog2E;
  }
  Cursor<T> at{t, shape, N, slice};
  const auto whole = static_cast<int>(shape.tokens / kChunk);
  if (whole > 0) {
    ChunkOfTokens<T, N, W, kChunk, kMakesAbar, kMakesDBx, kReadsOut> now;
    now.read(at);
    for (int chunk = 1; chunk < whole; ++chunk) {
      Cursor<T> ahead = at;
      ahead.template advance<N>(kChunk);
      ChunkOfTokens<T, N, W, kChunk, kMakesAbar, kMakesDBx, kReadsOut> next;
      next.read(ahead);
      now.run(at, a, h, inside, leads);
      now = next;
      at = ahead;
    }
    now.run(at, a, h, inside, leads);
    at.template advance<N>(kChunk);
  }
  for (auto left = static_cast<int>(shape.tokens % kChunk); left > 0; --left) {
    ChunkOfTokens<T, N, W, 1, kMakesAbar, kMakesDBx, kReadsOut> one;
    one.read(at);
    one.run(at, a, h, inside, leads);
    at.template advance<N>(1);
  }
  if constexpr (kReadsOut) {
    if (inside) store<W>(h, t.state + slice);
  }
}
