#include "result_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

namespace fusescape {
namespace {

enum class Holds : unsigned char { kText, kNumber, kTexts, kNumbers, kMap, kList };

/// What a report reads: a path from the root, where `name[]` are all elements of a list.
struct Need {
  std::string_view path;
  Holds holds{};
  bool may_be_null = false;
};

constexpr std::array kOfSweep{
    Need{"sweep", Holds::kText},
    Need{"workload", Holds::kText},
    Need{"arch", Holds::kText},
    Need{"technology", Holds::kText},
    Need{"dtype", Holds::kText},
    Need{"version", Holds::kText},
    Need{"minimize", Holds::kText},
    Need{"pareto", Holds::kTexts},
    Need{"conclusion", Holds::kTexts},
    Need{"assumptions", Holds::kTexts},
    Need{"notes", Holds::kTexts},
    Need{"tried", Holds::kMap},
    Need{"budget_tolerance", Holds::kNumber},
    Need{"points", Holds::kNumber},
    Need{"feasible", Holds::kNumber},
    Need{"infeasible", Holds::kNumber},
    Need{"failed", Holds::kNumber},
    Need{"scenarios", Holds::kList},
    Need{"scenarios[].budget_mm2", Holds::kNumber, true},
    Need{"scenarios[].best_point", Holds::kNumber, true},
    Need{"scenarios[].chosen", Holds::kMap, true},
    Need{"scenarios[].best", Holds::kMap, true},
    Need{"scenarios[].baselines", Holds::kList},
    Need{"scenarios[].baselines[].name", Holds::kText},
    Need{"scenarios[].baselines[].gain", Holds::kNumber, true},
    Need{"scenarios[].baselines[].chosen", Holds::kMap},
    Need{"scenarios[].pareto_points", Holds::kNumbers},
    Need{"published", Holds::kList},
    Need{"published[].name", Holds::kText},
    Need{"published[].value", Holds::kNumber},
    Need{"published[].baseline", Holds::kText},
    Need{"published[].source", Holds::kText},
};
constexpr std::array kOfEvaluation{
    Need{"workload", Holds::kText},
    Need{"arch", Holds::kText},
    Need{"strategy", Holds::kText},
    Need{"version", Holds::kText},
    Need{"assumptions", Holds::kTexts},
    Need{"latency_cycles", Holds::kNumber, true},
    Need{"energy", Holds::kMap},
    Need{"groups", Holds::kList},
    Need{"groups[].name", Holds::kText},
    Need{"groups[].loops", Holds::kMap},
    Need{"groups[].latency_cycles", Holds::kNumber},
    Need{"groups[].compute_cycles", Holds::kNumber},
    Need{"groups[].dram_cycles", Holds::kNumber},
    Need{"groups[].onchip_cycles", Holds::kNumber},
    Need{"groups[].dram_bytes", Holds::kNumber},
    Need{"groups[].peak_onchip_bytes", Holds::kNumber},
    Need{"groups[].operations", Holds::kNumber},
    Need{"groups[].tensors", Holds::kList},
    Need{"groups[].tensors[].name", Holds::kText},
    Need{"groups[].tensors[].bytes_read", Holds::kNumber},
    Need{"groups[].tensors[].bytes_written", Holds::kNumber},
    Need{"groups[].tensors[].residency", Holds::kText},
};
/// The first of those that each kind of a stack's layers has, too.
constexpr std::size_t kFirstOfLayer = 5;
constexpr std::array kOfSimulation{
    Need{"groups[].start_cycle", Holds::kNumber},
    Need{"groups[].end_cycle", Holds::kNumber},
    Need{"resources", Holds::kList},
    Need{"resources[].name", Holds::kText},
    Need{"tensors", Holds::kList},
};
constexpr std::array kOfComparison{
    Need{"[].strategy", Holds::kText},
    Need{"[].workload", Holds::kText, true},
    Need{"[].latency_cycles", Holds::kNumber, true},
    Need{"[].speedup", Holds::kNumber, true},
};
constexpr std::array kOfRoofline{
    Need{"workload", Holds::kText},
    Need{"arch", Holds::kText},
    Need{"peak_ops_per_cycle", Holds::kNumber},
    Need{"assumptions", Holds::kTexts},
    Need{"operators", Holds::kList},
    Need{"operators[].operator", Holds::kText},
    Need{"operators[].intensity_ops_per_byte", Holds::kNumber, true},
    Need{"operators[].attainable_ops_per_cycle", Holds::kNumber, true},
};
constexpr std::array kOfCorey{
    Need{"parity", Holds::kList},
    Need{"figures", Holds::kList},
    Need{"expectations", Holds::kList},
};
constexpr std::array kOfEntropy{
    Need{"[].tensor", Holds::kText},
    Need{"[].entropy_bits", Holds::kNumber, true},
};
constexpr std::array kOfLayers{Need{"[].kind", Holds::kText}};

bool is_number(const YamlNode& node) {
  double value = 0.0;
  const std::string& text = node.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return node.kind == YamlKind::kScalar && !node.quoted && error == std::errc{} &&
         end == text.data() + text.size() && value - value == 0.0;
}

bool is_text(const YamlNode& node) {
  return node.kind == YamlKind::kScalar && node.quoted;
}

bool holds(const YamlNode& node, Holds what) {
  switch (what) {
    case Holds::kText:
      return is_text(node);
    case Holds::kNumber:
      return is_number(node);
    case Holds::kTexts:
      return node.kind == YamlKind::kList && std::all_of(node.items.begin(), node.items.end(), is_text);
    case Holds::kNumbers:
      return node.kind == YamlKind::kList && std::all_of(node.items.begin(), node.items.end(), is_number);
    case Holds::kMap:
      return node.kind == YamlKind::kMap;
    case Holds::kList:
      return node.kind == YamlKind::kList;
  }
  return false;
}

std::string_view name_of(Holds what) {
  constexpr std::array<std::string_view, 6> kNames{
      "a text", "a number", "a list of texts", "a list of numbers", "an object", "a list"};
  return kNames.at(static_cast<std::size_t>(what));
}

class FormCheck {
 public:
  explicit FormCheck(Diagnostics& diags) : diags_{diags} {}

