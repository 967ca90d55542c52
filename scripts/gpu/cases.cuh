// What is measured? A case is one kernel, or one library call, on one shape in one type: how many bytes its buffers
// take, and how it is launched on them.
#pragma once

#include <cublas_v2.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "fused_products.cuh"
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

// Layouts of a recurrence, from large blocks that share most to small ones of which many are there at once.
constexpr int kLayouts = 3;
using Layouts = std::array<Layout, kLayouts>;

// The fastest of some forty each at L = 128, 512 and 2048, on the five models' D.
template <class T, int N, bool kAbar, bool kDBx, bool kOut>
constexpr Layouts layouts() {
  constexpr bool kFp32 = sizeof(T) == 4;
  if (!kOut) {
    constexpr Layout kScan = N == 16 ? (kFp32 ? Layout{64, 2, 1, 4, 8} : Layout{32, 4, 1, 8, 8})
                                     : (kFp32 ? Layout{128, 2, 1, 4, 6} : Layout{128, 4, 1, 4, 6});
    return {kScan, kScan, kScan};
  }
  if (N == 16) {
    constexpr Layout kLarge{128, 2, 1, 32, 4, 8};
    constexpr Layout kSmall{64, 2, 1, 32, 3, 8};
    if (kAbar && kDBx && kFp32) return {{{128, 2, 1, 64, 3}, {64, 2, 1, 32, 3}, {64, 2, 1, 32, 3}}};
    if (kAbar && kDBx) return {kLarge, {64, 2, 1, 32, 3}, {64, 2, 1, 32, 3}};
    if (kFp32) return {kLarge, {64, 2, 1, 16, 4}, kDBx ? Layout{64, 2, 1, 8, 6, 8} : Layout{64, 2, 1, 16, 4}};
    return {kLarge, kSmall, kSmall};
  }
  constexpr Layout kMany{64, 4, 2, 8, 4};
  if (kAbar && kDBx) return {{{128, 4, 2, kFp32 ? 32 : 16, 3}, {128, 4, 1, 32, 3}, {64, 4, 2, 16, 4}}};
  if (kFp32) return {kDBx ? Layout{128, 2, 2, 16, 4} : Layout{128, 4, 1, 16, 4}, {64, 4, 1, 16, 3}, kMany};
  return {kDBx ? Layout{128, 4, 2, 16, 4} : Layout{128, 4, 1, 32, 3}, {128, 4, 1, 16, 3}, kMany};
}

// How the blocks of a layout lie over the multiprocessors.
struct Spread {
  std::int64_t most_channels = 0;  // Of the multiprocessor that has most of them.
  bool at_once = false;            // All of its blocks are there from the start.
};

template <class T, int N, Layout kLayout, bool kAbar, bool kDBx, bool kOut>
Spread spread(std::int64_t channels) {
  using Kernel = Recurrence<T, N, kLayout, kAbar, kDBx, kOut>;
  constexpr std::int64_t kMultiprocessors = 132;
  static const int there = [] {
    constexpr auto kKernel = recurrence<T, N, kLayout, kAbar, kDBx, kOut>;
    cudaFuncSetAttribute(kKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Kernel::kMostSharedBytes);
    int blocks = 0;
    cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kKernel, kLayout.block, Kernel::kMostSharedBytes);
    return blocks;
  }();
  const std::int64_t blocks = (channels / Kernel::kChannelsOfBlock + kMultiprocessors - 1) / kMultiprocessors;
  return {blocks * Kernel::kChannelsOfBlock, blocks <= there};
}

// Of the layouts that leave the fullest multiprocessor with fewest channels the first whose blocks are all there at once. If
// there is none, small blocks for few tokens, which end before others start, and else the first.
inline int chosen_layout(const std::array<Spread, kLayouts>& spreads, std::int64_t tokens) {
  constexpr std::int64_t kFewTokens = 256;
  int chosen = -1;
  int first = 0;
  for (int i = 1; i < kLayouts; ++i) {
    if (spreads[i].most_channels < spreads[first].most_channels) first = i;
  }
  for (int i = kLayouts - 1; i >= 0; --i) {
    if (spreads[i].most_channels == spreads[first].most_channels && spreads[i].at_once) chosen = i;
  }
  if (chosen >= 0) return chosen;
  return tokens <= kFewTokens ? kLayouts - 1 : first;
}

