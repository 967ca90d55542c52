// What is measured? A case is one kernel, or one library call, on one shape in one type: how many bytes its buffers
// take, and how it is launched on them.
#pragma once

#include <cublas_v2.h>

#include <functional>
#include <string>
#include <vector>

#include "block_operators.cuh"
#include "recurrence.cuh"

// Buffers of one launch, carved from a pool; the next launch uses others, so that nothing of a launch is in L2 for it.
class Carver {
 public:
  explicit Carver(char* from) : at_{from} {}
  template <class T>
  T* take(std::int64_t elements) {
    T* const taken = reinterpret_cast<T*>(at_);
    bytes_ += (elements * sizeof(T) + 255) / 256 * 256;
    at_ = reinterpret_cast<char*>(taken) + (elements * sizeof(T) + 255) / 256 * 256;
    return taken;
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  char* at_;
  std::int64_t bytes_ = 0;
};

struct Case {
  std::string kernel;  // The group: its operators, joined by '+'.
  std::int64_t tokens = 0;
  std::int64_t channels = 0;  // D
  std::int64_t width = 0;     // E
  int states = 0;             // N
  std::string type;
  // Launches on buffers that start at `pool`, and returns their bytes; with null it only counts.
  std::function<std::int64_t(char* pool)> run;
};

inline dim3 blocks(std::int64_t elements, int per_thread, std::int64_t rows, int threads = kThreads) {
  const std::int64_t per_block = std::int64_t{threads} * per_thread;
  return {static_cast<unsigned>((elements + per_block - 1) / per_block), static_cast<unsigned>(rows)};
}

template <class T, int N>
StateUpdate<T> carve_state_update(Carver& carver, Shape s, const std::string& reads, const std::string& makes) {
  const std::int64_t whole = s.tokens * s.channels * N;
  const auto in = [&](char name) { return reads.find(name) != std::string::npos; };
  const auto out = [&](char name) { return makes.find(name) != std::string::npos; };
  StateUpdate<T> t{};
  if (in('d')) t.delta = carver.take<T>(s.tokens * s.channels);
  if (in('u')) t.u = carver.take<T>(s.tokens * s.channels);
  if (in('a')) t.a = carver.take<T>(s.channels * N);
  if (in('b')) t.b = carver.take<T>(s.tokens * N);
  if (in('c')) t.c = carver.take<T>(s.tokens * N);
  if (in('1') || out('1')) t.da = carver.take<T>(whole);
  if (in('2') || out('2')) t.abar = carver.take<T>(whole);
  if (in('3') || out('3')) t.db = carver.take<T>(whole);
  if (in('4') || out('4')) t.dbx = carver.take<T>(whole);
  if (in('5') || out('5')) t.h = carver.take<T>(whole);
  if (out('y')) t.y = carver.take<T>(s.tokens * s.channels);
  if (out('s')) t.state = carver.take<T>(s.channels * N);
  return t;
}

// A kernel of the state update: what it reads and makes, in the letters above, and its launch.
template <class T>
struct StateKernel {
  const char* name;
  const char* reads;
  const char* makes;
  void (*launch)(const StateUpdate<T>&, Shape);
};

template <class T, int N, Elementwise kGroup>
void launch_elementwise(const StateUpdate<T>& t, Shape s) {
  elementwise<T, N, kGroup><<<blocks(s.channels * N, kWidth<T>, (s.tokens + kRows - 1) / kRows), kThreads>>>(t, s);
}

template <class T, int N>
void launch_read_out(const StateUpdate<T>& t, Shape s) {
  read_out<T, N><<<blocks(s.channels * N, kWidth<T> * kSlices, s.tokens), kThreads>>>(t, s);
}

template <class T, int N, Layout kLayout, bool kAbar, bool kDBx, bool kOut>
void launch_laid_out(const StateUpdate<T>& t, Shape s) {
  using Kernel = Recurrence<T, N, kLayout, kAbar, kDBx, kOut>;
  constexpr auto kKernel = recurrence<T, N, kLayout, kAbar, kDBx, kOut>;
  static const cudaError_t allowed =
      cudaFuncSetAttribute(kKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Kernel::kMostSharedBytes);
  if (allowed != cudaSuccess) return;
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim = {Kernel::kCluster, 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(s.channels / Kernel::kChannelsOfBlock));
  config.blockDim = dim3(kLayout.block);
  config.dynamicSmemBytes = Kernel::shared_bytes(s.tokens);
  config.attrs = &cluster;
  config.numAttrs = Kernel::kCluster > 1 ? 1 : 0;
  cudaLaunchKernelEx(&config, kKernel, t, s);
}

// Two layouts of a recurrence: large blocks, and small ones for where large ones leave multiprocessors with little.
struct Layouts {
  Layout large, small;
};

// The fastest of some forty each at L = 2048, on the five models' D.
template <class T, int N, bool kAbar, bool kDBx, bool kOut>
constexpr Layouts layouts() {
  constexpr bool kFp32 = sizeof(T) == 4;
  if (!kOut) {
    constexpr Layout kScan = N == 16 ? (kFp32 ? Layout{64, 2, 1, 4, 8} : Layout{32, 4, 1, 8, 8})
                                     : (kFp32 ? Layout{128, 2, 1, 4, 6} : Layout{128, 4, 1, 4, 6});
    return {kScan, kScan};
  }
  if (N == 16) {
    constexpr Layout kLarge{128, 2, 1, 32, 4, 8};
    if (kAbar && kDBx && kFp32) return {{128, 2, 1, 64, 3}, {64, 2, 1, 32, 3}};
    if (kAbar && !kDBx) return {kLarge, kFp32 ? Layout{64, 2, 1, 16, 4} : Layout{64, 2, 1, 32, 4, 8}};
    return {kLarge, {64, 2, 1, 32, 3}};
  }
  if (kAbar && kDBx) return {{128, 4, 2, kFp32 ? 32 : 16, 3}, {128, 4, 1, 32, 3}};
  if (kFp32) return {kDBx ? Layout{128, 2, 2, 16, 4} : Layout{128, 4, 1, 16, 4}, {64, 4, 1, 16, 3}};
  if (kDBx) return {{128, 4, 2, 16, 4}, {128, 4, 1, 16, 3}};
  return {{128, 2, 2, 32, 3}, {128, 2, 2, 32, 3}};
}

// Channels that the multiprocessor with most of them has, in blocks of so many.
inline std::int64_t most_channels(std::int64_t channels, int of_block) {
  constexpr std::int64_t kMultiprocessors = 132;
  const std::int64_t blocks_of_all = channels / of_block;
  return (blocks_of_all + kMultiprocessors - 1) / kMultiprocessors * of_block;
}

template <class T, int N, bool kAbar, bool kDBx, bool kOut>
void launch_recurrence(const StateUpdate<T>& t, Shape s) {
  constexpr Layouts kLayouts = layouts<T, N, kAbar, kDBx, kOut>();
  constexpr int kLarge = Recurrence<T, N, kLayouts.large, kAbar, kDBx, kOut>::kChannelsOfBlock;
  constexpr int kSmall = Recurrence<T, N, kLayouts.small, kAbar, kDBx, kOut>::kChannelsOfBlock;
  if (most_channels(s.channels, kLarge) <= most_channels(s.channels, kSmall)) {
    launch_laid_out<T, N, kLayouts.large, kAbar, kDBx, kOut>(t, s);
  } else {
    launch_laid_out<T, N, kLayouts.small, kAbar, kDBx, kOut>(t, s);
  }
}

template <class T, int N>
const std::vector<StateKernel<T>>& state_kernels() {
  static const std::vector<StateKernel<T>> kAll{
      {"dA", "da", "1", launch_elementwise<T, N, Elementwise::kDA>},
      {"exp", "1", "2", launch_elementwise<T, N, Elementwise::kExp>},
      {"dA+exp", "da", "2", launch_elementwise<T, N, Elementwise::kDAExp>},
      {"dB", "db", "3", launch_elementwise<T, N, Elementwise::kDB>},
      {"dBx", "3u", "4", launch_elementwise<T, N, Elementwise::kDBx>},
      {"dB+dBx", "dub", "4", launch_elementwise<T, N, Elementwise::kDBDBx>},
      {"scan", "24", "5", launch_recurrence<T, N, false, false, false>},
      {"y", "5c", "y", launch_read_out<T, N>},
      {"dA+exp+scan+y", "da4c", "ys", launch_recurrence<T, N, true, false, true>},
      {"dB+dBx+scan+y", "2dubc", "ys", launch_recurrence<T, N, false, true, true>},
      {"dA+exp+dB+dBx+scan+y", "daubc", "ys", launch_recurrence<T, N, true, true, true>}};
  return kAll;
}

template <class T, int N>
void add_state_update(std::vector<Case>& cases, Shape s, const char* type) {
  for (const StateKernel<T>& kernel : state_kernels<T, N>()) {
    cases.push_back({kernel.name, s.tokens, s.channels, 0, N, type, [=](char* pool) {
                       Carver carver{pool};
                       const auto t = carve_state_update<T, N>(carver, s, kernel.reads, kernel.makes);
                       if (pool != nullptr) kernel.launch(t, s);
                       return carver.bytes();
                     }});
  }
}

inline dim3 blocks_of_convolution(Shape s) {
  return blocks(s.channels, kConvolved, (s.tokens + kRun - 1) / kRun, kThreadsOfRows);
}

// Which data type a matmul of T is.
template <class T>
constexpr cudaDataType_t kCublasType = CUDA_R_32F;
template <>
inline constexpr cudaDataType_t kCublasType<__nv_bfloat16> = CUDA_R_16BF;

// made [rows, to] = x [rows, from] * W [from, to], sums in fp32, no TF32.
template <class T>
void matmul(cublasHandle_t library, const T* x, const T* w, T* made, std::int64_t rows, std::int64_t from,
            std::int64_t to, std::int64_t x_stride) {
  const float one = 1.0F;
  const float zero = 0.0F;
  const auto narrow = [](std::int64_t n) { return static_cast<int>(n); };
  cublasGemmEx(library, CUBLAS_OP_N, CUBLAS_OP_N, narrow(to), narrow(rows), narrow(from), &one, w, kCublasType<T>,
               narrow(to), x, kCublasType<T>, narrow(x_stride), &zero, made, kCublasType<T>, narrow(to),
               CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}

struct BlockShape {
  std::int64_t tokens, width, channels, states, rank;
};

template <class T>
void add_block_operators(std::vector<Case>& cases, BlockShape b, const char* type, cublasHandle_t library) {
  const Shape s{b.tokens, b.channels};
  const auto add = [&](const char* name, auto run) {
    cases.push_back({name, b.tokens, b.channels, b.width, static_cast<int>(b.states), type, [=](char* pool) {
                       Carver carver{pool};
                       run(carver, pool != nullptr);
                       return carver.bytes();
                     }});
  };
  add("norm", [=](Carver& carver, bool go) {
    const T* x = carver.take<T>(b.tokens * b.width);
    const T* gain = carver.take<T>(b.width);
    T* made = carver.take<T>(b.tokens * b.width);
    if (go) launch_norm(x, gain, made, {b.tokens, b.width});
  });
  const auto add_matmul = [&](const char* name, std::int64_t from, std::int64_t to, std::int64_t stride) {
    add(name, [=](Carver& carver, bool go) {
      const T* x = carver.take<T>(b.tokens * stride);
      const T* w = carver.take<T>(from * to);
      T* made = carver.take<T>(b.tokens * to);
      if (go) matmul(library, x, w, made, b.tokens, from, to, stride);
    });
  };
  const std::int64_t projected = b.rank + 2 * b.states;
  add_matmul("in_proj", b.width, 2 * b.channels, b.width);
  add_matmul("x_proj", b.channels, projected, b.channels);
  add_matmul("dt_proj", b.rank, b.channels, projected);
  add_matmul("out_proj", b.channels, b.width, b.channels);
  const auto add_conv = [&]<bool kSilu>(const char* name) {
    add(name, [=](Carver& carver, bool go) {
      const T* xz = carver.take<T>(b.tokens * 2 * b.channels);
      const T* weight = carver.take<T>(b.channels * kTaps);
      const T* bias = carver.take<T>(b.channels);
      T* made = carver.take<T>(b.tokens * b.channels);
      if (go) convolution<T, kSilu><<<blocks_of_convolution(s), kThreadsOfRows>>>(xz, weight, bias, made, s);
    });
  };
  add_conv.template operator()<false>("conv");
  add_conv.template operator()<true>("conv+conv_silu");
  const auto row = [&]<RowOperator kOperator>(const char* name, bool x, bool other, bool xz, bool per_channel) {
    add(name, [=](Carver& carver, bool go) {
      Rows<T> t{};
      const std::int64_t wide = kOperator == RowOperator::kResidual ? b.width : b.channels;
      if (x) t.x = carver.take<T>(b.tokens * wide);
      if (other) t.other = carver.take<T>(b.tokens * wide);
      if (xz) t.xz = carver.take<T>(b.tokens * 2 * wide);
      if (per_channel) t.per_channel = carver.take<T>(wide);
      t.made = carver.take<T>(b.tokens * wide);
      if (go) row_operator<T, kOperator><<<blocks(wide, kWidth<T>, b.tokens), kThreads>>>(t, {b.tokens, wide});
    });
  };
  row.template operator()<RowOperator::kSilu>("conv_silu", true, false, false, false);
  row.template operator()<RowOperator::kSoftplus>("softplus", true, false, false, true);
  row.template operator()<RowOperator::kSkip>("D_x", true, false, false, true);
  row.template operator()<RowOperator::kAdd>("add_y_Dx", true, true, false, false);
  row.template operator()<RowOperator::kGateSilu>("gate_silu", false, false, true, false);
  row.template operator()<RowOperator::kGate>("gate", true, true, false, false);
  row.template operator()<RowOperator::kSkipAndGate>("D_x+add_y_Dx+gate_silu+gate", true, true, true, true);
  row.template operator()<RowOperator::kResidual>("residual", true, true, false, false);
}
