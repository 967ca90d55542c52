#include "sweep_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <tuple>

#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

/// A sweep whose points are few, or for each axis of a large one a sweep along it, the others at their first
/// value.
std::vector<SweepSpec> parts_of(const SweepSpec& whole) {
  SweepSpec spec = whole;
  spec.sampled.clear();
  constexpr std::size_t kFewPoints = 10'000;
  if (grid_size(spec) <= kFewPoints) return {spec};
  SweepSpec first = spec;
  for (Axis& axis : first.axes) axis.values.resize(std::min<std::size_t>(axis.values.size(), 1));
  std::vector<SweepSpec> parts;
  for (std::size_t a = 0; a < spec.axes.size(); ++a) {
    const std::vector<AxisValue>& values = spec.axes[a].values;
    for (std::size_t begin = 0; begin < values.size(); begin += kFewPoints) {
      const std::size_t end = std::min(begin + kFewPoints, values.size());
      parts.push_back(first);
      parts.back().axes[a].values.assign(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                         values.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  return parts;
}

void drop_repeated(std::vector<SweepProblem>& problems) {
  const auto key = [](const SweepProblem& problem) { return std::tie(problem.pos, problem.message); };
  std::sort(problems.begin(), problems.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
  problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
}

/// What a value stands for, where several words may stand for one thing: a path or a name, a seed that is
/// told or left out. Nothing: only itself.
std::string meaning_of(const Setting& setting, const SweepBinder& binder) {
  if (setting.key == "technology") {
    std::error_code error;
    const auto path = path_of_input(Shelf::kTechs, setting.value);
    return path ? std::filesystem::weakly_canonical(*path, error).string() : "";
  }
  if (setting.key != "entropy") return {};
  const auto source = binder.entropy(setting);
  return source ? describe(*source) : "";
}

/// Values of one axis under two words. (Equal amounts are refused where the file is read.)
std::vector<SweepProblem> repeated_words(const SweepSpec& spec, const SweepBinder& binder) {
  std::vector<SweepProblem> problems;
  for (const Axis& axis : spec.axes) {
    std::map<std::string, std::string> known;
    for (const AxisValue& value : axis.values) {
      const bool is_case = value.settings.size() != 1 || value.settings.front().key != axis.name;
      if (is_case) continue;  // It has a name of its own.
      const Setting& setting = value.settings.front();
      const std::string meaning = meaning_of(setting, binder);
      if (meaning.empty()) continue;
      const auto [first, is_new] = known.try_emplace(meaning, setting.value);
      if (is_new) continue;
      problems.push_back(
          {setting.pos, fmt::format("axis {}: {} is {} again", axis.name, setting.value, first->second)});
    }
  }
  return problems;
}

}  // namespace

std::vector<SweepProblem> problems_of_values(const SweepSpec& spec, const SweepBinder& binder) {
  std::vector<SweepProblem> problems = repeated_words(spec, binder);
  for (const SweepSpec& part : parts_of(spec)) {
    for (SweepProblem& problem : problems_of_binding(part, binder)) problems.push_back(std::move(problem));
  }
  drop_repeated(problems);
  return problems;
}

Failure located_failure(const InputFile& file, const std::vector<SweepProblem>& problems) {
  Diagnostics diagnostics{file.file, file.text};
  for (const SweepProblem& problem : problems) {
    const bool whole_text = !problem.message.empty() && problem.message.back() == '\n';
    std::string message = whole_text ? problem.message : printable(problem.message);
    if (whole_text) message.pop_back();
    diagnostics.error(problem.pos, std::move(message));
  }
  std::ostringstream text;
  text << diagnostics;
  return {ExitCode::kBadInput, text.str()};
}

}  // namespace fusescape