template <class T, int N, bool kAbar, bool kDBx, bool kOut>
void launch_recurrence(const StateUpdate<T>& t, Shape s) {
  constexpr Layouts kOf = layouts<T, N, kAbar, kDBx, kOut>();
  const int chosen = chosen_layout({spread<T, N, kOf[0], kAbar, kDBx, kOut>(s.channels),
                                    spread<T, N, kOf[1], kAbar, kDBx, kOut>(s.channels),
                                    spread<T, N, kOf[2], kAbar, kDBx, kOut>(s.channels)},
                                   s.tokens);
  if (chosen == 0) launch_laid_out<T, N, kOf[0], kAbar, kDBx, kOut>(t, s);
  if (chosen == 1) launch_laid_out<T, N, kOf[1], kAbar, kDBx, kOut>(t, s);
  if (chosen == 2) launch_laid_out<T, N, kOf[2], kAbar, kDBx, kOut>(t, s);
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

// The six kernels of the unfused scheme one after another, as one case. What they hand to each other is in new buffers at each
// launch ("unfused/new"), or in the same ones again ("unfused/kept"), as allocators of frameworks have it.
template <class T, int N>
void add_unfused(std::vector<Case>& cases, Shape s, const char* type, bool kept) {
  const auto run = [=](char* pool) {
    static char* workspace = nullptr;
    if (kept && pool != nullptr && workspace == nullptr) cudaMalloc(&workspace, std::int64_t{4} << 30U);
    Carver carver{pool};
    auto t = carve_state_update<T, N>(carver, s, "daubc", "y");
    Carver between{kept ? workspace : pool + carver.bytes()};
    const auto handed = carve_state_update<T, N>(between, s, "12345", "");
    t.da = handed.da, t.abar = handed.abar, t.db = handed.db, t.dbx = handed.dbx, t.h = handed.h;
    for (const char* name : {"dA", "exp", "dB", "dBx", "scan", "y"}) {
      for (const StateKernel<T>& kernel : state_kernels<T, N>()) {
        if (pool != nullptr && std::string{kernel.name} == name) kernel.launch(t, s);
      }
    }
    return carver.bytes() + between.bytes();
  };
  cases.push_back({kept ? "unfused/kept" : "unfused/new", s.tokens, s.channels, 0, N, type, run});
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

// `run` carves the buffers of a launch, and launches on them if it is told to.
template <class Run>
void add_of_block(std::vector<Case>& cases, const BlockShape& b, const char* name, const char* type, Run run) {
  cases.push_back({name, b.tokens, b.channels, b.width, static_cast<int>(b.states), type, [=](char* pool) {
                     Carver carver{pool};
                     run(carver, pool != nullptr);
                     return carver.bytes();
                   }});
}

template <class T>
void add_fused_products(std::vector<Case>& cases, BlockShape b, const char* type) {
  const Shape s{b.tokens, b.channels};
  const std::int64_t projected = b.rank + 2 * b.states;
  add_of_block(cases, b, "conv+conv_silu+x_proj", type, [=](Carver& carver, bool go) {
    ConvolvedInput<T> input{};
    input.xz = carver.take<T>(b.tokens * 2 * b.channels);
    input.weight = carver.take<T>(b.channels * kTaps);
    input.bias = carver.take<T>(b.channels);
    input.made = carver.take<T>(b.tokens * b.channels);
    const T* w = carver.take<T>(b.channels * projected);
    T* made = carver.take<T>(b.tokens * projected);
    if (go) launch_fused_product<T>(input, w, made, s, projected);
  });
  add_of_block(cases, b, "D_x+add_y_Dx+gate_silu+gate+out_proj", type, [=](Carver& carver, bool go) {
    GatedInput<T> input{};
    input.x = carver.take<T>(b.tokens * b.channels);
    input.y = carver.take<T>(b.tokens * b.channels);
    input.xz = carver.take<T>(b.tokens * 2 * b.channels);
    input.per_channel = carver.take<T>(b.channels);
    const T* w = carver.take<T>(b.channels * b.width);
    T* made = carver.take<T>(b.tokens * b.width);
    if (go) launch_fused_product<T>(input, w, made, s, b.width);
  });
}

template <class T>
void add_block_operators(std::vector<Case>& cases, BlockShape b, const char* type, cublasHandle_t library) {
  const Shape s{b.tokens, b.channels};
  const auto add = [&](const char* name, auto run) { add_of_block(cases, b, name, type, run); };
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
  if (b.tokens == 1) add_fused_products<T>(cases, b, type);
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
