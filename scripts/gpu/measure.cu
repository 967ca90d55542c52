// What do the kernels of a Mamba-1 block take on this GPU?
//   measure machine            bandwidths, rates and the launch gap, once per device
//   measure time    SET        CSV: event timings of every case, launches one by one from a queue that holds them all
//   measure span    SET        three launches of every case that is one kernel of ours, for ncu's times; CSV of the cases
//   measure profile SET        the same cases between cudaProfilerStart and -Stop, for ncu's app-range; CSV of the ranges
// SET: calibration (mamba-2.8b), validation (the other shapes) or retention (kernels that follow each other: what L2 keeps).
// L2 is cold: every launch uses other buffers, and together they are several times as large as L2, so that what it reads is in
// DRAM and what launches before it wrote has to leave.
#include <cuda_profiler_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cases.cuh"
#include "microbenchmarks.cuh"

namespace {

constexpr int kSpans = 3;
constexpr std::int64_t kPoolBytes = std::int64_t{96} << 30U;
constexpr std::int64_t kColdBytes = std::int64_t{384} << 20U;  // Over six times the 60 MB of L2.
constexpr std::int64_t kNewBytes = std::int64_t{3} << 30U;     // Of counted launches: no buffer comes twice.

struct Model {
  const char* name;
  std::int64_t width, channels, rank;
};
// E, D and R of the released Mamba-1 models (their config.json).
constexpr Model kCalibration[] = {{"mamba-2.8b", 2560, 5120, 160}};
constexpr Model kValidation[] = {{"mamba-130m", 768, 1536, 48}, {"mamba-370m", 1024, 2048, 64},
                                 {"mamba-790m", 1536, 3072, 96}, {"mamba-1.4b", 2048, 4096, 128}};
constexpr std::int64_t kTokens[] = {1, 64, 256, 1024, 4096, 16384};

template <class T>
void add_cases(std::vector<Case>& cases, const Model& model, const char* type, cublasHandle_t library) {
  for (const std::int64_t tokens : kTokens) {
    add_state_update<T, 16>(cases, {tokens, model.channels}, type);
    add_state_update<T, 64>(cases, {tokens, model.channels}, type);
    add_block_operators<T>(cases, {tokens, model.width, model.channels, 16, model.rank}, type, library);
  }
}

std::vector<Case> cases_of(const std::string& set, cublasHandle_t library) {
  std::vector<Case> cases;
  const auto add = [&](const Model& model) {
    add_cases<float>(cases, model, "fp32", library);
    add_cases<__nv_bfloat16>(cases, model, "bf16", library);
  };
  if (set == "retention") {
    for (const std::int64_t tokens : {16, 64, 128, 256, 512, 1024}) {
      for (const bool kept : {false, true}) {
        add_unfused<float, 16>(cases, {tokens, kValidation[0].channels}, "fp32", kept);
        add_unfused<__nv_bfloat16, 16>(cases, {tokens, kValidation[0].channels}, "bf16", kept);
      }
    }
  }
  if (set == "calibration") std::for_each(std::begin(kCalibration), std::end(kCalibration), add);
  if (set == "validation") std::for_each(std::begin(kValidation), std::end(kValidation), add);
  return cases;
}

// The buffers of one case, over and over through the pool.
class Launcher {
 public:
  Launcher(const Case& which, char* pool, std::int64_t cold) : which_{which}, pool_{pool}, bytes_{which.run(nullptr)} {
    sets_ = std::clamp<std::int64_t>((cold + bytes_ - 1) / bytes_, 2, 512);
    if (sets_ * bytes_ > kPoolBytes) sets_ = std::max<std::int64_t>(1, kPoolBytes / bytes_);
  }
  void launch() { which_.run(pool_ + (next_++ % sets_) * bytes_); }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  [[nodiscard]] std::int64_t sets() const { return sets_; }
  [[nodiscard]] bool fits() const { return bytes_ <= kPoolBytes; }

