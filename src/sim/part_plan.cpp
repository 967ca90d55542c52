#include "part_plan.hpp"

namespace fusescape {
namespace {

class PartCopy {
 public:
  explicit PartCopy(const Plan& plan) : plan_{plan}, copy_(plan.nodes.size()) {}

  Plan run(NodeId group) {
    part_.name = plan_.name;
    part_.formats = plan_.formats;
    part_.spatial = plan_.spatial;
    add(kRoot, group);
    for (Storage storage : plan_.storages) {
      if (group_of(plan_, storage.node) != group) continue;
      storage.node = copy_[index_of(storage.node)];
      part_.storages.push_back(storage);
    }
    return std::move(part_);
  }

 private:
  void add(NodeId parent, NodeId from) {
    Node node = plan_.node(from);
    const std::vector<NodeId> children = std::move(node.children);
    node.parent = parent;
    node.children.clear();
    const NodeId to{static_cast<std::uint16_t>(part_.nodes.size())};
    copy_[index_of(from)] = to;
    part_.nodes.push_back(std::move(node));
    part_.nodes[index_of(parent)].children.push_back(to);
    for (const NodeId child : children) add(to, child);
  }

  const Plan& plan_;
  std::vector<NodeId> copy_;  ///< Per node of the plan.
  Plan part_;
};

}  // namespace

Plan part_of(const Plan& plan, NodeId group) {
  return PartCopy{plan}.run(group);
}

}  // namespace fusescape
