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

/// Puts each violation at its place.
class Reporter {
 public:
  Reporter(const LocatedPlan& located, InputErrors& errors) : located_{located}, errors_{errors} {}

  void report(const Violation& violation) {
    const std::string text = describe(located_.cascade, violation);
    if (violation.storage) {
      errors_.at(*places().storages[*violation.storage], text);
    } else if (violation.retention) {
      errors_.at_key(*places().retentions[*violation.retention], text);
    } else if (!report_at_operator(violation, text)) {
      report_at_groups(text);
    }
  }

 private:
  [[nodiscard]] const PlanPlaces& places() const { return located_.places; }

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
