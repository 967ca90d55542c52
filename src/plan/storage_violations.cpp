// Storage nodes: is each above everyone who uses the tensor in its group, and named once?
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fusescape/plan/retention.hpp"
#include "fusescape/plan/windows.hpp"
#include "legality.hpp"

namespace fusescape {
namespace {

std::vector<OpId> users_of(const Cascade& cascade, TensorId tensor) {
  std::vector<OpId> users;
  if (cascade.producer[index_of(tensor)]) users.push_back(*cascade.producer[index_of(tensor)]);
  for (const Use& use : cascade.uses[index_of(tensor)]) users.push_back(use.op);
  return users;
}

/// Whether all that `access` names was made in earlier iterations of `node`.
bool reads_earlier_tiles(const Cascade& cascade, const Plan& plan, NodeId node, const Access& access) {
  const Index* shifted = shifted_index(access);
  return shifted != nullptr && tile_extent(cascade, plan, node, shifted->rank) <= shifted->distance;
}

/// What a chain or an operator reads of its own earlier steps cannot come from DRAM within one tile.
void check_fetched_before_made(const Cascade& cascade, const Plan& plan, const Use& use, NodeId shared,
                               std::vector<Violation>& found) {
  const NodeKind kind = plan.node(shared).kind;
  if (kind != NodeKind::kChain && kind != NodeKind::kOperator) return;
  const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
  if (!is_shifted(access) || reads_earlier_tiles(cascade, plan, shared, access)) return;
  found.push_back({Rule::kOrder, cascade.producer[index_of(access.tensor)], use.op,
                   shifted_index(access)->rank, access.tensor, "it is fetched before its own tile makes it"});
}

/// A spilled tensor is fetched at a reader's first tile below its storage node: a loop there that both share
/// must not make it tile by tile.
void check_spilled(const Cascade& cascade, const Plan& plan, const Placement& placed, const Storage& storage,
                   std::vector<Violation>& found) {
  const auto& producer = cascade.producer[index_of(storage.tensor)];
  const NodeId group = group_of(plan, storage.node);
  const auto here = [&](OpId op) {
    return placed.placed(op) && group_of(plan, placed.leaf[index_of(op)]) == group;
  };
  if (!storage.spilled || !producer || !here(*producer)) return;
  for (const Use& use : cascade.uses[index_of(storage.tensor)]) {
    if (!here(use.op)) continue;
    const NodeId shared =
        common_ancestor(plan, placed.leaf[index_of(*producer)], placed.leaf[index_of(use.op)]);
    check_fetched_before_made(cascade, plan, use, shared, found);
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    if (plan.node(shared).kind == NodeKind::kChain && !is_shifted(access)) continue;  // It is in a register.
    if (reads_earlier_tiles(cascade, plan, storage.node, access)) continue;
    for (const LiveLoop& loop : live_loops(cascade, plan, shared)) {
      const bool below = loop.node != storage.node && is_above(plan, storage.node, loop.node);
      if (!below || !has_rank(cascade.tensor(storage.tensor).ranks, loop.rank)) continue;
      found.push_back({Rule::kOrder, producer, use.op, loop.rank, storage.tensor,
                       fmt::format("it fetches above the loop over {} what is made tile by tile inside",
                                   cascade.rank(loop.rank).name)});
    }
  }
}

/// A halo is kept from one tile of `window` to the next only if no other slab takes the buffer in between,
/// and no loop between two over the window's rank goes back to where the inner one began.
std::optional<RankId> overwriting_loop(const Cascade& cascade, const Plan& plan, const Storage& storage,
                                       const Access& access, const Index& window) {
  if (!window.tap || tile_extent(cascade, plan, storage.node, *window.tap) == 1) return std::nullopt;
  bool along = false;
  std::optional<RankId> between;
  for (const LiveLoop& loop : live_loops(cascade, plan, storage.node)) {
    const bool other = std::any_of(access.indices.begin(), access.indices.end(), [&](const Index& index) {
      return index.tap == loop.rank || (index.rank == loop.rank && index.rank != window.rank);
    });
    if (along && other) return loop.rank;
    const bool along_window = loop.rank == window.rank;
    if (between && along_window) return between;
    if (along && !along_window) between = loop.rank;
    along = along || along_window;
  }
  return std::nullopt;
}

void check_halo(const Cascade& cascade, const Plan& plan, const Placement& placed, const Storage& storage,
                std::vector<Violation>& found) {
  const NodeId group = group_of(plan, storage.node);
  const auto& producer = cascade.producer[index_of(storage.tensor)];
  const bool made_here =
      producer && placed.placed(*producer) && group_of(plan, placed.leaf[index_of(*producer)]) == group;
  if (!storage.held || (made_here && !storage.spilled)) return;
  for (const Use& use : cascade.uses[index_of(storage.tensor)]) {
    if (!placed.placed(use.op) || group_of(plan, placed.leaf[index_of(use.op)]) != group) continue;
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    for (const Index& window : access.indices) {
      const auto rank = overwriting_loop(cascade, plan, storage, access, window);
      if (!rank) continue;
      found.push_back(
          {Rule::kHalo, producer, use.op, rank, storage.tensor,
           fmt::format("the loop over {} overwrites the halo it holds", cascade.rank(*rank).name)});
    }
  }
}

/// Whether `held` can save anything: a buffer that is filled from DRAM, below a loop along a window.
bool may_hold(const Cascade& cascade, const Plan& plan, const Placement& placed, const Storage& storage) {
  const NodeId group = group_of(plan, storage.node);
  const auto here = [&](OpId op) {
    return placed.placed(op) && group_of(plan, placed.leaf[index_of(op)]) == group;
  };
  const auto& producer = cascade.producer[index_of(storage.tensor)];
  if (producer && here(*producer) && !storage.spilled) return false;
  const auto& uses = cascade.uses[index_of(storage.tensor)];
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    const Access& access = cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
    return here(use.op) && steps_along_window(plan, storage.node, access);
  });
}

