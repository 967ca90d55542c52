#include "fusescape/plan/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "buffers.hpp"
#include "legality.hpp"

namespace fusescape {
namespace {

constexpr std::array kRuleNames{
    std::pair{Rule::kMalformedTree, std::string_view{"malformed tree"}},
    std::pair{Rule::kOrder, std::string_view{"order"}},
    std::pair{Rule::kPartialSum, std::string_view{"partial sum"}},
    std::pair{Rule::kRecurrenceGroup, std::string_view{"recurrence split over groups"}},
    std::pair{Rule::kRecurrenceTile, std::string_view{"tile beyond the recurrence's distance"}},
    std::pair{Rule::kRecurrenceRecompute, std::string_view{"carried values updated twice"}},
    std::pair{Rule::kDoubleAccumulation, std::string_view{"double accumulation"}},
    std::pair{Rule::kSequentialSpatial, std::string_view{"sequential rank on hardware"}},
    std::pair{Rule::kReductionSpatial, std::string_view{"reduction where the core cannot reduce"}},
    std::pair{Rule::kStorage, std::string_view{"storage node"}},
    std::pair{Rule::kChunks, std::string_view{"chunks"}},
    std::pair{Rule::kHalo, std::string_view{"halo"}},
    std::pair{Rule::kChain, std::string_view{"chain"}},
    std::pair{Rule::kRegisters, std::string_view{"registers"}},
    std::pair{Rule::kUnsupported, std::string_view{"no core runs it"}},
};

void append(std::vector<Violation>& to, std::vector<Violation> from) {
  for (Violation& violation : from) to.push_back(std::move(violation));
}

}  // namespace

std::string_view name_of(Rule rule) {
  return kRuleNames[static_cast<std::size_t>(rule)].second;
}

std::string describe(const Cascade& cascade, const Violation& violation) {
  std::string edge;
  if (violation.producer) edge = cascade.op(*violation.producer).name;
  if (violation.consumer) edge += fmt::format(" -> {}", cascade.op(*violation.consumer).name);
  if (edge.empty() && violation.tensor) edge = cascade.tensor(*violation.tensor).name;
  if (edge.empty()) edge = "the plan";
  const std::string rank = violation.rank ? ", " + cascade.rank(*violation.rank).name : "";
  const std::string tensor = violation.tensor ? cascade.tensor(*violation.tensor).name + ": " : "";
  return fmt::format("({}{}, {}): {}{}", edge, rank, name_of(violation.rule), tensor, violation.detail);
}

bool is_structural(Rule rule) {
  return rule == Rule::kMalformedTree || rule == Rule::kStorage || rule == Rule::kChain;
}

expected<Resolved, std::vector<Violation>> resolve(const Cascade& cascade, const Plan& plan,
                                                   Coverage coverage) {
  std::vector<Violation> found = tree_violations(cascade, plan, coverage);
  if (!found.empty()) return unexpected{std::move(found)};
  const Placement placed = place(cascade, plan);
  append(found, dependence_violations(cascade, plan, placed));
  append(found, chain_violations(cascade, plan, placed));
  append(found, storage_violations(cascade, plan, placed));
  const auto structural = [](const Violation& violation) { return is_structural(violation.rule); };
  if (std::any_of(found.begin(), found.end(), structural)) return unexpected{std::move(found)};
  Resolved resolved{{}, std::move(found)};
  for (const NodeId group : plan.node(kRoot).children) {
    resolved.layout.groups.push_back(group_layout(cascade, plan, placed, group));
  }
  std::vector<Violation> retained = retention_violations(cascade, plan, resolved.layout);
  if (retained.empty()) return resolved;
  append(retained, std::move(resolved.violations));
  return unexpected{std::move(retained)};
}

expected<Layout, std::vector<Violation>> lay_out(const Cascade& cascade, const Plan& plan,
                                                 Coverage coverage) {
  auto resolved = resolve(cascade, plan, coverage);
  if (!resolved) return unexpected{std::move(resolved).error()};
  if (!resolved->violations.empty()) return unexpected{std::move(resolved->violations)};
  return std::move(resolved->layout);
}

std::string_view name_of(BufferRole role) {
  switch (role) {
    case BufferRole::kFetched:
      return "fetched";
    case BufferRole::kProduced:
      return "produced";
    case BufferRole::kExchanged:
      return "exchanged";
    case BufferRole::kCarried:
      return "carried";
  }
  return "";
}

}  // namespace fusescape
