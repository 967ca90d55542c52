// Storage nodes: is each above everyone who uses the tensor in its group, and named once?
#include <fmt/format.h>

#include <set>

#include "legality.hpp"

namespace fusescape {
namespace {

std::vector<OpId> users_of(const Cascade& cascade, TensorId tensor) {
  std::vector<OpId> users;
  if (cascade.producer[index_of(tensor)]) users.push_back(*cascade.producer[index_of(tensor)]);
  for (const Use& use : cascade.uses[index_of(tensor)]) users.push_back(use.op);
  return users;
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
  return used ? "" : "nothing in the storage node's group uses it";
}

}  // namespace

std::vector<Violation> storage_violations(const Cascade& cascade, const Plan& plan, const Placement& placed) {
  std::vector<Violation> found;
  std::set<std::pair<TensorId, NodeId>> seen;
  for (const Storage& storage : plan.storages) {
    std::string fault = fault_of(cascade, plan, placed, storage);
    if (fault.empty() && !seen.emplace(storage.tensor, group_of(plan, storage.node)).second) {
      fault = "it has two storage nodes in one group";
    }
    if (fault.empty()) continue;
    found.push_back({Rule::kStorage, cascade.producer[index_of(storage.tensor)], std::nullopt, std::nullopt,
                     storage.tensor, std::move(fault)});
  }
  return found;
}

}  // namespace fusescape
