#include "fusescape/cost/generation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fusescape/support/contract.hpp"
#include "fusescape/workload/generation_keys.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kLengths = 9;
constexpr std::int64_t kMostTokens = 1'000'000'000;

/// A number of tokens; none: the text is none.
std::optional<std::int64_t> tokens_in(const std::string& text) {
  std::int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = fault == std::errc{} && end == text.data() + text.size();
  return whole && count >= 1 && count <= kMostTokens ? std::optional{count} : std::nullopt;
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
      bound_ms_ += (step.ms - last_->ms) * (steps - 1) / 2;
      has_lines_ = has_lines_ || length - last_length_ > 1;
      if (step.ms < last_->ms && fall_.empty()) {
        fall_ = fmt::format("the step at S={} is faster than the one at S={}", length, last_length_);
      }
      const bool known = pj_ && step.pj && last_->pj;
      pj_ = known ? std::optional{*pj_ + steps * *last_->pj + (*step.pj - *last_->pj) * (steps + 1) / 2}
                  : std::nullopt;
    }
    last_ = step;
    last_length_ = length;
  }

  [[nodiscard]] double ms() const { return ms_; }
  /// Why there is no bound on the error of ms(); empty: there is one.
  [[nodiscard]] std::string why_no_bound() const { return has_lines_ ? fall_ : ""; }
  /// If no step is faster than one with a shorter cache. 0 where no line spans a length.
  [[nodiscard]] std::optional<double> bound_ms() const {
    if (!has_lines_) return 0.0;
    return fall_.empty() ? std::optional{bound_ms_} : std::nullopt;
  }
  [[nodiscard]] std::optional<double> pj() const { return pj_; }

 private:
  std::optional<StepTaken> last_;
  std::int64_t last_length_ = 0;
  double ms_ = 0.0;
  double bound_ms_ = 0.0;
  bool has_lines_ = false;
  std::string fall_;
  std::optional<double> pj_;
};

}  // namespace

expected<std::optional<Generation>, GenerationProblem> asked_generation(
    const std::function<std::optional<std::string>(std::string_view key)>& value_of) {
  const auto [prompt_key, tokens_key] = kGenerationKeys;
  const std::optional<std::string> prompt = value_of(prompt_key);
  const std::optional<std::string> tokens = value_of(tokens_key);
  if (!prompt && !tokens) return std::nullopt;
  if (!prompt) return unexpected{GenerationProblem{tokens_key, false, fmt::format(" needs {}", prompt_key)}};
  if (!tokens) return unexpected{GenerationProblem{prompt_key, false, fmt::format(" needs {}", tokens_key)}};
  for (const std::string_view key : {"phase", "L", "S"}) {
    if (value_of(key))
      return unexpected{GenerationProblem{key, false, ": prompt and generate say it of both phases"}};
  }
  const auto counted = [](std::string_view key, const std::string& text) {
    const std::optional<std::int64_t> count = tokens_in(text);
    return count ? expected<std::int64_t, GenerationProblem>{*count}
                 : unexpected{GenerationProblem{
                       key, true,
                       fmt::format(": expected a whole number of tokens from 1 to {}", kMostTokens)}};
  };
  const auto of_prompt = counted(prompt_key, *prompt);
  if (!of_prompt) return unexpected{of_prompt.error()};
  const auto generated = counted(tokens_key, *tokens);
  if (!generated) return unexpected{generated.error()};
  return Generation{*of_prompt, *generated};
}

std::vector<std::int64_t> step_lengths(const Generation& generation, bool has_caches) {
  const std::int64_t count = generation.tokens - 1;
  const std::int64_t samples = std::min(count, has_caches ? kLengths : 1);
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < samples; ++i) {
    lengths.push_back(generation.prompt + (samples == 1 ? 0 : i * (count - 1) / (samples - 1)));
  }
  return lengths;
}

GenerationTimes generation_times(const Generation& generation, bool has_caches, const StepTaken& prefill,
                                 std::span<const StepTaken> steps) {
  GenerationTimes times{
      .ttft_ms = prefill.ms, .total_ms = prefill.ms, .energy_pj = prefill.pj, .bound_ms = 0.0};
  const std::int64_t count = generation.tokens - 1;
  if (count == 0) return times;
  const std::vector<std::int64_t> lengths = step_lengths(generation, has_caches);
  FUSESCAPE_EXPECTS(lengths.size() == steps.size());
  StepSum sum;
  for (std::size_t i = 0; i < steps.size(); ++i) sum.add(lengths[i], steps[i]);
  if (!has_caches && count > 1) sum.add(generation.prompt + count - 1, steps.front());
  times.tpot_ms = sum.ms() / static_cast<double>(count);
  times.total_ms += sum.ms();
  times.bound_ms = sum.bound_ms();
  times.why_no_bound = sum.why_no_bound();
  const bool known = prefill.pj && sum.pj();
  times.energy_pj = known ? std::optional{*prefill.pj + *sum.pj()} : std::nullopt;
  return times;
}

}  // namespace fusescape
