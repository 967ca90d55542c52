// What does a sweep's answer say, in plain sentences?
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "sweep_words.hpp"

namespace fusescape {
namespace {

/// Values of one gain over all scenarios that have it.
struct GainRange {
  double least = 0.0;
  double most = 0.0;
  std::size_t most_at = 0;  ///< Scenario; the first of equals.
};

std::optional<GainRange> range_of(
    const SweepAnswer& answer, const std::function<std::optional<double>(const ScenarioAnswer&)>& gain_in) {
  std::optional<GainRange> range;
  for (std::size_t s = 0; s < answer.scenarios.size(); ++s) {
    const std::optional<double> gain = gain_in(answer.scenarios[s]);
    if (!gain) continue;
    if (!range) range = GainRange{*gain, *gain, s};
    range->least = std::min(range->least, *gain);
    if (*gain > range->most) range->most_at = s;
    range->most = std::max(range->most, *gain);
  }
  return range;
}

std::string text_of(const GainRange& range) {
  const std::string least = fmt::format("{:.2f}x", range.least);
  const std::string most = fmt::format("{:.2f}x", range.most);
  return least == most ? most : least + " to " + most;
}

/// "a, b" with what stands between name and value: "L=1, N=16", "strategy greedy".
std::string pairs(const std::vector<std::string>& names, const std::vector<std::string>& values,
                  std::string_view between) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += fmt::format("{}{}{}{}", i == 0 ? "" : ", ", names[i], between, values[i]);
  }
  return text;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : " and ") + names[i];
  return text;
}

/// ": most at L=64, with strategy greedy"; of a single scenario only what was chosen.
std::string at_text(const SweepAnswer& answer, std::size_t scenario, const std::vector<std::string>& names,
                    const std::vector<std::string>& chosen) {
  std::string text;
  if (answer.scenarios.size() > 1) {
    text = ": most at " + pairs(answer.scenario_axes, answer.scenarios[scenario].values, "=");
  }
  return chosen.empty() ? text : fmt::format("{}, with {}", text, pairs(names, chosen, " "));
}

/// The baseline that is compared like for like.
std::size_t like_for_like(const std::vector<AnsweredBaseline>& baselines) {
  const auto open = std::find_if(baselines.begin(), baselines.end(),
                                 [](const AnsweredBaseline& baseline) { return !baseline.open.empty(); });
  return open == baselines.end() ? 0 : static_cast<std::size_t>(open - baselines.begin());
}

std::string design_sentence(const SweepAnswer& answer, std::size_t b, const GainRange& range) {
  const AnsweredBaseline& baseline = answer.baselines[b];
  std::vector<std::string> names;
  for (const TriedAxis& axis : answer.tried) names.push_back(axis.name);
  std::string own_best;
  if (!baseline.open.empty()) {
    own_best =
        fmt::format(", each under its own best {} of {} tried", joined(baseline.open), baseline.designs);
  }
  return fmt::format("The best design gains {} over {}{}{}.", text_of(range), baseline.name, own_best,
                     at_text(answer, range.most_at, names, answer.scenarios[range.most_at].chosen));
}

std::string choice_sentence(const SweepAnswer& answer, std::size_t wider, std::size_t b,
                            const GainRange& range) {
  const std::vector<std::string>& open = answer.baselines[wider].open;
  return fmt::format(
      "On {} itself the best {} gains {} over {}{}.", answer.baselines[wider].name, joined(open),
      text_of(range), answer.baselines[b].name,
      at_text(answer, range.most_at, open, answer.scenarios[range.most_at].comparisons[wider].chosen));
}

/// A sentence for each reason why scenarios have no best design.
std::vector<std::string> missing_sentences(const SweepAnswer& answer) {
  std::vector<std::string> sentences;
  std::vector<std::string> told;
  for (const ScenarioAnswer& scenario : answer.scenarios) {
    const std::string& why = scenario.why_none;
    if (scenario.best || std::find(told.begin(), told.end(), why) != told.end()) continue;
    told.push_back(why);
    const auto same = std::count_if(answer.scenarios.begin(), answer.scenarios.end(),
                                    [&](const ScenarioAnswer& other) { return other.why_none == why; });
    const std::string where =
        answer.scenarios.size() == 1
            ? ""
            : fmt::format(" in {} of {} scenarios, first at {}", same, answer.scenarios.size(),
                          pairs(answer.scenario_axes, scenario.values, "="));
    sentences.push_back(fmt::format("There is no best design{}: {}.", where, why));
  }
  return sentences;
}

/// What the best designs gain over the baselines.
std::vector<std::string> gain_sentences(const SweepAnswer& answer) {
  std::vector<std::string> sentences;
  if (answer.baselines.empty()) return sentences;
  const std::size_t fair = like_for_like(answer.baselines);
  const auto design_gain =
      range_of(answer, [&](const ScenarioAnswer& scenario) { return scenario.comparisons[fair].gain; });
  if (design_gain) sentences.push_back(design_sentence(answer, fair, *design_gain));
  for (std::size_t b = 0; b < answer.baselines.size(); ++b) {
    if (answer.baselines[b].refines != fair) continue;
    const auto choice_gain =
        range_of(answer, [&](const ScenarioAnswer& scenario) { return scenario.comparisons[b].choice_gain; });
    if (choice_gain) sentences.push_back(choice_sentence(answer, fair, b, *choice_gain));
    break;  // The first says what choosing gains.
  }
  return sentences;
}

}  // namespace

std::vector<std::string> conclusion(const SweepAnswer& answer) {
  std::vector<std::string> sentences = gain_sentences(answer);
  for (std::string& sentence : missing_sentences(answer)) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace fusescape
