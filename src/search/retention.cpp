#include "retention.hpp"

#include <algorithm>

#include "fused_groups.hpp"
#include "fusescape/plan/layout.hpp"

namespace fusescape {
namespace {

/// Positions of the first and last group that touch a tensor.
struct Interval {
  std::size_t first = 0;
  std::size_t last = 0;
};

std::vector<std::size_t> group_of_operator(const Cascade& cascade, const Layout& layout) {
  std::vector<std::size_t> group(cascade.operators.size(), 0);
  for (std::size_t g = 0; g < layout.groups.size(); ++g) {
    for (const OpId op : layout.groups[g].operators) group[index_of(op)] = g;
  }
  return group;
}

bool contains(const std::vector<OpId>& ops, OpId op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

/// The groups between which a tensor of `makers` could be kept; none if others read it, or nobody later.
std::optional<Interval> interval_of(const Cascade& cascade, const std::vector<std::size_t>& group,
                                    TensorId tensor, const std::vector<OpId>& makers) {
  const auto producer = cascade.producer[index_of(tensor)];
  if (!producer || !contains(makers, *producer) || cascade.tensor(tensor).kind == TensorKind::kOutput) {
    return std::nullopt;
  }
  Interval interval{group[index_of(*producer)], group[index_of(*producer)]};
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    if (!contains(makers, use.op)) return std::nullopt;
    interval.last = std::max(interval.last, group[index_of(use.op)]);
  }
  return interval.last > interval.first ? std::optional{interval} : std::nullopt;
}

}  // namespace

void retain_between(Plan& plan, const Planner& planner, const Machine& machine,
                    const std::vector<OpId>& makers) {
  const Cascade& cascade = planner.cascade();
  const auto state = state_ranks(cascade);
  const auto layout = lay_out(cascade, plan);
  if (!state || !layout) return;
  PlanProfile profiled = profile(cascade, plan, *layout, planner.options());
  const std::vector<std::size_t> group = group_of_operator(cascade, *layout);
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    const auto interval = interval_of(cascade, group, tensor, makers);
    if (!interval) continue;
    Bytes free = machine.capacity;
    for (std::size_t g = interval->first; g <= interval->last; ++g) {
      free = std::min(free, machine.capacity - profiled.groups[g].peak - profiled.groups[g].reserved);
    }
    const std::int64_t tokens = cascade.extent(state->tokens).value();
    const Bytes token = bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensor(tensor).type));
    const std::int64_t slice = token.value() / tokens;
    const std::int64_t kept = std::min(free.value() / std::max<std::int64_t>(slice, 1), tokens);
    if (kept <= 0) continue;
    plan.retentions.push_back({tensor, Bytes{slice} * kept});
    for (std::size_t g = interval->first; g <= interval->last; ++g)
      profiled.groups[g].reserved += Bytes{slice} * kept;
  }
}

}  // namespace fusescape
