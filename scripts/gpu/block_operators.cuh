// The element-wise operators and the norm of a Mamba-1 block outside its state update, each alone, and the two
// fused groups that are made of them alone. Matmuls are the library's.
//
// Tensors, row-major: rows [L, width]. xz is [L, 2D]: x, then z. W_conv [D, K], with K = 4.
#pragma once

#include "state_update.cuh"

constexpr int kTaps = 4;

__device__ inline float sigmoid(float x) { return 1.0F / (1.0F + __expf(-x)); }
__device__ inline float softplus(float x) { return x > 20.0F ? x : log1pf(__expf(x)); }

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

// conv[l, d] = bias[d] + sum over k of W[d, k] * x[l - K + 1 + k, d], and SiLU of it if kSilu; a thread walks kRun tokens.
constexpr int kRun = 16;
template <class T, bool kSilu>
__global__ void convolution(const T* xz, const T* weight, const T* bias, T* made, Shape shape) {
  const std::int64_t column = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x);
  if (column >= shape.channels) return;
  float w[kTaps];
#pragma unroll
  for (int k = 0; k < kTaps; ++k) w[k] = to_float(weight[column * kTaps + k]);
  const float b = to_float(bias[column]);
  const std::int64_t first = std::int64_t{blockIdx.y} * kRun;
  const auto x_at = [&](std::int64_t token) {
    return token < 0 ? 0.0F : to_float(xz[token * 2 * shape.channels + column]);
  };
  float window[kTaps] = {0.0F, x_at(first - 3), x_at(first - 2), x_at(first - 1)};
#pragma unroll
  for (int i = 0; i < kRun; ++i) {
    const std::int64_t token = first + i;
    if (token >= shape.tokens) return;
    float sum = b;
#pragma unroll
    for (int k = 0; k + 1 < kTaps; ++k) window[k] = window[k + 1];
    window[kTaps - 1] = x_at(token);
#pragma unroll
    for (int k = 0; k < kTaps; ++k) sum += w[k] * window[k];
    if constexpr (kSilu) sum *= sigmoid(sum);
    made[token * shape.channels + column] = from_float<T>(sum);
  }
}

// made = x * g / sqrt(mean of x^2 + 1e-5): one block per row, which it holds in registers.
template <class T>
__global__ void rms_norm(const T* x, const T* gain, T* made, Shape shape) {
  constexpr int kMost = 8;
  const T* row = x + blockIdx.x * shape.channels;
  float values[kMost][kWidth<T>];
  float sum = 0.0F;
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    const std::int64_t column = (i * std::int64_t{blockDim.x} + threadIdx.x) * kWidth<T>;
    if (column >= shape.channels) break;
    load<kWidth<T>>(row + column, values[i]);
    for (const float value : values[i]) sum += value * value;
  }
  __shared__ float partial[kThreads / 32];
  sum = sum_over_lanes<32>(sum);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = 0.0F;
  for (const float part : partial) sum += part;
  const float scale = rsqrtf(sum / static_cast<float>(shape.channels) + 1e-5F);
#pragma unroll
  for (int i = 0; i < kMost; ++i) {
    const std::int64_t column = (i * std::int64_t{blockDim.x} + threadIdx.x) * kWidth<T>;
    if (column >= shape.channels) break;
    float g[kWidth<T>];
    load<kWidth<T>>(gain + column, g);
    for (int w = 0; w < kWidth<T>; ++w) values[i][w] *= scale * g[w];
    store<kWidth<T>>(values[i], made + blockIdx.x * shape.channels + column);
  }
}
