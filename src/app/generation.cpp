#include "generation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <variant>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kMostTokens = 1'000'000'000;
constexpr std::int64_t kLengths = 9;

Failure usage(std::string text) {
  return {ExitCode::kUsage, std::move(text)};
}

bool sets(const std::string& setting, std::string_view key) {
  return setting.size() > key.size() && setting[key.size()] == '=' &&
         setting.compare(0, key.size(), key) == 0;
}

/// The value of the last setting of `key`, all of which are taken out.
std::optional<std::string> taken(std::vector<std::string>& settings, std::string_view key) {
  std::optional<std::string> value;
  for (const std::string& setting : settings) {
    if (sets(setting, key)) value = setting.substr(key.size() + 1);
  }
  std::erase_if(settings, [&](const std::string& setting) { return sets(setting, key); });
  return value;
}

expected<std::int64_t, Failure> count_in(std::string_view key, const std::string& text) {
  std::int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = fault == std::errc{} && end == text.data() + text.size();
  if (whole && count >= 1 && count <= kMostTokens) return count;
  return unexpected{usage(fmt::format("--set {}={}: expected a whole number of tokens from 1 to {}\n", key,
                                      printable(text), kMostTokens))};
}

/// A decode step of the whole model.
struct StepTaken {
  double ms = 0.0;
  std::optional<double> pj;
};

expected<StepTaken, Failure> step_of(const EvaluationReport& report) {
  const MetricValue& ms = report.figure("latency_ms");
  if (!ms) {
    return unexpected{Failure{ExitCode::kInfeasible, fmt::format("infeasible: {}\n", ms.error())}};
  }
  // `number` is in ms; what figures are compared by is in seconds.
  return StepTaken{std::get<double>(ms->number), report.whole ? report.whole->energy_pj : std::nullopt};
}

/// Sums over all lengths of what is known at some, straight lines between.
class StepSum {
 public:
  void add(std::int64_t length, const StepTaken& step) {
    if (!last_) {
      ms_ = step.ms;
      pj_ = step.pj;
    } else {
      const auto steps = static_cast<double>(length - last_length_);
      ms_ += steps * last_->ms + (step.ms - last_->ms) * (steps + 1) / 2;
      bound_ms_ += std::abs(step.ms - last_->ms) * (steps - 1) / 2;
      const bool known = pj_ && step.pj && last_->pj;
      pj_ = known ? std::optional{*pj_ + steps * *last_->pj + (*step.pj - *last_->pj) * (steps + 1) / 2}
                  : std::nullopt;
    }
    last_ = step;
    last_length_ = length;
  }

  [[nodiscard]] double ms() const { return ms_; }
  [[nodiscard]] double bound_ms() const { return bound_ms_; }
  [[nodiscard]] std::optional<double> pj() const { return pj_; }

 private:
  std::optional<StepTaken> last_;
  std::int64_t last_length_ = 0;
  double ms_ = 0.0;
  double bound_ms_ = 0.0;
  std::optional<double> pj_;
};

}  // namespace

expected<std::optional<Generation>, Failure> take_generation(std::vector<std::string>& settings) {
  const std::optional<std::string> prompt = taken(settings, "prompt");
  const std::optional<std::string> tokens = taken(settings, "generate");
  if (!prompt && !tokens) return std::nullopt;
  if (!prompt || !tokens) {
    return unexpected{usage(fmt::format("error: --set {} needs --set {}=N\n", prompt ? "prompt" : "generate",
                                        prompt ? "generate" : "prompt"))};
  }
  for (const std::string_view key : {"phase", "L", "S"}) {
    const auto given = [&](const std::string& setting) { return sets(setting, key); };
    if (std::none_of(settings.begin(), settings.end(), given)) continue;
    return unexpected{
        usage(fmt::format("error: --set {}: prompt and generate say it of both phases\n", key))};
  }
  const auto prompt_tokens = count_in("prompt", *prompt);
  if (!prompt_tokens) return unexpected{prompt_tokens.error()};
  const auto generated = count_in("generate", *tokens);
  if (!generated) return unexpected{generated.error()};
  return Generation{*prompt_tokens, *generated};
}

std::vector<std::int64_t> sampled_lengths(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> lengths;
  const std::int64_t samples = std::min(count, kLengths);
  for (std::int64_t i = 0; i < samples; ++i) {
    lengths.push_back(first + (samples == 1 ? 0 : i * (count - 1) / (samples - 1)));
  }
  return lengths;
}

expected<EvaluationReport, Failure> generation_report(const Generation& generation, bool has_caches,
                                                      const std::vector<std::string>& settings,
                                                      const ReportUnder& report_under) {
  const auto with = [&](std::initializer_list<std::string> more) {
    std::vector<std::string> all = settings;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  auto prefill = report_under(with({"phase=prefill", fmt::format("L={}", generation.prompt)}));
  if (!prefill) return prefill;
  const auto first = step_of(*prefill);
  if (!first) return unexpected{first.error()};
  const std::vector<std::int64_t> lengths =
      has_caches ? sampled_lengths(generation.prompt, generation.tokens) : std::vector{generation.prompt};
  StepSum sum;
  for (const std::int64_t length : lengths) {
    const auto decode = has_caches ? report_under(with({"phase=decode", "L=1", fmt::format("S={}", length)}))
                                   : report_under(with({"phase=decode", "L=1"}));
    if (!decode) return unexpected{decode.error()};
    const auto step = step_of(*decode);
    if (!step) return unexpected{step.error()};
    sum.add(length, *step);
    if (!has_caches) sum.add(length + generation.tokens - 1, *step);
  }
  GenerationReport report{.prompt = generation.prompt,
                          .tokens = generation.tokens,
                          .ttft_ms = first->ms,
                          .tpot_ms = sum.ms() / static_cast<double>(generation.tokens),
                          .total_ms = first->ms + sum.ms(),
                          .energy_pj = {},
                          .lengths = std::ssize(lengths),
                          .bound_ms = sum.bound_ms()};
  if (first->pj && sum.pj()) report.energy_pj = *first->pj + *sum.pj();
  prefill->generation = report;
  return prefill;
}

}  // namespace fusescape
