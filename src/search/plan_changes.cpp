#include "plan_changes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fusescape/plan/windows.hpp"

namespace fusescape {
namespace {

/// The changes of one group of one plan.
class GroupChanges {
 public:
  GroupChanges(const Cascade& cascade, const Plan& plan, const GroupLayout& group)
      : cascade_{cascade}, plan_{plan}, group_{group} {}

  void of_buffers();
  void of_loops();
  void of_retention();
  void single_slots();
  void halved_tiles();
  [[nodiscard]] std::vector<PlanChange> take() { return std::move(changes_); }

 private:
  [[nodiscard]] const std::string& name(TensorId tensor) const { return cascade_.tensor(tensor).name; }
  [[nodiscard]] std::vector<NodeId> loops() const;
  [[nodiscard]] std::int64_t tile_above(NodeId loop) const;
  void add(std::string text, Plan plan) { changes_.push_back({std::move(text), std::move(plan)}); }
  /// The plan's entry for the buffer's tensor in this group; made where the buffer lies if there is none.
  Storage& storage_of(Plan& plan, const Buffer& buffer) const;
  void with_tile(NodeId loop, std::int64_t tile);
  void swapped(NodeId outer);

  const Cascade& cascade_;
  const Plan& plan_;
  const GroupLayout& group_;
  std::vector<PlanChange> changes_;
};

Storage& GroupChanges::storage_of(Plan& plan, const Buffer& buffer) const {
  const auto found = std::find_if(plan.storages.begin(), plan.storages.end(), [&](const Storage& storage) {
    return storage.tensor == buffer.tensor && storage.node != kRoot &&
           group_of(plan, storage.node) == group_.node;
  });
  if (found != plan.storages.end()) return *found;
  return plan.storages.emplace_back(Storage{.tensor = buffer.tensor, .node = buffer.node});
}

void GroupChanges::of_buffers() {
  for (const Buffer& buffer : group_.buffers) {
    if (buffer.role == BufferRole::kCarried) continue;
    if (buffer.slots.value_or(1) != 2) {
      Plan plan = plan_;
      storage_of(plan, buffer).slots = 2;
      add(fmt::format("`slots: 2` on {}", name(buffer.tensor)), std::move(plan));
    }
    if (buffer.role != BufferRole::kFetched) continue;
    Plan plan = plan_;
    Storage& storage = storage_of(plan, buffer);
    if (storage.spilled) {
      storage.spilled = false;
      add(fmt::format("{} held on chip instead of spilled", name(buffer.tensor)), std::move(plan));
    } else if (!storage.held && steps_along_window(plan_, storage.node, buffer.access)) {
      storage.held = true;
      add(fmt::format("`held: true` on {}", name(buffer.tensor)), std::move(plan));
    }
  }
}

std::vector<NodeId> GroupChanges::loops() const {
  std::vector<NodeId> found;
  for (std::size_t i = 1; i < plan_.nodes.size(); ++i) {
    const NodeId id{static_cast<std::uint16_t>(i)};
    if (plan_.node(id).kind == NodeKind::kLoop && is_above(plan_, group_.node, id)) found.push_back(id);
  }
  return found;
}

/// What the loops above leave of the rank: more is no tile of it.
std::int64_t GroupChanges::tile_above(NodeId loop) const {
  const Node& node = plan_.node(loop);
  std::int64_t extent = cascade_.extent(node.rank).value();
  for (const PathLoop& outer : loops_above(plan_, node.parent)) {
    if (outer.rank == node.rank) extent = std::min(extent, outer.tile);
  }
  return extent;
}

void GroupChanges::with_tile(NodeId loop, std::int64_t tile) {
  Plan plan = plan_;
  plan.nodes[index_of(loop)].tile = tile;
  const Node& node = plan_.node(loop);
  add(fmt::format("a tile of {} along {} instead of {}", tile, cascade_.rank(node.rank).name, node.tile),
      std::move(plan));
}

void GroupChanges::swapped(NodeId outer) {
  const Node& node = plan_.node(outer);
  if (node.children.size() != 1) return;
  const NodeId inner = node.children.front();
  if (plan_.node(inner).kind != NodeKind::kLoop || plan_.node(inner).rank == node.rank) return;
  Plan plan = plan_;
  std::swap(plan.nodes[index_of(outer)].rank, plan.nodes[index_of(inner)].rank);
  std::swap(plan.nodes[index_of(outer)].tile, plan.nodes[index_of(inner)].tile);
  add(fmt::format("the loop over {} outside the one over {}", cascade_.rank(plan_.node(inner).rank).name,
                  cascade_.rank(node.rank).name),
      std::move(plan));
}

void GroupChanges::of_loops() {
  for (const NodeId loop : loops()) {
    const std::int64_t whole = tile_above(loop);
    const std::int64_t tile = std::min(plan_.node(loop).tile, whole);
    if (tile < whole) with_tile(loop, std::min(2 * tile, whole));
    if (tile > 1) with_tile(loop, (tile + 1) / 2);
    swapped(loop);
  }
}

void GroupChanges::of_retention() {
  for (const OpId op : group_.operators) {
    const TensorId made = cascade_.op(op).output;
    const auto same = [&](const Retention& retention) { return retention.tensor == made; };
    const auto& uses = cascade_.uses[index_of(made)];
    const bool elsewhere = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return std::find(group_.operators.begin(), group_.operators.end(), use.op) == group_.operators.end();
    });
    if (!elsewhere || std::any_of(plan_.retentions.begin(), plan_.retentions.end(), same)) continue;
    Plan plan = plan_;
    plan.retentions.push_back(
        {made, bytes_of(elements_of(cascade_, made), bits_of(cascade_.tensor(made).type))});
    add(fmt::format("{} retained on chip until it is read", name(made)), std::move(plan));
  }
}

void GroupChanges::single_slots() {
  Plan plan = plan_;
  std::vector<std::string> names;
  for (const Buffer& buffer : group_.buffers) {
    if (buffer.role == BufferRole::kCarried) continue;
    storage_of(plan, buffer).slots = 1;
    const std::string& tensor = name(buffer.tensor);
    if (std::find(names.begin(), names.end(), tensor) == names.end()) names.push_back(tensor);
  }
  if (!names.empty()) add(fmt::format("`slots: 1` on {}", fmt::join(names, ", ")), std::move(plan));
}

void GroupChanges::halved_tiles() {
  for (const NodeId loop : loops()) {
    for (std::int64_t tile = std::min(plan_.node(loop).tile, tile_above(loop)); tile > 1;) {
      tile = (tile + 1) / 2;
      with_tile(loop, tile);
    }
  }
}

}  // namespace

std::vector<PlanChange> faster_changes(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                       std::size_t group) {
  GroupChanges changes{cascade, plan, layout.groups[group]};
  changes.of_buffers();
  changes.of_loops();
  changes.of_retention();
  return changes.take();
}

std::vector<PlanChange> smaller_changes(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                        std::size_t group) {
  GroupChanges changes{cascade, plan, layout.groups[group]};
  changes.single_slots();
  changes.halved_tiles();
  return changes.take();
}

}  // namespace fusescape
