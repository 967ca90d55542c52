// The element-wise operators and the norm of a Mamba-1 block outside its state update, each alone, and the two
// fused groups that are made of them alone. Matmuls are the library's.
//
// Tensors, row-major: rows [L, width]. xz is [L, 2D]: x, then z. W_conv [D, K], with K = 4.
#pragma once

#include "state_update.cuh"

constexpr int kTaps = 4;

// Two results of the special-function unit each: within 1e-6 of the exact function, or of its value where that is above 1.
__device__ inline float sigmoid(float x) {
  float quotient;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(quotient) : "f"(1.0F + exp2_approx(-kLog2E * x)));
  return quotient;
}
__device__ inline float softplus(float x) {
  float power;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(1.0F + exp2_approx(kLog2E * x)));
  return x > 20.0F ? x : power * (1.0F / kLog2E);
}

enum class RowOperator { kSilu, kSoftplus, kSkip, kAdd, kGateSilu, kGate, kResidual, kSkipAndGate };

template <class T>
struct Rows {
  const T *x, *other, *xz, *per_channel;
  T* made;
};

// One thread per 16 bytes of [L, width]; `width` is a multiple of 8.
template <class T, RowOperator kOperator>
__global__ void row_operator(Rows<T> t, Shape shape) {
  const std::int64_t column = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * kWidth<T>;
  if (column >= shape.channels) return;
  const std::int64_t at = blockIdx.y * shape.channels + column;
  const std::int64_t z_at = blockIdx.y * 2 * shape.channels + shape.channels + column;
  float x[kWidth<T>];
  float other[kWidth<T>] = {};
  float channel[kWidth<T>] = {};
  float z[kWidth<T>] = {};
  constexpr bool kTwo = kOperator == RowOperator::kAdd || kOperator == RowOperator::kGate ||
                        kOperator == RowOperator::kResidual || kOperator == RowOperator::kSkipAndGate;
  constexpr bool kPerChannel = kOperator == RowOperator::kSoftplus || kOperator == RowOperator::kSkip ||
                               kOperator == RowOperator::kSkipAndGate;
  if constexpr (kOperator == RowOperator::kGateSilu) {
    load<kWidth<T>>(t.xz + z_at, x);
  } else {
    load<kWidth<T>>(t.x + at, x);
  }
  if constexpr (kTwo) load<kWidth<T>>(t.other + at, other);
  if constexpr (kPerChannel) load<kWidth<T>>(t.per_channel + column, channel);
  if constexpr (kOperator == RowOperator::kSkipAndGate) load<kWidth<T>>(t.xz + z_at, z);
#pragma unroll
  for (int i = 0; i < kWidth<T>; ++i) {
    if constexpr (kOperator == RowOperator::kSilu || kOperator == RowOperator::kGateSilu) x[i] *= sigmoid(x[i]);
    if constexpr (kOperator == RowOperator::kSoftplus) x[i] = softplus(x[i] + channel[i]);
    if constexpr (kOperator == RowOperator::kSkip) x[i] *= channel[i];
    if constexpr (kOperator == RowOperator::kAdd || kOperator == RowOperator::kResidual) x[i] += other[i];
    if constexpr (kOperator == RowOperator::kGate) x[i] *= other[i];
    if constexpr (kOperator == RowOperator::kSkipAndGate) {
      x[i] = (other[i] + x[i] * channel[i]) * z[i] * sigmoid(z[i]);
    }
  }
  store<kWidth<T>>(x, t.made + at);
}