  void expect(const YamlNode& root, std::span<const Need> needs) {
    for (const Need& need : needs) expect(root, need.path, need);
  }

 private:
  void expect(const YamlNode& node, std::string_view rest, const Need& need) {
    if (rest.empty()) {
      const bool is_null = node.kind == YamlKind::kEmpty;
      if (is_null ? need.may_be_null : holds(node, need.holds)) return;
      diags_.error(node.pos, fmt::format("{}: expected {}{}", need.path, name_of(need.holds),
                                         need.may_be_null ? " or null" : ""));
    } else if (rest.starts_with("[]")) {
      if (node.kind != YamlKind::kList) return;  // Another need says so.
      rest.remove_prefix(rest.starts_with("[].") ? 3 : 2);
      for (const YamlNode& item : node.items) expect(item, rest, need);
    } else {
      expect_member(node, rest, need);
    }
  }

  void expect_member(const YamlNode& node, std::string_view rest, const Need& need) {
    const std::size_t end = std::min({rest.find('.'), rest.find('['), rest.size()});
    const std::string_view name = rest.substr(0, end);
    rest.remove_prefix(end < rest.size() && rest[end] == '.' ? end + 1 : end);
    if (node.kind != YamlKind::kMap) {
      if (end == need.path.size() || rest.empty())
        diags_.error(node.pos, fmt::format("{}: expected an object that holds it", need.path));
      return;
    }
    const YamlNode* value = find_value(node, name);
    if (value != nullptr) {
      expect(*value, rest, need);
    } else if (rest.empty()) {
      diags_.error(node.pos, fmt::format("{}: is missing", need.path));
    }
  }

  Diagnostics& diags_;
};

bool has(const YamlNode& node, std::string_view key) {
  return node.kind == YamlKind::kMap && find_value(node, key) != nullptr;
}

std::optional<ResultKind> kind_of_map(const YamlNode& map) {
  if (has(map, "passed")) return std::nullopt;  // Of verify: its groups are others.
  if (has(map, "scenarios")) return ResultKind::kSweep;
  if (has(map, "resources")) return ResultKind::kSimulation;
  if (has(map, "groups")) return ResultKind::kEvaluation;
  if (has(map, "operators")) return ResultKind::kRoofline;
  if (has(map, "parity")) return ResultKind::kCorey;
  return std::nullopt;
}

std::optional<ResultKind> kind_of(const YamlNode& root) {
  if (root.kind == YamlKind::kMap) return kind_of_map(root);
  if (root.kind != YamlKind::kList || root.items.empty()) return std::nullopt;
  const YamlNode& first = root.items.front();
  if (has(first, "speedup")) return ResultKind::kComparison;
  if (has(first, "entropy_bits")) return ResultKind::kEntropy;
  const auto part = kind_of_map(first);
  const bool has_layers = part == ResultKind::kSimulation || part == ResultKind::kRoofline;
  return has_layers && has(first, "kind") ? std::optional{ResultKind::kLayers} : std::nullopt;
}

void check(const YamlNode& root, ResultKind kind, FormCheck& form) {
  switch (kind) {
    case ResultKind::kSweep:
      return form.expect(root, kOfSweep);
    case ResultKind::kSimulation:
      form.expect(root, kOfEvaluation);
      return form.expect(root, kOfSimulation);
    case ResultKind::kEvaluation:
      form.expect(root, kOfEvaluation);
      if (const YamlNode* layers = find_value(root, "layers")) {
        for (const YamlNode& layer : layers->items)
          form.expect(layer, std::span{kOfEvaluation}.subspan(kFirstOfLayer));
      }
      return;
    case ResultKind::kComparison:
      return form.expect(root, kOfComparison);
    case ResultKind::kRoofline:
      return form.expect(root, kOfRoofline);
    case ResultKind::kCorey:
      return form.expect(root, kOfCorey);
    case ResultKind::kEntropy:
      return form.expect(root, kOfEntropy);
    case ResultKind::kLayers:
      form.expect(root, kOfLayers);
      for (const YamlNode& item : root.items) {
        const auto part = kind_of_map(item);
        check(item, part == ResultKind::kRoofline ? *part : ResultKind::kSimulation, form);
      }
  }
}

}  // namespace

std::optional<ResultKind> checked_kind(const YamlNode& root, Diagnostics& diags) {
  const std::optional<ResultKind> kind = kind_of(root);
  if (!kind) {
    diags.error(root.pos,
                "not a result that report draws: one of sweep, evaluate, simulate, compare, roofline or "
                "corey, written with --json");
    return std::nullopt;
  }
  FormCheck form{diags};
  check(root, *kind, form);
  return diags.ok() ? kind : std::nullopt;
}

}  // namespace fusescape
