#include "fusescape/search/constraint.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// The number as it is printed, against an exact limit; unlimited is more than any.
std::partial_ordering against(const Figure& figure, const Ratio& limit) {
  if (const auto* whole = std::get_if<std::int64_t>(&figure.number)) return Ratio{*whole} <=> limit;
  if (const auto* real = std::get_if<double>(&figure.number)) return *real <=> limit.nearest_double();
  return std::partial_ordering::greater;
}

bool keeps_to(const Constraint& constraint, const Figure& figure) {
  const std::partial_ordering order = against(figure, constraint.limit);
  switch (constraint.relation) {
    case Constraint::Relation::kLess:
      return order < 0;
    case Constraint::Relation::kAtMost:
      return order <= 0;
    case Constraint::Relation::kMore:
      return order > 0;
    case Constraint::Relation::kAtLeast:
      break;
  }
  return order >= 0;
}

}  // namespace

bool meet(std::span<const Constraint> constraints, const Evaluated& evaluated) {
  return std::all_of(constraints.begin(), constraints.end(), [&](const Constraint& constraint) {
    const Metric* metric = find_metric(constraint.metric);
    FUSESCAPE_EXPECTS(metric != nullptr);  // problems_of
    const MetricValue figure = metric->value(evaluated);
    return figure && keeps_to(constraint, *figure);
  });
}

}  // namespace fusescape
