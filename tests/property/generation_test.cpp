// Is what a generation takes the sum of its steps, to within the bound that is printed with it?
#include "../../src/app/generation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <vector>

#include "for_all.hpp"

namespace fusescape::generation_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

constexpr std::int64_t kPrompt = 100;

/// A model whose prefill takes `prefill_ms`, and whose step with a cache of kPrompt + i takes steps_ms[i].
struct MadeUpModel {
  double prefill_ms = 0.0;
  std::vector<double> steps_ms;

  [[nodiscard]] double ms_under(const std::vector<std::string>& settings) const {
    for (const std::string& setting : settings) {
      if (setting.compare(0, 2, "S=") != 0) continue;
      std::int64_t length = 0;
      std::from_chars(setting.data() + 2, setting.data() + setting.size(), length);
      return steps_ms.at(static_cast<std::size_t>(length - kPrompt));
    }
    return prefill_ms;
  }

  [[nodiscard]] ReportUnder report_under() const {
    return [this](const std::vector<std::string>& settings) -> expected<GenerationAnswer, Failure> {
      EvaluationReport report;
      report.figures.assign(metrics().size(), MetricValue{Figure{ms_under(settings)}});
      return GenerationAnswer{std::move(report)};
    };
  }

  [[nodiscard]] double true_ms() const {
    double sum = prefill_ms;
    for (const double step : steps_ms) sum += step;
    return sum;
  }

  [[nodiscard]] GenerationReport generated() const {
    const auto answer = generation_report({kPrompt, std::ssize(steps_ms) + 1}, true, {}, report_under());
    REQUIRE(answer.has_value());
    REQUIRE(answer->report.generation.has_value());
    return *answer->report.generation;
  }
};

/// With `falls`, some steps may be faster than the one before.
MadeUpModel random_model(Dice& dice, bool falls) {
  MadeUpModel model{.prefill_ms = static_cast<double>(dice.in(0, 50)), .steps_ms = {}};
  double ms = static_cast<double>(dice.in(50, 60));
  const std::int64_t steps = dice.in(0, 40);
  for (std::int64_t i = 0; i < steps; ++i) {
    ms += static_cast<double>(dice.in(0, 3));
    if (falls && dice.one_in(3)) ms -= static_cast<double>(dice.in(0, 4));
    model.steps_ms.push_back(ms);
  }
  return model;
}

/// Sums of a few dozen numbers below 1000 are exact to this.
constexpr double kRounding = 1e-9;

TEST_CASE("Where no step is faster than one with a shorter cache, the total is within its bound") {
  for_all(500, [](Dice& dice) {
    const MadeUpModel model = random_model(dice, false);
    const GenerationReport generation = model.generated();
    REQUIRE(generation.bound_ms.has_value());
    CHECK(std::abs(*generation.total_ms - model.true_ms()) <= *generation.bound_ms + kRounding);
    CHECK(generation.why_no_bound.empty());
  });
}

TEST_CASE("Total = time to first token + (tokens - 1) x mean step") {
  for_all(500, [](Dice& dice) {
    const GenerationReport generation = random_model(dice, true).generated();
    CHECK(generation.tpot_ms.has_value() == (generation.tokens > 1));
    const double steps = static_cast<double>(generation.tokens - 1) * generation.tpot_ms.value_or(0.0);
    CHECK(std::abs(*generation.total_ms - *generation.ttft_ms - steps) <= kRounding);
  });
}

TEST_CASE("A fall between lengths that are evaluated leaves no bound, unless all of them are") {
  for_all(500, [](Dice& dice) {
    const MadeUpModel model = random_model(dice, true);
    const GenerationReport generation = model.generated();
    const std::vector<std::int64_t> lengths = step_lengths({kPrompt, std::ssize(model.steps_ms) + 1}, true);
    bool falls = false;
    for (std::size_t i = 1; i < lengths.size(); ++i) {
      const auto step = [&](std::size_t at) {
        return model.steps_ms[static_cast<std::size_t>(lengths[at] - kPrompt)];
      };
      falls = falls || step(i) < step(i - 1);
    }
    const bool all = std::ssize(lengths) == std::ssize(model.steps_ms);
    CHECK(generation.bound_ms.has_value() == (all || !falls));
    CHECK(generation.why_no_bound.empty() == generation.bound_ms.has_value());
    if (all) CHECK(std::abs(*generation.total_ms - model.true_ms()) <= kRounding);
  });
}

}  // namespace
}  // namespace fusescape::generation_test
