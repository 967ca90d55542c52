#include "allocation.hpp"

#include <algorithm>
#include <set>

#include "context.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Leaves of the plan in order of execution, each with its operators.
std::vector<NodeId> leaves_of(const Plan& plan, NodeId node) {
  std::vector<NodeId> leaves;
  for (const NodeId child : plan.node(node).children) {
    const NodeKind kind = plan.node(child).kind;
    if (kind == NodeKind::kOperator || kind == NodeKind::kChain) {
      leaves.push_back(child);
    } else {
      const std::vector<NodeId> below = leaves_of(plan, child);
      leaves.insert(leaves.end(), below.begin(), below.end());
    }
  }
  return leaves;
}

void set_core(const Plan& plan, NodeId leaf, std::uint32_t core, CoreOf& core_of) {
  for (const OpId op : operators_below(plan, leaf)) core_of[index_of(op)] = core;
}

/// Cores on which it makes sense to try `leaf`: of those that run nothing, one of each kind.
std::vector<std::uint32_t> candidates(const Cascade& cascade, const Plan& plan,
                                      const Accelerator& accelerator, NodeId leaf, const CoreOf& core_of) {
  const std::vector<SingleCore> singles = single_cores(accelerator);
  std::vector<std::uint32_t> found;
  std::set<std::uint32_t> empty_kinds;
  for (std::uint32_t i = 0; i < singles.size(); ++i) {
    if (!can_run(cascade, plan, leaf, accelerator.cores[singles[i].core])) continue;
    const bool empty = std::find(core_of.begin(), core_of.end(), i) == core_of.end();
    if (empty && !empty_kinds.insert(singles[i].core).second) continue;
    found.push_back(i);
  }
  return found;
}

}  // namespace

std::optional<CoreOf> allocated(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator,
                                NextCore next) {
  const std::vector<SingleCore> singles = single_cores(accelerator);
  CoreOf core_of(cascade.operators.size());
  const auto next_able = [&](NodeId leaf, std::size_t from) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < singles.size(); ++i) {
      const std::size_t core = (from + i) % singles.size();
      if (can_run(cascade, plan, leaf, accelerator.cores[singles[core].core])) return core;
    }
    return std::nullopt;
  };
  for (const NodeId group : plan.node(kRoot).children) {
    std::size_t from = 0;
    for (const NodeId leaf : leaves_of(plan, group)) {
      const auto core = next_able(leaf, from);
      if (!core) return std::nullopt;
      set_core(plan, leaf, static_cast<std::uint32_t>(*core), core_of);
      if (next == NextCore::kInTurn) from = *core + 1;
    }
  }
  return core_of;
}

CoreOf improved(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator,
                const std::vector<CoreOf>& starts,
                const std::function<std::optional<Ticks>(const CoreOf&)>& latency) {
  FUSESCAPE_EXPECTS(!starts.empty());
  CoreOf start = starts.front();
  std::optional<Ticks> best = latency(start);
  for (std::size_t i = 1; i < starts.size(); ++i) {
    const std::optional<Ticks> now = latency(starts[i]);
    if (!now || (best && *now >= *best)) continue;
    best = now;
    start = starts[i];
  }
  bool better = true;
  const auto try_core = [&](NodeId leaf, std::uint32_t core) {
    CoreOf moved = start;
    set_core(plan, leaf, core, moved);
    if (moved == start) return;
    const std::optional<Ticks> now = latency(moved);
    if (!now || (best && *now >= *best)) return;
    best = now;
    start = std::move(moved);
    better = true;
  };
  while (better) {
    better = false;
    for (const NodeId leaf : leaves_of(plan, kRoot)) {
      for (const std::uint32_t core : candidates(cascade, plan, accelerator, leaf, start))
        try_core(leaf, core);
    }
  }
  return start;
}

}  // namespace fusescape
