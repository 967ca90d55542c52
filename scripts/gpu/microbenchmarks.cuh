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
    for (float& value : x) value = kExp ? exp2_approx(value) : value * factor + factor;
  }
  if (x[0] + x[1] + x[2] + x[3] == 12345.0F) out[0] = x[0];
}

// One vector per thread.
static __global__ void copy_once(const float4* from, float4* to) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  to[i] = from[i];
}

// kSteps exponentials on each of four values per thread, and beside each six multiplications of another value.
static __global__ void exp_beside_multiplications(float* out, float factor) {
  float x[4] = {threadIdx.x * 1e-3F, threadIdx.x * 2e-3F, threadIdx.x * 3e-3F, threadIdx.x * 4e-3F};
  float y[4] = {1.0F, 2.0F, 3.0F, 4.0F};
  for (int i = 0; i < kSteps; ++i) {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      x[k] = exp2_approx(x[k]);
#pragma unroll
      for (int j = 0; j < 6; ++j) y[k] = y[k] * factor + factor;
    }
  }
  if (x[0] + x[1] + x[2] + x[3] + y[0] + y[1] + y[2] + y[3] == 12345.0F) out[0] = x[0];
}

// Reads of 16 bytes of shared memory, of which a warp asks for kDistinct different ones.
template <int kDistinct>
__global__ void shared_reads(float* out) {
  constexpr int kWords = 1024;
  __shared__ float4 words[kWords];
  for (int i = static_cast<int>(threadIdx.x); i < kWords; i += static_cast<int>(blockDim.x)) {
    words[i] = float4{static_cast<float>(i), 1.0F, 2.0F, 3.0F};
  }
  __syncthreads();
  float sum = 0.0F;
  int at = static_cast<int>(threadIdx.x) % 32 % kDistinct;
  for (int i = 0; i < kSteps / 4; ++i) {
#pragma unroll
    for (int k = 0; k < 16; ++k) {
      const float4 value = words[(at + k * kDistinct) % kWords];
      sum += value.x + value.y + value.z + value.w;  // All four: a read of fewer would be a shorter one.
    }
    at = (at + (sum == 12345.0F ? 1 : kDistinct)) % (kWords / 2);
  }
  if (sum == 12345.0F) out[0] = sum;
}

// As many dependent steps as `steps` of a recurrence whose operands are in registers.
static __global__ void recurrence_steps(float* out, float decay, int steps) {
  float h = static_cast<float>(threadIdx.x);
  for (int i = 0; i < steps; ++i) h = decay * h + decay;
  if (h == 12345.0F) out[0] = h;
}

static __global__ void nothing() {}

// Keeps the device busy for a millisecond or so: what is launched meanwhile waits in the queue, and is then started at the
// device's pace, not at that of the processor that launches.
static __global__ void hold() {
  constexpr long long kCycles = 2'000'000;
  const long long from = clock64();
  while (clock64() - from < kCycles) {
  }
}

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

// What events around a kernel say, the median of many launches as cases are timed: from a queue that holds them all.
template <class Launch>
double queued_us(Launch launch) {
  constexpr int kLaunches = 128;
  std::vector<cudaEvent_t> events(2 * kLaunches);
  for (cudaEvent_t& event : events) check(cudaEventCreate(&event));
  hold<<<1, 1>>>();
  for (int i = 0; i < kLaunches; ++i) {
    check(cudaEventRecord(events[2 * i]));
    launch(i);
    check(cudaEventRecord(events[2 * i + 1]));
  }
  check(cudaDeviceSynchronize());
  std::vector<float> ms(kLaunches);
  for (int i = 0; i < kLaunches; ++i) check(cudaEventElapsedTime(&ms[i], events[2 * i], events[2 * i + 1]));
  for (const cudaEvent_t event : events) check(cudaEventDestroy(event));
  std::sort(ms.begin(), ms.end());
  return 1000.0 * ms[kLaunches / 2];
}

// What instructions around an element's operation take of a lane (128 in a multiprocessor), and a step of a recurrence.
inline void print_instructions(float* out, int grid, int clock_khz) {
  const double cycles_per_us = clock_khz / 1e3;
  const double done = 4.0 * kSteps * grid * 256;
  const double lane_cycles_per_us = cycles_per_us * 132 * 128;
  const double beside = median_us([&] { exp_beside_multiplications<<<grid, 256>>>(out, 1.0001F); });
  const double broadcast = median_us([&] { shared_reads<8><<<grid, 256>>>(out); });
  const double distinct = median_us([&] { shared_reads<32><<<grid, 256>>>(out); });
  std::printf("exp_beside_6_multiplications,%.2f,lane cycles\n", lane_cycles_per_us * beside / done);
  std::printf("shared_read_16_bytes_8_distinct,%.2f,lane cycles\n", lane_cycles_per_us * broadcast / done);
  std::printf("shared_read_16_bytes_32_distinct,%.2f,lane cycles\n", lane_cycles_per_us * distinct / done);
  constexpr int kMany = 1 << 18;
  const double steps = median_us([&] { recurrence_steps<<<1, 32>>>(out, 0.5F, kMany); });
  std::printf("recurrence_step,%.2f,cycles\n", steps * cycles_per_us / kMany);
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
  const double copy = median_us([&] { copy_once<<<static_cast<unsigned>(count / 256), 256>>>(from, to); });
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
  std::printf("empty_launch,%.3f,us\n", queued_us([](int) { nothing<<<132, 128>>>(); }));
  // What no kernel that reads can be shorter than: each thread of a few copies one vector, from memory that is not in L2.
  constexpr std::int64_t kApart = std::int64_t{16} << 20U;
  std::printf("launch,%.3f,us\n",
              queued_us([&](int i) { copy_once<<<132, 128>>>(from + i * kApart / 16, to + i * kApart / 16); }));
  print_instructions(out, grid, clock_khz);
}
