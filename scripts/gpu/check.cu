// Do the kernels compute what they are named after? Every scheme of the state update and every operator of the block on a
// small shape, against a reference in fp64 on the host. Exit code 1 and a line per failure if not.
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <utility>

#include "microbenchmarks.cuh"

namespace {

int failures = 0;

template <class T>
std::vector<double> random_values(std::int64_t count, unsigned seed, double low, double high) {
  std::mt19937 engine{seed};
  std::uniform_real_distribution<double> uniform{low, high};
  std::vector<double> values(count);
  // What the device will see: rounded to T.
  for (double& value : values) value = static_cast<double>(static_cast<float>(static_cast<T>(static_cast<float>(uniform(engine)))));
  return values;
}

template <class T>
T* upload(const std::vector<double>& values) {
  std::vector<T> rounded;
  for (const double value : values) rounded.push_back(static_cast<T>(static_cast<float>(value)));
  T* on_device = nullptr;
  check(cudaMalloc(&on_device, values.size() * sizeof(T)));
  check(cudaMemcpy(on_device, rounded.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return on_device;
}

template <class T>
T* blank(std::int64_t count) {
  return upload<T>(std::vector<double>(count, 0.0));
}

template <class T>
void compare(const std::string& what, const T* made, const std::vector<double>& expected) {
  std::vector<T> values(expected.size());
  check(cudaMemcpy(values.data(), made, values.size() * sizeof(T), cudaMemcpyDeviceToHost));
  double largest = 0.0;
  double scale = 1e-30;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(static_cast<float>(values[i])) - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  const double allowed = sizeof(T) == 4 ? 1e-5 : 3e-2;
  if (largest <= allowed * scale) return;
  ++failures;
  std::printf("%s: off by %g of %g\n", what.c_str(), largest, scale);
}

// The groups of each scheme, in an order in which they can run.
const std::vector<std::pair<std::string, std::vector<std::string>>> kSchemes{
    {"unfused", {"dA", "exp", "dB", "dBx", "scan", "y"}},
    {"pact-a", {"dA+exp", "dB", "dBx", "scan", "y"}},
    {"pact-b", {"dA", "exp", "dB+dBx", "scan", "y"}},
    {"pact-a-b", {"dA+exp", "dB+dBx", "scan", "y"}},
    {"pact-as", {"dB", "dBx", "dA+exp+scan+y"}},
    {"pact-bs", {"dA", "exp", "dB+dBx+scan+y"}},
    {"pact-as-b", {"dB+dBx", "dA+exp+scan+y"}},
    {"pact-a-bs", {"dA+exp", "dB+dBx+scan+y"}},
    {"fuse-all", {"dA+exp+dB+dBx+scan+y"}}};

template <class T, int N>
void check_state_update(std::int64_t tokens, std::int64_t channels, const char* type) {
  const auto delta = random_values<T>(tokens * channels, 1, 0.1, 1.0);
  const auto u = random_values<T>(tokens * channels, 2, -1.0, 1.0);
  const auto a = random_values<T>(channels * N, 3, -2.0, -0.1);
  const auto b = random_values<T>(tokens * N, 4, -1.0, 1.0);
  const auto c = random_values<T>(tokens * N, 5, -1.0, 1.0);
  std::vector<double> h(channels * N, 0.0);
  std::vector<double> y(tokens * channels, 0.0);
  for (std::int64_t l = 0; l < tokens; ++l) {
    for (std::int64_t d = 0; d < channels; ++d) {
      for (int n = 0; n < N; ++n) {
        double& state = h[d * N + n];
        const double dt = delta[l * channels + d];
        state = std::exp(dt * a[d * N + n]) * state + dt * b[l * N + n] * u[l * channels + d];
        y[l * channels + d] += c[l * N + n] * state;
      }
    }
  }
  for (const auto& [scheme, groups] : kSchemes) {
    StateUpdate<T> t{upload<T>(delta), upload<T>(u), upload<T>(a), upload<T>(b), upload<T>(c)};
    const std::int64_t whole = tokens * channels * N;
    for (T** made : {&t.da, &t.abar, &t.db, &t.dbx, &t.h}) *made = blank<T>(whole);
    t.y = blank<T>(tokens * channels);
    t.state = blank<T>(channels * N);
    for (const std::string& group : groups) {
      for (const StateKernel<T>& kernel : state_kernels<T, N>()) {
        if (kernel.name == group) kernel.launch(t, {tokens, channels});
      }
    }
    check(cudaDeviceSynchronize());
    const std::string where = scheme + ", " + type + ", L=" + std::to_string(tokens) + ", D=" +
                              std::to_string(channels) + ", N=" + std::to_string(N);
    compare(where + ": y", t.y, y);
    const bool reads_out = groups.back() != "y";
    compare(where + ": state", reads_out ? t.state : t.h + (tokens - 1) * channels * N, h);
  }
}

/// One operator over rows: what each element of `made` should be, from the operands at (row, column).
template <class T>
void check_rows(std::int64_t tokens, std::int64_t width, const char* type) {
  const auto x = random_values<T>(tokens * width, 1, -2.0, 2.0);
  const auto other = random_values<T>(tokens * width, 2, -2.0, 2.0);
  const auto xz = random_values<T>(tokens * 2 * width, 3, -2.0, 2.0);
  const auto channel = random_values<T>(width, 4, -1.0, 1.0);
  const auto taps = random_values<T>(width * kTaps, 5, -1.0, 1.0);
  const Rows<T> rows{upload<T>(x), upload<T>(other), upload<T>(xz), upload<T>(channel), blank<T>(tokens * width)};
  const T* weight = upload<T>(taps);
  const auto logistic = [](double value) { return 1.0 / (1.0 + std::exp(-value)); };
  const Shape s{tokens, width};
  const dim3 grid = blocks(width, kWidth<T>, tokens);
  const auto expect = [&](const char* name, auto element) {
    std::vector<double> expected;
    for (std::int64_t l = 0; l < tokens; ++l) {
      for (std::int64_t d = 0; d < width; ++d) expected.push_back(element(l, d));
    }
    check(cudaDeviceSynchronize());
    compare(std::string{name} + ", " + type, rows.made, expected);
  };
  const auto at = [&](const std::vector<double>& values, std::int64_t l, std::int64_t d) { return values[l * width + d]; };
  const auto z_of = [&](std::int64_t l, std::int64_t d) { return xz[l * 2 * width + width + d]; };
  row_operator<T, RowOperator::kSilu><<<grid, kThreads>>>(rows, s);
  expect("conv_silu", [&](auto l, auto d) { return at(x, l, d) * logistic(at(x, l, d)); });
  row_operator<T, RowOperator::kSoftplus><<<grid, kThreads>>>(rows, s);
  expect("softplus", [&](auto l, auto d) { return std::log1p(std::exp(at(x, l, d) + channel[d])); });
  row_operator<T, RowOperator::kSkip><<<grid, kThreads>>>(rows, s);
  expect("D_x", [&](auto l, auto d) { return at(x, l, d) * channel[d]; });
  row_operator<T, RowOperator::kAdd><<<grid, kThreads>>>(rows, s);
  expect("add_y_Dx", [&](auto l, auto d) { return at(x, l, d) + at(other, l, d); });
  row_operator<T, RowOperator::kGateSilu><<<grid, kThreads>>>(rows, s);
  expect("gate_silu", [&](auto l, auto d) { return z_of(l, d) * logistic(z_of(l, d)); });
  row_operator<T, RowOperator::kGate><<<grid, kThreads>>>(rows, s);
  expect("gate", [&](auto l, auto d) { return at(x, l, d) * at(other, l, d); });
  row_operator<T, RowOperator::kSkipAndGate><<<grid, kThreads>>>(rows, s);
  expect("D_x+add_y_Dx+gate_silu+gate", [&](auto l, auto d) {
    return (at(other, l, d) + at(x, l, d) * channel[d]) * z_of(l, d) * logistic(z_of(l, d));
  });
  const auto window = [&](std::int64_t l, std::int64_t d) {
    double sum = channel[d];
    for (int k = 0; k < kTaps; ++k) {
      const std::int64_t token = l - kTaps + 1 + k;
      if (token >= 0) sum += taps[d * kTaps + k] * xz[token * 2 * width + d];
    }
    return sum;
  };
  const dim3 runs = blocks_of_convolution(s);
  convolution<T, false><<<runs, kThreadsOfRows>>>(rows.xz, weight, rows.per_channel, rows.made, s);
  expect("conv", window);
  convolution<T, true><<<runs, kThreadsOfRows>>>(rows.xz, weight, rows.per_channel, rows.made, s);
  expect("conv+conv_silu", [&](auto l, auto d) { return window(l, d) * logistic(window(l, d)); });
  launch_norm<T>(rows.x, rows.per_channel, rows.made, s);
  expect("norm", [&](auto l, auto d) {
    double squares = 0.0;
    for (std::int64_t i = 0; i < width; ++i) squares += at(x, l, i) * at(x, l, i);
    return at(x, l, d) * channel[d] / std::sqrt(squares / static_cast<double>(width) + 1e-5);
  });
}

/// The groups that end with a product, of [tokens, channels] inputs and so many columns.
template <class T>
void check_products(std::int64_t tokens, std::int64_t channels, std::int64_t columns, const char* type) {
  const auto x = random_values<T>(tokens * channels, 1, -1.0, 1.0);
  const auto y = random_values<T>(tokens * channels, 2, -1.0, 1.0);
  const auto xz = random_values<T>(tokens * 2 * channels, 3, -2.0, 2.0);
  const auto per_channel = random_values<T>(channels, 4, -1.0, 1.0);
  const auto taps = random_values<T>(channels * kTaps, 5, -1.0, 1.0);
  const auto w = random_values<T>(channels * columns, 6, -1.0, 1.0);
  const auto silu = [](double value) { return value / (1.0 + std::exp(-value)); };
  std::vector<double> convolved(tokens * channels), gated(tokens * channels);
  for (std::int64_t l = 0; l < tokens; ++l) {
    for (std::int64_t d = 0; d < channels; ++d) {
      double sum = per_channel[d];
      for (std::int64_t k = 0; k < kTaps; ++k) {
        const std::int64_t token = l - kTaps + 1 + k;
        if (token >= 0) sum += taps[d * kTaps + k] * xz[token * 2 * channels + d];
      }
      convolved[l * channels + d] = silu(sum);
      const std::int64_t at = l * channels + d;
      gated[at] = (y[at] + x[at] * per_channel[d]) * silu(xz[l * 2 * channels + channels + d]);
    }
  }
  const auto product = [&](const std::vector<double>& input) {
    std::vector<double> made(tokens * columns, 0.0);
    for (std::int64_t l = 0; l < tokens; ++l) {
      for (std::int64_t d = 0; d < channels; ++d) {
        for (std::int64_t c = 0; c < columns; ++c) made[l * columns + c] += input[l * channels + d] * w[d * columns + c];
      }
    }
    return made;
  };
  const Shape s{tokens, channels};
  const T* weights = upload<T>(w);
  T* made = blank<T>(tokens * columns);
  T* stored = blank<T>(tokens * channels);
  const T *in = upload<T>(xz), *channel = upload<T>(per_channel);
  launch_fused_product<T>(ConvolvedInput<T>{in, upload<T>(taps), channel, stored}, weights, made, s, columns);
  check(cudaDeviceSynchronize());
  compare(std::string{"conv+conv_silu+x_proj, "} + type, made, product(convolved));
  compare(std::string{"conv+conv_silu+x_proj, x, "} + type, stored, convolved);
  launch_fused_product<T>(GatedInput<T>{upload<T>(x), upload<T>(y), in, channel}, weights, made, s, columns);
  check(cudaDeviceSynchronize());
  compare(std::string{"D_x+add_y_Dx+gate_silu+gate+out_proj, "} + type, made, product(gated));
}

}  // namespace

int main() {
  for (const std::int64_t tokens : {1, 37}) {
    check_rows<float>(tokens, 768, "fp32");
    check_rows<float>(tokens, 2560, "fp32");
    check_rows<__nv_bfloat16>(tokens, 2560, "bf16");
  }
  for (const std::int64_t tokens : {1, 5}) {
    for (const std::int64_t columns : {80, 768}) {
      check_products<float>(tokens, 1536, columns, "fp32");
      check_products<__nv_bfloat16>(tokens, 1536, columns, "bf16");
      check_products<__nv_bfloat16>(tokens, 5120, columns, "bf16");
    }
  }
  for (const auto& [tokens, channels] : {std::pair{1, 64}, std::pair{37, 64}, std::pair{37, 1536}, std::pair{163, 3072},
                                         std::pair{40, 5120}}) {
    check_state_update<float, 16>(tokens, channels, "fp32");
    check_state_update<float, 64>(tokens, channels, "fp32");
    check_state_update<__nv_bfloat16, 16>(tokens, channels, "bf16");
    check_state_update<__nv_bfloat16, 64>(tokens, channels, "bf16");
  }
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