std::string fault_of(const Cascade& cascade, const Plan& plan, const Placement& placed,
                     const Storage& storage) {
  const NodeKind kind = plan.node(storage.node).kind;
  if (storage.node == kRoot) return "what stays on chip between groups is said by `retain`";
  if (kind == NodeKind::kOperator || kind == NodeKind::kChain) return "operators and chains hold no buffers";
  if (storage.slots && *storage.slots != 1 && *storage.slots != 2) return "a tensor has one or two slots";
  const NodeId group = group_of(plan, storage.node);
  bool used = false;
  for (const OpId op : users_of(cascade, storage.tensor)) {
    const NodeId leaf = placed.leaf[index_of(op)];
    if (!placed.placed(op) || group_of(plan, leaf) != group) continue;
    used = true;
    if (!is_above(plan, storage.node, leaf)) {
      return fmt::format("{} uses it outside its storage node", cascade.op(op).name);
    }
  }
  if (!used) return "nothing in the storage node's group uses it";
  if (!storage.held || may_hold(cascade, plan, placed, storage)) return "";
  return "`held` keeps nothing: no loop above its storage node steps along a window that is fetched";
}

/// Only what one group makes and a later one reads can be retained between groups, once, and not more than
/// all of it.
std::string fault_of(const Cascade& cascade, const Plan& plan, const Placement& placed,
                     const Retention& retention) {
  const std::size_t tensor = index_of(retention.tensor);
  if (!cascade.producer[tensor] || !placed.placed(*cascade.producer[tensor])) return "no group makes it";
  const std::int32_t made = placed.group[index_of(*cascade.producer[tensor])];
  const auto& uses = cascade.uses[tensor];
  const bool read_later = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    return placed.placed(use.op) && placed.group[index_of(use.op)] > made;
  });
  if (!read_later) return "no later group reads it";
  const Bytes all =
      bytes_of(elements_of(cascade, retention.tensor), bits_of(cascade.tensor(retention.tensor).type));
  if (retention.bytes <= Bytes{0} || retention.bytes > all) {
    return fmt::format("retains {} B of its {} B", retention.bytes.value(), all.value());
  }
  if (retention.bytes < all && !is_read_whole(cascade, retention.tensor)) {
    return "a part of it can be retained only if every reader reads all of it";
  }
  const auto named = std::count_if(plan.retentions.begin(), plan.retentions.end(),
                                   [&](const Retention& other) { return other.tensor == retention.tensor; });
  return named > 1 ? "it is retained twice" : "";
}

Violation violation_of(const Cascade& cascade, const Plan& plan, std::size_t retention, std::string fault) {
  const TensorId tensor = plan.retentions[retention].tensor;
  return {Rule::kStorage, cascade.producer[index_of(tensor)],
          std::nullopt,   std::nullopt,
          tensor,         std::move(fault),
          std::nullopt,   retention};
}

}  // namespace

std::vector<Violation> storage_violations(const Cascade& cascade, const Plan& plan, const Placement& placed) {
  std::vector<Violation> found;
  std::set<std::pair<TensorId, NodeId>> seen;
  for (std::size_t i = 0; i < plan.storages.size(); ++i) {
    const Storage& storage = plan.storages[i];
    std::string fault = fault_of(cascade, plan, placed, storage);
    if (fault.empty() && !seen.emplace(storage.tensor, group_of(plan, storage.node)).second) {
      fault = "it has two storage nodes in one group";
    }
    if (fault.empty()) {
      check_spilled(cascade, plan, placed, storage, found);
      const std::size_t before = found.size();
      check_halo(cascade, plan, placed, storage, found);
      for (std::size_t halo = before; halo < found.size(); ++halo) found[halo].storage = i;
      continue;
    }
    found.push_back({Rule::kStorage, cascade.producer[index_of(storage.tensor)], std::nullopt, std::nullopt,
                     storage.tensor, std::move(fault), i});
  }
  for (std::size_t i = 0; i < plan.retentions.size(); ++i) {
    std::string fault = fault_of(cascade, plan, placed, plan.retentions[i]);
    if (!fault.empty()) found.push_back(violation_of(cascade, plan, i, std::move(fault)));
  }
  return found;
}

std::vector<Violation> retention_violations(const Cascade& cascade, const Plan& plan, const Layout& layout) {
  std::vector<Violation> found;
  for (std::size_t i = 0; i < plan.retentions.size(); ++i) {
    const Retention& retention = plan.retentions[i];
    const Tensor& tensor = cascade.tensor(retention.tensor);
    const bool in_part =
        retention.bytes < bytes_of(elements_of(cascade, retention.tensor), bits_of(tensor.type));
    if (!in_part || is_loaded_evenly(cascade, plan, layout, retention.tensor)) continue;
    found.push_back(violation_of(cascade, plan, i,
                                 "a part of it can be retained only if all of it is loaded equally often"));
  }
  return found;
}

}  // namespace fusescape