 private:
  const Case& which_;
  char* pool_;
  std::int64_t bytes_;
  std::int64_t sets_ = 1;
  std::int64_t next_ = 0;
};

void print_case(const Case& c) {
  std::printf("%s,%s,%lld,%lld,%lld,%d", c.kernel.c_str(), c.type.c_str(), static_cast<long long>(c.tokens),
              static_cast<long long>(c.channels), static_cast<long long>(c.width), c.states);
}

void time_case(const Case& c, char* pool) {
  Launcher launcher{c, pool, kColdBytes};
  if (!launcher.fits()) return;
  const int launches = launcher.bytes() > (std::int64_t{4} << 30U) ? 6 : 24;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(launcher.sets(), 16); ++i) launcher.launch();
  std::vector<cudaEvent_t> events(2 * launches);
  for (cudaEvent_t& event : events) check(cudaEventCreate(&event));
  hold<<<1, 1>>>();
  for (int i = 0; i < launches; ++i) {
    check(cudaEventRecord(events[2 * i]));
    launcher.launch();
    check(cudaEventRecord(events[2 * i + 1]));
  }
  check(cudaDeviceSynchronize());
  std::vector<float> us;
  for (int i = 0; i < launches; ++i) {
    float ms = 0.0F;
    check(cudaEventElapsedTime(&ms, events[2 * i], events[2 * i + 1]));
    us.push_back(1000.0F * ms);
  }
  for (const cudaEvent_t event : events) check(cudaEventDestroy(event));
  std::sort(us.begin(), us.end());
  print_case(c);
  std::printf(",%d,%.2f,%.2f,%.2f\n", launches, us[us.size() / 2], us.front(), us.back());
}

// Between Start and Stop as many launches as together move some gigabytes: what the last of them leave in L2 is little
// then, and it is as much as the launches before had left there.
void profile_case(const Case& c, char* pool) {
  Launcher launcher{c, pool, kNewBytes};
  if (!launcher.fits()) return;
  constexpr std::int64_t kMoved = std::int64_t{2} << 30U;
  const std::int64_t launches = std::clamp<std::int64_t>(kMoved / launcher.bytes(), 1, 256);
  for (std::int64_t i = 0; i < std::max<std::int64_t>(1, launches / 4); ++i) launcher.launch();
  check(cudaDeviceSynchronize());
  check(cudaProfilerStart());
  for (std::int64_t i = 0; i < launches; ++i) launcher.launch();
  check(cudaDeviceSynchronize());
  check(cudaProfilerStop());
  print_case(c);
  std::printf(",%lld\n", static_cast<long long>(launches));
}

bool is_librarys(const Case& c) {
  return c.kernel.find('+') == std::string::npos && c.kernel.find("_proj") != std::string::npos;
}

// A few launches of one kernel, each of which the profiler times by itself. Of what is more than one kernel, or may be, none.
void span_case(const Case& c, char* pool) {
  Launcher launcher{c, pool, kColdBytes};
  if (!launcher.fits() || is_librarys(c)) return;
  for (int i = 0; i < 3; ++i) launcher.launch();
  check(cudaDeviceSynchronize());
  check(cudaProfilerStart());
  for (int i = 0; i < kSpans; ++i) launcher.launch();
  check(cudaDeviceSynchronize());
  check(cudaProfilerStop());
  print_case(c);
  std::printf(",%d\n", kSpans);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const std::string set = argc > 2 ? argv[2] : "";
  const std::string only = argc > 3 ? argv[3] : "";  // Kernels whose case's line begins with this.
  cublasHandle_t library = nullptr;
  cublasCreate(&library);
  cublasSetMathMode(library, CUBLAS_PEDANTIC_MATH);
  const std::vector<Case> cases = cases_of(set, library);
  if (mode != "machine" && (cases.empty() || (mode != "time" && mode != "profile" && mode != "span"))) {
    std::fprintf(stderr, "usage: measure machine | time SET | profile SET | span SET; SET: calibration, validation, retention\n");
    return 2;
  }
  char* pool = nullptr;
  check(cudaMalloc(&pool, kPoolBytes));
  for (int i = 0; i < 16; ++i) fill_pool(pool, kPoolBytes);  // Half a second: the clock comes up.
  if (mode == "machine") {
    print_machine(pool, library);
    return 0;
  }
  std::printf(mode == "time" ? "kernel,type,L,D,E,N,launches,median_us,min_us,max_us\n"
                             : "kernel,type,L,D,E,N,launches\n");
  for (const Case& c : cases) {
    if (c.kernel.rfind(only, 0) != 0) continue;
    if (mode == "time") time_case(c, pool);
    if (mode == "profile") profile_case(c, pool);
    if (mode == "span") span_case(c, pool);
  }
  check(cudaDeviceSynchronize());
  return 0;
}
