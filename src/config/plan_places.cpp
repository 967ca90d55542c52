#include "fusescape/config/plan_places.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/spatial.hpp"

namespace fusescape {
namespace {

std::vector<Violation> violations_of(const Cascade& cascade, const Plan& plan) {
  auto layout = lay_out(cascade, plan);
  return layout ? std::vector<Violation>{} : std::move(layout.error());
}

std::ptrdiff_t times_said(const Cascade& cascade, const Plan& plan, const std::string& text) {
  const std::vector<Violation> found = violations_of(cascade, plan);
  return std::count_if(found.begin(), found.end(),
                       [&](const Violation& violation) { return describe(cascade, violation) == text; });
}

/// Puts each violation at its place.
class Reporter {
 public:
  Reporter(const LocatedPlan& located, InputErrors& errors)
      : located_{located},
        errors_{errors},
        blamed_storages_(located.plan.storages.size()),
        blamed_retentions_(located.plan.retentions.size()) {}

  void report(const Violation& violation) {
    const std::string text = describe(located_.cascade, violation);
    const bool of_buffer = violation.rule == Rule::kStorage || violation.rule == Rule::kHalo;
    if (of_buffer && violation.tensor && report_at_buffer(*violation.tensor, text)) return;
    if (!report_at_operator(violation, text)) report_at_groups(text);
  }

 private:
  static constexpr int kMostTrials = 200;  ///< Then the last entry is taken for it.

  [[nodiscard]] const PlanPlaces& places() const { return located_.places; }

  bool report_at_buffer(TensorId tensor, const std::string& text) {
    if (const auto storage = culprit<&Plan::storages>(tensor, text, blamed_storages_)) {
      errors_.at(*places().storages[*storage], text);
      return true;
    }
    const auto retention = culprit<&Plan::retentions>(tensor, text, blamed_retentions_);
    if (retention) errors_.at_key(*places().retentions[*retention], text);
    return retention.has_value();
  }

  /// The last entry of `tensor` without which the violation would be gone; each is blamed once for it.
  template <auto Entries>
  std::optional<std::size_t> culprit(TensorId tensor, const std::string& text, std::vector<bool>& blamed) {
    const auto& entries = located_.plan.*Entries;
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (entries[i].tensor != tensor || blamed[i]) continue;
      if (++trials_ <= kMostTrials && !breaks<Entries>(i, text)) continue;
      blamed[i] = true;
      return i;
    }
    return std::nullopt;
  }

  template <auto Entries>
  [[nodiscard]] bool breaks(std::size_t entry, const std::string& text) const {
    Plan without = located_.plan;
    (without.*Entries).erase((without.*Entries).begin() + static_cast<std::ptrdiff_t>(entry));
    return times_said(located_.cascade, without, text) < times_said(located_.cascade, located_.plan, text);
  }

  bool report_at_operator(const Violation& violation, const std::string& text) {
    const bool of_mapping =
        violation.rule == Rule::kSequentialSpatial || violation.rule == Rule::kReductionSpatial;
    for (const std::optional<OpId>& op : {violation.consumer, violation.producer}) {
      if (!op) continue;
      if (const YamlEntry* mapping = places().mappings[index_of(*op)]; of_mapping && mapping != nullptr) {
        errors_.at_key(*mapping, text);
        return true;
      }
      if (const YamlNode* node = places().operators[index_of(*op)]) {
        errors_.at(*node, text);
        return true;
      }
    }
    return false;
  }

  void report_at_groups(const std::string& text) {
    for (const YamlEntry& entry : places().root->entries) {
      if (entry.key == "groups") errors_.at_key(entry, text);
    }
  }

  const LocatedPlan& located_;
  InputErrors& errors_;
  std::vector<bool> blamed_storages_;
  std::vector<bool> blamed_retentions_;
  int trials_ = 0;
};

}  // namespace

void report_violations(const LocatedPlan& located, InputErrors& errors) {
  Reporter reporter{located, errors};
  const std::vector<Violation> found = violations_of(located.cascade, located.plan);
  for (const Violation& violation : found) reporter.report(violation);
  const bool sound = std::none_of(found.begin(), found.end(),
                                  [](const Violation& violation) { return is_structural(violation.rule); });
  if (!sound) return;  // Its chains mean nothing to an accelerator.
  for (const Violation& violation : hardware_violations(located.cascade, located.plan, located.accelerator)) {
    if (violation.rule != Rule::kUnsupported) reporter.report(violation);
  }
}

}  // namespace fusescape
