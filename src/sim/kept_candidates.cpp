#include <algorithm>

#include "kept.hpp"

namespace fusescape {
namespace {

/// A group of operators that the plan could have run apart.
bool is_fused(const Cascade& cascade, const GroupLayout& group) {
  const auto& recurrence = cascade.recurrence_of[index_of(group.operators.front())];
  const std::size_t unit = recurrence ? cascade.recurrences[*recurrence].operators.size() : 1;
  return group.operators.size() > unit;
}

/// The group stores each part of the tensor once and does not fetch it.
bool is_made_once(const Cascade& cascade, const Plan& plan, const GroupLayout& group, TensorId tensor) {
  for (const Buffer& buffer : group.buffers) {
    if (buffer.tensor != tensor) continue;
    if (buffer.role == BufferRole::kFetched || buffer.role == BufferRole::kCarried || !buffer.producer)
      return false;
    const auto& summed = cascade.op(*buffer.producer).reduction_ranks;
    for (const PathLoop& loop : loops_above(plan, buffer.node)) {
      if (has_rank(summed, loop.rank)) return false;
    }
  }
  return true;
}

/// It ends at its last reader, and is in DRAM as it is on chip.
bool is_plain(const Cascade& cascade, const Plan& plan, TensorId tensor) {
  const Tensor& what = cascade.tensor(tensor);
  const auto& uses = cascade.uses[index_of(tensor)];
  if (!cascade.producer[index_of(tensor)] || uses.empty() || what.kind == TensorKind::kOutput ||
      what.final_value != Final::kDropped || what.initial != Initial::kZero)
    return false;
  const auto packs = [&](const StorageFormat& format) { return format.tensor == tensor; };
  const auto shifts = [&](const Use& use) {
    return is_shifted(cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
  };
  return std::none_of(plan.formats.begin(), plan.formats.end(), packs) &&
         std::none_of(uses.begin(), uses.end(), shifts);
}

}  // namespace

std::vector<bool> kept_candidates(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                  const std::vector<bool>& fits, Keep keep) {
  std::vector<bool> found(cascade.tensors.size());
  if (keep == Keep::kNone) return found;
  std::vector<std::size_t> group_of(cascade.operators.size());
  std::vector<bool> may_keep;
  for (std::size_t g = 0; g < layout.groups.size(); ++g) {
    for (const OpId op : layout.groups[g].operators) group_of[index_of(op)] = g;
    may_keep.push_back(keep == Keep::kAll || is_fused(cascade, layout.groups[g]));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    if (!is_plain(cascade, plan, tensor)) continue;
    const std::size_t first = group_of[index_of(*cascade.producer[i])];
    std::size_t last = first;
    bool keeps = may_keep[first];
    for (const Use& use : cascade.uses[i]) {
      last = std::max(last, group_of[index_of(use.op)]);
      keeps = keeps && may_keep[group_of[index_of(use.op)]];
    }
    for (std::size_t g = first; g <= last; ++g) keeps = keeps && fits[g];
    found[i] = keeps && last > first && is_made_once(cascade, plan, layout.groups[first], tensor);
  }
  return found;
}

}  // namespace fusescape
