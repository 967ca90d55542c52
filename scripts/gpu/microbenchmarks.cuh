// What does this device attain on the simplest kernels? Each figure is the median of several launches.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "cases.cuh"

inline void check(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(error));
  std::exit(1);
}

// Values from -1 to -0.125 whether read as fp32 or as bf16: both halves of a word are the same bf16.
static __global__ void fill(unsigned* words, std::int64_t count) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const unsigned random = static_cast<unsigned>(i) * 2654435761U >> 16U;
    const unsigned half = 0xBE00U + random % 0x180U;
    words[i] = half << 16U | half;
  }
}

inline void fill_pool(char* pool, std::int64_t bytes) {
  fill<<<2048, 256>>>(reinterpret_cast<unsigned*>(pool), bytes / 4);
  check(cudaDeviceSynchronize());
}

template <bool kReads, bool kWrites>
__global__ void stream(const float4* from, float4* to, std::int64_t count) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  float sum = 0.0F;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    float4 value{1.0F, 2.0F, 3.0F, 4.0F};
    if constexpr (kReads) value = from[i];
    if constexpr (kWrites) to[i] = value;
    if constexpr (!kWrites) sum += value.x + value.y + value.z + value.w;
  }
  if constexpr (!kWrites) {
    if (sum == 12345.0F) to[0] = float4{sum, sum, sum, sum};
  }
}

// Reads the same `count` vectors `passes` times over.
static __global__ void read_again(const float4* from, float4* to, std::int64_t count, int passes) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  const std::int64_t mine = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  float sum = 0.0F;
  for (int pass = 0; pass < passes; ++pass) {
    for (std::int64_t i = mine; i < count; i += stride) {
      const float4 value = __ldcg(from + i);  // From L2, whatever L1 holds.
      sum += value.x + value.y + value.z + value.w;
    }
  }
  if (sum == 12345.0F) to[0] = float4{sum, sum, sum, sum};
}

constexpr int kSteps = 4096;

// kSteps dependent steps on each of four independent values per thread.
template <bool kExp>
__global__ void arithmetic(float* out, float factor) {
  float x[4] = {threadIdx.x * 1e-3F, threadIdx.x * 2e-3F, threadIdx.x * 3e-3F, threadIdx.x * 4e-3F};
  for (int i = 0; i < kSteps; ++i) {
#pragma unroll
    for (float& value : x) value = kExp ? exp2f(value) * 1.0e-3F : value * factor + factor;
  }
  if (x[0] + x[1] + x[2] + x[3] == 12345.0F) out[0] = x[0];
}

static __global__ void nothing() {}

template <class Launch>
double median_us(Launch launch, int launches = 15) {
  std::vector<float> ms(launches);
  cudaEvent_t from = nullptr;
  cudaEvent_t to = nullptr;
  check(cudaEventCreate(&from));
  check(cudaEventCreate(&to));
  for (int i = 0; i < 3; ++i) launch();
  for (float& time : ms) {
    check(cudaEventRecord(from));
    launch();
    check(cudaEventRecord(to));
    check(cudaEventSynchronize(to));
    check(cudaEventElapsedTime(&time, from, to));
  }
  std::sort(ms.begin(), ms.end());
  return 1000.0 * ms[ms.size() / 2];
}

inline void print_machine(char* pool, cublasHandle_t library) {
  cudaDeviceProp device{};
  check(cudaGetDeviceProperties(&device, 0));
  int driver = 0;
  int runtime = 0;
  int clock_khz = 0;
  check(cudaDriverGetVersion(&driver));
  check(cudaRuntimeGetVersion(&runtime));
  check(cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0));
  std::printf("figure,value,unit\n");
  std::printf("device,%s,\nmultiprocessors,%d,\nl2,%d,B\nclock,%d,kHz\ncuda_driver,%d,\ncuda_runtime,%d,\n", device.name,
              device.multiProcessorCount, device.l2CacheSize, clock_khz, driver, runtime);
  constexpr std::int64_t kBytes = std::int64_t{8} << 30U;
  const auto* from = reinterpret_cast<const float4*>(pool);
  auto* to = reinterpret_cast<float4*>(pool + kBytes);
  const std::int64_t count = kBytes / 16;
  const double read = median_us([&] { stream<true, false><<<132 * 16, 512>>>(from, to, count); });
  const double write = median_us([&] { stream<false, true><<<132 * 16, 512>>>(from, to, count); });
  const double copy = median_us([&] { stream<true, true><<<132 * 16, 512>>>(from, to, count); });
  // 16 MiB, read over and over by all multiprocessors: it stays in L2.
  constexpr std::int64_t kInL2 = std::int64_t{16} << 20U;
  constexpr int kPasses = 64;
  const double l2 = median_us([&] { read_again<<<132 * 4, 512>>>(from, to, kInL2 / 16, kPasses); });
  std::printf("l2_read_bandwidth,%.0f,GB/s\n", kPasses * static_cast<double>(kInL2) / l2 / 1e3);
  std::printf("read_bandwidth,%.0f,GB/s\n", kBytes / read / 1e3);
  std::printf("write_bandwidth,%.0f,GB/s\n", kBytes / write / 1e3);
  std::printf("copy_bandwidth,%.0f,GB/s\n", 2.0 * kBytes / copy / 1e3);
  const int grid = device.multiProcessorCount * 8;
  auto* out = reinterpret_cast<float*>(pool);
  const double steps = 4.0 * kSteps * grid * 256;
  const double fma = median_us([&] { arithmetic<false><<<grid, 256>>>(out, 1.0001F); });
  const double exp = median_us([&] { arithmetic<true><<<grid, 256>>>(out, 1.0F); });
  std::printf("fma_rate,%.0f,Gop/s\n", steps / fma / 1e3);
  std::printf("exp_rate,%.0f,Gop/s\n", steps / exp / 1e3);
  constexpr std::int64_t kSide = 8192;
  const double macs = static_cast<double>(kSide) * kSide * kSide;
  const double single = median_us([&] {
    matmul(library, reinterpret_cast<const float*>(pool), reinterpret_cast<const float*>(pool) + kSide * kSide,
           reinterpret_cast<float*>(pool) + 2 * kSide * kSide, kSide, kSide, kSide, kSide);
  });
  const double half = median_us([&] {
    const auto* x = reinterpret_cast<const __nv_bfloat16*>(pool);
    matmul(library, x, x + kSide * kSide, reinterpret_cast<__nv_bfloat16*>(pool) + 2 * kSide * kSide, kSide, kSide,
           kSide, kSide);
  });
  std::printf("fp32_matmul_rate,%.0f,GMAC/s\nbf16_matmul_rate,%.0f,GMAC/s\n", macs / single / 1e3, macs / half / 1e3);
  constexpr int kEmpty = 1000;
  const double gap = median_us([&] {
    for (int i = 0; i < kEmpty; ++i) nothing<<<132, 128>>>();
  });
  std::printf("launch_gap,%.3f,us\n", gap / kEmpty);
}