// conv[l, d] = bias[d] + sum over k of W[d, k] * x[l - K + 1 + k, d], and SiLU of it if kSilu: a thread makes kRun tokens of
// kConvolved channels, all of whose inputs it asks for before it uses the first.
constexpr int kRun = 8;
constexpr int kConvolved = 4;
template <class T, bool kSilu>
__global__ void convolution(const T* xz, const T* weight, const T* bias, T* made, Shape shape) {
  constexpr int W = kConvolved;
  const std::int64_t column = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * W;
  if (column >= shape.channels) return;
  const std::int64_t first = std::int64_t{blockIdx.y} * kRun;
  const int tokens = static_cast<int>(min(std::int64_t{kRun}, shape.tokens - first));
  Pack<T, W> window[kTaps - 1 + kRun];
  const T* from = xz + (first - (kTaps - 1)) * 2 * shape.channels + column;
#pragma unroll
  for (int i = 0; i < kTaps - 1 + kRun; ++i) {
    window[i] = Pack<T, W>{};
    const bool there = i < kTaps - 1 ? first > 0 : i - (kTaps - 1) < tokens;  // kRun is at least kTaps - 1.
    if (there) window[i] = load_pack<W>(from + i * 2 * shape.channels);
  }
  float taps[W][kTaps];
  float b[W];
#pragma unroll
  for (int w = 0; w < W; ++w) load<kTaps>(weight + (column + w) * kTaps, taps[w]);
  load<W>(bias + column, b);
#pragma unroll
  for (int i = 0; i < kRun; ++i) {
    float sum[W];
#pragma unroll
    for (int w = 0; w < W; ++w) {
      sum[w] = b[w];
#pragma unroll
      for (int k = 0; k < kTaps; ++k) sum[w] += taps[w][k] * to_float(window[i + k].element[w]);
      if constexpr (kSilu) sum[w] *= sigmoid(sum[w]);
    }
    if (i < tokens) store<W>(sum, made + (first + i) * shape.channels + column);
  }
}

// made = x * g / sqrt(mean of x^2 + 1e-5), of at most 2,560 columns: kThreadsOfRow<T> threads hold a row in registers.
constexpr int kThreadsOfRows = 128;
template <class T>
constexpr int kThreadsOfRow = 32 * sizeof(T);
template <class T>
__global__ void rms_norm(const T* x, const T* gain, T* made, Shape shape) {
  constexpr int W = kWidth<T>;
  constexpr int kOfRow = kThreadsOfRow<T>;
  constexpr int kMost = (2560 + kOfRow * W - 1) / (kOfRow * W);
  const int place = static_cast<int>(threadIdx.x) / kOfRow;  // Of the row among the block's.
  const int first = static_cast<int>(threadIdx.x) % kOfRow * W;
  const std::int64_t token = std::int64_t{blockIdx.x} * (kThreadsOfRows / kOfRow) + place;
  const std::int64_t row = token * shape.channels;
  const int columns = token < shape.tokens ? static_cast<int>(shape.channels) : 0;
  Pack<T, W> packs[kMost] = {};
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    const int column = i * kOfRow * W + first;
    if (column < columns) packs[i] = load_pack<W>(x + row + column);
  }
  float sum = 0.0F;
  float values[W];
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    unpack<W>(packs[i], values);
    for (const float value : values) sum += value * value;
  }
  __shared__ float partial[kThreadsOfRows / 32];
  sum = sum_over_lanes<32>(sum);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = 0.0F;
#pragma unroll
  for (int i = 0; i < kOfRow / 32; ++i) sum += partial[place * (kOfRow / 32) + i];
  const float scale = rsqrtf(sum / static_cast<float>(shape.channels) + 1e-5F);
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    const int column = i * kOfRow * W + first;
    if (column >= columns) break;
    float g[W];
    load<W>(gain + column, g);
    unpack<W>(packs[i], values);
    for (int w = 0; w < W; ++w) values[w] *= scale * g[w];
    store<W>(values, made + row + column);
  }
}

template <class T>
void launch_norm(const T* x, const T* gain, T* made, Shape shape) {
  constexpr int kRowsOfBlock = kThreadsOfRows / kThreadsOfRow<T>;
  rms_norm<<<static_cast<unsigned>((shape.tokens + kRowsOfBlock - 1) / kRowsOfBlock), kThreadsOfRows>>>(x, gain, made, shape);
}
