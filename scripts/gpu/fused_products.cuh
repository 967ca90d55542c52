// Element-wise operators fused with the product that reads them: conv + SiLU + x_proj, and skip + gate + out_proj. For one token,
// where a product is a walk over its weights: of many, a library's product is faster by more than the fused bytes take.
//
// Tensors, row-major: xz [L, 2D]: x, then z. W_conv [D, K]. W_x [D, X], W_out [D, E]. x, y [L, D].
#pragma once

#include <cooperative_groups.h>

#include "block_operators.cuh"

// What a product reads of row `token`, column d; also stored where others read it, by one block of all.
template <class T>
struct ConvolvedInput {
  const T *xz, *weight, *bias;
  T* made;
  __device__ float operator()(std::int64_t token, std::int64_t d, std::int64_t channels, bool stores) const {
    float taps[kTaps];
    load<kTaps>(weight + d * kTaps, taps);
    float sum = to_float(bias[d]);
#pragma unroll
    for (int k = 0; k < kTaps; ++k) {
      const std::int64_t from = token - (kTaps - 1) + k;
      if (from >= 0) sum += taps[k] * to_float(xz[from * 2 * channels + d]);
    }
    sum *= sigmoid(sum);
    if (stores) made[token * channels + d] = from_float<T>(sum);
    return to_float(from_float<T>(sum));
  }
};
template <class T>
struct GatedInput {
  const T *x, *y, *xz, *per_channel;
  __device__ float operator()(std::int64_t token, std::int64_t d, std::int64_t channels, bool) const {
    const std::int64_t at = token * channels + d;
    const float z = to_float(xz[token * 2 * channels + channels + d]);
    return (to_float(y[at]) + to_float(x[at]) * to_float(per_channel[d])) * z * sigmoid(z);
  }
};

constexpr int kThreadsOfProduct = 256;
constexpr int kBlocksOfSum = 8;     // A cluster: each has an eighth of the rows of W.
constexpr int kVectorsOfBlock = 8;  // Of 16 bytes of a row of W.
constexpr int kSlicesOfRows = kThreadsOfProduct / kVectorsOfBlock;
constexpr int kRowsAtOnce = 10;  // Whose vectors a thread asks for before it uses the first.

// made[token, c] = sum over d of input(token, d) * W[d, c]; `channels` rows of W, a multiple of 8, and at most 8 x 640.
template <class T, class Input>
__global__ void __cluster_dims__(kBlocksOfSum, 1, 1) __launch_bounds__(kThreadsOfProduct)
    fused_product(Input input, const T* w, T* made, std::int64_t channels, std::int64_t columns) {
  constexpr int W = kWidth<T>;
  constexpr int kMostRows = 1024;
  __shared__ float values[kMostRows];
  __shared__ float partial[kSlicesOfRows][kVectorsOfBlock * W + 1];
  namespace groups = cooperative_groups;
  const groups::cluster_group cluster = groups::this_cluster();
  const std::int64_t token = blockIdx.z;
  const int rows = static_cast<int>(channels / kBlocksOfSum);
  const std::int64_t first_row = std::int64_t{blockIdx.x} * rows;
  const int vector = static_cast<int>(threadIdx.x) % kVectorsOfBlock;
  const int slice = static_cast<int>(threadIdx.x) / kVectorsOfBlock;
  const std::int64_t column = (std::int64_t{blockIdx.y} * kVectorsOfBlock + vector) * W;
  const int mine = column < columns ? rows : 0;
  Pack<T, W> weights[kRowsAtOnce];
  const auto ask = [&](int row) {
#pragma unroll
    for (int i = 0; i < kRowsAtOnce; ++i) {
      const int at = row + i * kSlicesOfRows;
      weights[i] = at < mine ? load_pack<W>(w + (first_row + at) * columns + column) : Pack<T, W>{};
    }
  };
  ask(slice);  // The first weights are on their way while the input is made.
  for (int i = threadIdx.x; i < kMostRows && i < rows + kSlicesOfRows * kRowsAtOnce; i += kThreadsOfProduct) {
    values[i] = i < rows ? input(token, first_row + i, channels, blockIdx.y == 0) : 0.0F;
  }
  __syncthreads();
  float sum[W] = {};
  for (int row = slice; row < mine; row += kSlicesOfRows * kRowsAtOnce) {
    if (row != slice) ask(row);
#pragma unroll
    for (int i = 0; i < kRowsAtOnce; ++i) {
      float of_row[W];
      unpack<W>(weights[i], of_row);
      const float value = values[row + i * kSlicesOfRows];
#pragma unroll
      for (int k = 0; k < W; ++k) sum[k] += value * of_row[k];
    }
  }
#pragma unroll
  for (int k = 0; k < W; ++k) partial[slice][vector * W + k] = sum[k];
  __syncthreads();
  const int place = threadIdx.x;  // Of a column among the block's.
  float total = 0.0F;
  for (int i = 0; i < kSlicesOfRows && place < kVectorsOfBlock * W; ++i) total += partial[i][place];
  __syncthreads();
  if (place < kVectorsOfBlock * W) partial[0][place] = total;
  cluster.sync();
  if (cluster.block_rank() == 0 && place < kVectorsOfBlock * W) {
    float all = 0.0F;
    for (int block = 0; block < kBlocksOfSum; ++block) all += *cluster.map_shared_rank(&partial[0][place], block);
    const std::int64_t at = std::int64_t{blockIdx.y} * kVectorsOfBlock * W + place;
    if (at < columns) made[token * columns + at] = from_float<T>(all);
  }
  cluster.sync();
}

template <class T, class Input>
void launch_fused_product(const Input& input, const T* w, T* made, Shape s, std::int64_t columns) {
  constexpr std::int64_t kColumns = kVectorsOfBlock * kWidth<T>;
  const dim3 grid(kBlocksOfSum, static_cast<unsigned>((columns + kColumns - 1) / kColumns), static_cast<unsigned>(s.tokens));
  fused_product<T, Input><<<grid, kThreadsOfProduct>>>(input, w, made, s.channels, columns);
}
