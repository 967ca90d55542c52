// How fast are transforms beside a copy of the same memory, and entropies of many values?
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <vector>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/numerics/random.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kBytes = std::size_t{256} << 20U;  // Far beyond any cache.

template <class T>
std::vector<T> values_of(std::size_t count) {
  RandomStream random{1};
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = i < 4096 ? static_cast<T>(random.normal()) : values[i - 4096];
  return values;
}

/// What a transform is measured against: memcpy by as many threads.
template <class T>
void copy_once(const std::vector<T>& from, std::vector<T>& to, int threads) {
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (int i = 0; i < threads; ++i) {
    const std::size_t begin = from.size() * static_cast<std::size_t>(i) / static_cast<std::size_t>(threads);
    const std::size_t end = from.size() * static_cast<std::size_t>(i + 1) / static_cast<std::size_t>(threads);
    std::memcpy(to.data() + begin, from.data() + begin, (end - begin) * sizeof(T));
  }
  benchmark::ClobberMemory();
}

template <class T>
void copy(benchmark::State& state) {
  const std::vector<T> from = values_of<T>(kBytes / sizeof(T));
  std::vector<T> to(from.size());
  for (auto _ : state) copy_once(from, to, static_cast<int>(state.range(0)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kBytes));
}

/// Seconds that `work` takes.
template <class Work>
double seconds_of(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// `copies`: the least time of a transform over the least time of a copy; both take turns, so that what else
/// the machine does slows both.
template <class T>
void rotate(benchmark::State& state) {
  const Transform transform{*hadamard_order(state.range(1)), Paley::kTwo, false};
  const auto width = static_cast<std::size_t>(state.range(1));
  const int threads = static_cast<int>(state.range(0));
  std::vector<T> values = values_of<T>(kBytes / sizeof(T) / width * width);
  std::vector<T> to(values.size());
  double transformed = std::numeric_limits<double>::infinity();
  double copied = transformed;
  for (auto _ : state) {
    const double seconds = seconds_of([&] { rotate_rows(std::span{values}, transform, threads); });
    state.SetIterationTime(seconds);
    transformed = std::min(transformed, seconds);
    copied = std::min(copied, seconds_of([&] { copy_once(values, to, threads); }));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(values.size() * sizeof(T)));
  state.counters["copies"] = transformed / copied;
}

void entropy_of_floats(benchmark::State& state) {
  const std::vector<float> values = values_of<float>(100'000'000);
  for (auto _ : state) {
    const Histogram histogram =
        histogram_of(std::span<const float>{values}, MinMaxRange{}, 256, static_cast<int>(state.range(0)));
    benchmark::DoNotOptimize(entropy(histogram, LogBase::kBits));
  }
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int threads : {1, 2}) {
    for (const int width : {4, 64, 256, 1024, 4096, 65'536, 48, 192, 768, 1536, 2560, 5120, 20'480})
      bench->Args({threads, width});
  }
}

BENCHMARK(copy<float>)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(rotate<float>)->Apply(sizes)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(copy<double>)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(rotate<double>)->Apply(sizes)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(entropy_of_floats)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fusescape
