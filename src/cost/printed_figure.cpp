#include "fusescape/cost/printed_figure.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace fusescape {
namespace {

constexpr std::array<std::string_view, 5> kWholeUnits{"cycles", "B", "op", "bit/cycle", "Hz"};
constexpr std::string_view kUnlimitedWord = "unlimited";

bool is_whole(const Metric& metric) {
  return std::find(kWholeUnits.begin(), kWholeUnits.end(), metric.unit) != kWholeUnits.end() ||
         (metric.unit == "1" && metric.name != "utilization");
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool read = error == std::errc{} && end == text.data() + text.size();
  return read ? std::optional{number} : std::nullopt;
}

std::int64_t hertz_of(const Design& design) {
  return std::llround(design.accelerator.clock.value());
}

/// cycles / (clock x each), where `number` is that in units of 1 / scale seconds.
Quotient quotient_of(double number, long double scale, std::int64_t each, const Design& design) {
  const std::int64_t clock = hertz_of(design);
  const long double cycles = static_cast<long double>(number) / scale * static_cast<long double>(each) *
                             static_cast<long double>(clock);
  return {.numerator = std::llroundl(cycles), .denominator = static_cast<Int128>(clock) * each};
}

std::optional<Quotient> compared_of(const Metric& metric, double number, const Workload& workload,
                                    const Design& design) {
  constexpr long double kMilli = 1e3L;
  if (metric.unit == "s") return quotient_of(number, 1.0L, 1, design);
  if (metric.name == "latency_ms_per_token") {
    return quotient_of(number, kMilli, workload.tokens.value(), design);
  }
  if (metric.unit == "ms") return quotient_of(number, kMilli, 1, design);
  return std::nullopt;
}

}  // namespace

MetricValue printed_figure(const Metric& metric, std::string_view text, const Workload& workload,
                           const Design& design) {
  if (text == kUnlimitedWord) return Figure{Unlimited{}};
  if (is_whole(metric)) {
    const auto number = number_in<std::int64_t>(text);
    if (!number) return unexpected<std::string>{"it was not printed"};
    Figure figure{*number};
    if (metric.unit == "cycles") {
      figure.compared = Quotient{.numerator = *number, .denominator = hertz_of(design)};
    }
    return figure;
  }
  const auto number = number_in<double>(text);
  if (!number) return unexpected<std::string>{"it was not printed"};
  if (metric.of_generation || metric.name == "tpot_ms") return Figure{*number};
  return Figure{*number, compared_of(metric, *number, workload, design)};
}

}  // namespace fusescape
