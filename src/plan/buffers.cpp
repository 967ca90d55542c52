#include "buffers.hpp"

#include <algorithm>
#include <map>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

enum class ReadKind : unsigned char { kPlain, kWindow, kEarlier };

/// How the users of one tensor within one group use it.
struct LocalUses {
  std::optional<OpId> producer;
  std::vector<Use> plain;    ///< Same iteration, through memory.
  std::vector<Use> earlier;  ///< Only earlier elements.
  std::vector<Use> windows;  ///< The same and earlier ones.
  bool used_later = false;   ///< By a later group, or by whoever runs the cascade.
  [[nodiscard]] bool touched() const {
    return producer || !plain.empty() || !earlier.empty() || !windows.empty();
  }
};

class BufferPlanner {
 public:
  BufferPlanner(const Cascade& cascade, const Plan& plan, const Placement& placed, NodeId group)
      : cascade_{cascade}, plan_{plan}, placed_{placed}, layout_{group, operators_below(plan, group), {}} {}

  GroupLayout run() {
    for (std::size_t i = 0; i < cascade_.tensors.size(); ++i)
      add_tensor(TensorId{static_cast<std::uint16_t>(i)});
    share_memory();
    return std::move(layout_);
  }

 private:
  [[nodiscard]] const Access& access(const Use& use) const {
    return cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)];
  }
  [[nodiscard]] NodeId leaf(OpId op) const { return placed_.leaf[index_of(op)]; }
  [[nodiscard]] std::int32_t order(OpId op) const { return placed_.order[index_of(op)]; }
  [[nodiscard]] bool in_group(OpId op) const {
    return placed_.placed(op) && group_of(plan_, leaf(op)) == layout_.node;
  }

  [[nodiscard]] ReadKind read_kind(const Access& access) const;
  [[nodiscard]] bool in_one_chain(OpId a, OpId b) const;
  [[nodiscard]] LocalUses local_uses(TensorId tensor) const;
  [[nodiscard]] const Storage* storage_of(TensorId tensor) const;
  [[nodiscard]] NodeId lowest_above(const std::vector<OpId>& ops) const;
  [[nodiscard]] Access whole(TensorId tensor) const;
  [[nodiscard]] Access carried_part(TensorId tensor, const std::vector<Use>& uses) const;

  void add_tensor(TensorId tensor);
  void add_fetched(TensorId tensor, const std::vector<Use>& uses, bool made_here);
  void add_made(TensorId tensor, const LocalUses& local);
  void add_carried(TensorId tensor, const LocalUses& local);
  void set_life(Buffer& buffer, std::optional<std::int32_t> first, const std::vector<OpId>& until) const;
  void share_memory();
  void share_state(std::size_t carried);
  void share_in_place(std::size_t output);
  [[nodiscard]] OpId last_use(const Buffer& buffer) const;
  [[nodiscard]] std::int32_t first_user(const Buffer& buffer) const;
  void append_late_readers(const LocalUses& local, std::vector<OpId>& users) const;
  [[nodiscard]] bool sums_in_tiles(OpId op) const;
  [[nodiscard]] bool reads_own_position(const Access& access) const;
  [[nodiscard]] bool repeats_below(NodeId node, OpId op) const;
  [[nodiscard]] bool is_read_elsewhere(TensorId tensor, OpId op) const;

  const Cascade& cascade_;
  const Plan& plan_;
  const Placement& placed_;
  GroupLayout layout_;
};

ReadKind BufferPlanner::read_kind(const Access& access) const {
  for (const Index& index : access.indices) {
    if (index.tap) return index.distance == 0 ? ReadKind::kWindow : ReadKind::kEarlier;
    if (index.distance > 0) return ReadKind::kEarlier;
  }
  return ReadKind::kPlain;
}

bool BufferPlanner::in_one_chain(OpId a, OpId b) const {
  const NodeId parent = plan_.node(leaf(a)).parent;
  return plan_.node(parent).kind == NodeKind::kChain && plan_.node(leaf(b)).parent == parent;
}

LocalUses BufferPlanner::local_uses(TensorId tensor) const {
  LocalUses local;
  const std::optional<OpId> producer = cascade_.producer[index_of(tensor)];
  if (producer && in_group(*producer)) local.producer = producer;
  const std::vector<Use>& uses = cascade_.uses[index_of(tensor)];
  for (const Use& use : uses) {
    if (!in_group(use.op)) {
      local.used_later = true;
      continue;
    }
    const ReadKind kind = read_kind(access(use));
    if (kind == ReadKind::kEarlier) local.earlier.push_back(use);
    if (kind == ReadKind::kWindow) local.windows.push_back(use);
    const bool in_registers = local.producer && in_one_chain(*local.producer, use.op);
    if (kind == ReadKind::kPlain && !in_registers) local.plain.push_back(use);
  }
  if (cascade_.tensor(tensor).kind == TensorKind::kOutput || uses.empty()) local.used_later = true;
  return local;
}

const Storage* BufferPlanner::storage_of(TensorId tensor) const {
  for (const Storage& storage : plan_.storages) {
    if (storage.tensor == tensor && group_of(plan_, storage.node) == layout_.node) return &storage;
  }
  return nullptr;
}

NodeId BufferPlanner::lowest_above(const std::vector<OpId>& ops) const {
  NodeId node = storing_parent(plan_, leaf(ops.front()));
  for (const OpId op : ops) node = common_ancestor(plan_, node, storing_parent(plan_, leaf(op)));
  return node;
}

Access BufferPlanner::whole(TensorId tensor) const {
  Access all{tensor, {}};
  for (const RankId rank : cascade_.tensor(tensor).ranks) all.indices.push_back({rank, 0, 0, std::nullopt});
  return all;
}

std::vector<OpId> ops_of_uses(const std::vector<Use>& uses) {
  std::vector<OpId> ops;
  ops.reserve(uses.size());
  for (const Use& use : uses) ops.push_back(use.op);
  return ops;
}

std::vector<Use> joined(std::vector<Use> a, const std::vector<Use>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Alive from `first` (the first child of its node if none) to the last child with one of `until`.
void BufferPlanner::set_life(Buffer& buffer, std::optional<std::int32_t> first,
                             const std::vector<OpId>& until) const {
  buffer.first_child = first.value_or(0);
  buffer.last_child = buffer.first_child;
  for (const OpId op : until) {
    buffer.last_child = std::max(buffer.last_child, child_position(plan_, buffer.node, leaf(op)));
  }
}

/// The first child of its node that reads it.
std::int32_t BufferPlanner::first_user(const Buffer& buffer) const {
  std::int32_t first = child_position(plan_, buffer.node, leaf(buffer.uses.front().op));
  for (const Use& use : buffer.uses) {
    first = std::min(first, child_position(plan_, buffer.node, leaf(use.op)));
  }
  return first;
}

/// One buffer for each part of the tensor that the group reads: its slices are fetched separately.
void BufferPlanner::add_fetched(TensorId tensor, const std::vector<Use>& uses, bool made_here) {
  std::vector<std::vector<Use>> parts;
  for (const Use& use : uses) {
    const auto same = std::find_if(parts.begin(), parts.end(),
                                   [&](const auto& part) { return access(part.front()) == access(use); });
    if (same == parts.end()) {
      parts.push_back({use});
    } else {
      same->push_back(use);
    }
  }
  const Storage* storage = storage_of(tensor);
  for (const std::vector<Use>& part : parts) {
    Buffer buffer{
        .tensor = tensor, .role = BufferRole::kFetched, .access = access(part.front()), .uses = part};
    buffer.node = storage != nullptr ? storage->node : lowest_above(ops_of_uses(part));
    buffer.held = storage != nullptr && storage->held;
    if (storage != nullptr) buffer.slots = storage->slots;
    if (made_here) buffer.slots = 1;  // It cannot be fetched ahead of its producer.
    set_life(buffer, made_here ? std::optional{first_user(buffer)} : std::nullopt, ops_of_uses(part));
    layout_.buffers.push_back(std::move(buffer));
  }
}

/// True if `op` adds up its sums in more than one tile: between them they are incomplete.
bool BufferPlanner::sums_in_tiles(OpId op) const {
  const std::vector<LiveLoop> loops = live_loops(cascade_, plan_, leaf(op));
  return std::any_of(loops.begin(), loops.end(), [&](const LiveLoop& loop) {
    return has_rank(cascade_.op(op).reduction_ranks, loop.rank);
  });
}

/// Those that still read old values when the first new one is made, which has to stay out of their way.
void BufferPlanner::append_late_readers(const LocalUses& local, std::vector<OpId>& users) const {
  for (const Use& use : local.earlier) {
    const bool later = order(use.op) > order(*local.producer) && !in_one_chain(use.op, *local.producer);
    const bool mixes = use.op == *local.producer && !reads_own_position(access(use));
    if (later || mixes) users.push_back(use.op);
  }
}

/// The buffer that the producer fills.
void BufferPlanner::add_made(TensorId tensor, const LocalUses& local) {
  const Storage* storage = storage_of(tensor);
  const bool spilled = storage != nullptr && storage->spilled;
  Buffer buffer{.tensor = tensor, .access = whole(tensor), .producer = local.producer};
  buffer.uses = spilled ? std::vector<Use>{} : joined(local.plain, local.windows);
  buffer.stored = local.used_later || spilled;
  buffer.accumulates = sums_in_tiles(*local.producer);
  std::vector<OpId> users = ops_of_uses(buffer.uses);
  if (!spilled) append_late_readers(local, users);
  if (!buffer.stored && users.empty()) return;  // It lives in registers or in its carried buffer alone.
  buffer.role = users.empty() ? BufferRole::kProduced : BufferRole::kExchanged;
  users.push_back(*local.producer);
  buffer.node = storage != nullptr ? storage->node : lowest_above(users);
  if (storage != nullptr) buffer.slots = storage->slots;
  const std::int32_t first = child_position(plan_, buffer.node, leaf(*local.producer));
  set_life(buffer, first, users);
  if (buffer.role == BufferRole::kProduced) {
    buffer.last_child = static_cast<std::int32_t>(plan_.node(buffer.node).children.size()) - 1;
  }
  layout_.buffers.push_back(std::move(buffer));
}

/// What a carried buffer holds of each slice: the part its readers name, without the carried dimension; the
/// whole slice if they name different parts.
Access BufferPlanner::carried_part(TensorId tensor, const std::vector<Use>& uses) const {
  const auto unshifted = [](Access part) {
    const auto shifted = [](const Index& index) { return is_shifted(index); };
    part.indices.erase(std::remove_if(part.indices.begin(), part.indices.end(), shifted), part.indices.end());
    return part;
  };
  Access part = unshifted(access(uses.front()));
  const bool same =
      std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return unshifted(access(use)) == part; });
  if (same) return part;
  Access slice = whole(tensor);
  const Access& first = access(uses.front());
  for (std::size_t i = first.indices.size(); i-- > 0;) {
    if (is_shifted(first.indices[i])) {
      slice.indices.erase(slice.indices.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return slice;
}

void BufferPlanner::add_carried(TensorId tensor, const LocalUses& local) {
  const std::vector<Use> uses = joined(local.earlier, local.windows);
  const bool filled_directly = std::none_of(
      layout_.buffers.begin(), layout_.buffers.end(),
      [&](const Buffer& made) { return made.tensor == tensor && made.producer == local.producer; });
  Buffer buffer{.tensor = tensor,
                .role = BufferRole::kCarried,
                .access = carried_part(tensor, uses),
                .uses = uses,
                .producer = local.producer,
                .slots = 1,
                .accumulates = filled_directly && sums_in_tiles(*local.producer)};
  std::vector<OpId> users = ops_of_uses(uses);
  users.push_back(*local.producer);
  for (const Use& use : uses) {
    for (const Index& index : access(use).indices) {
      if (index.distance == 0 && !index.tap) continue;
      buffer.carry_rank = index.rank;
      buffer.depth = std::max(buffer.depth, reach(cascade_, index));
    }
  }
  // Above the outermost loop over the carried rank, whose iterations hand the values on.
  buffer.node = lowest_above(users);
  for (const LiveLoop& loop : live_loops(cascade_, plan_, buffer.node)) {
    if (loop.rank != buffer.carry_rank) continue;
    buffer.node = plan_.node(loop.node).parent;
    break;
  }
  buffer.last_child = static_cast<std::int32_t>(plan_.node(buffer.node).children.size()) - 1;
  layout_.buffers.push_back(std::move(buffer));
}

void BufferPlanner::add_tensor(TensorId tensor) {
  const LocalUses local = local_uses(tensor);
  if (!local.touched()) return;
  const Storage* storage = storage_of(tensor);
  const bool spilled = storage != nullptr && storage->spilled;
  const bool carried = !local.earlier.empty() || !local.windows.empty();
  if (!local.producer || spilled) {
    const std::vector<Use> uses = joined(joined(local.plain, local.windows), local.earlier);
    if (!uses.empty()) add_fetched(tensor, uses, local.producer.has_value());
  }
  if (local.producer) add_made(tensor, local);
  if (local.producer && !spilled && carried) add_carried(tensor, local);
}

OpId BufferPlanner::last_use(const Buffer& buffer) const {
  OpId last = buffer.uses.front().op;
  for (const Use& use : buffer.uses) last = order(use.op) > order(last) ? use.op : last;
  return last;
}

/// True if an element is made from the one at the same place along all dimensions, or before it.
bool BufferPlanner::reads_own_position(const Access& access) const {
  const std::vector<RankId>& dimensions = cascade_.tensor(access.tensor).ranks;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    const Index& index = access.indices[i];
    if (index.rank != dimensions[i] || index.offset != 0) return false;
  }
  return true;
}

/// True if a loop below `node` runs `op` again for the same elements.
bool BufferPlanner::repeats_below(NodeId node, OpId op) const {
  const std::vector<LiveLoop> loops = live_loops(cascade_, plan_, leaf(op));
  return std::any_of(loops.begin(), loops.end(), [&](const LiveLoop& loop) {
    const bool below = loop.node != node && is_above(plan_, node, loop.node);
    return below && !has_rank(cascade_.op(op).ranks, loop.rank);
  });
}

/// A state of depth one whose tile is one token is updated where it lives, and so is what is made from its
/// old value element by element before the new one.
void BufferPlanner::share_state(std::size_t carried) {
  const Buffer& state = layout_.buffers[carried];
  const std::int32_t update = order(*state.producer);
  if (state.depth != 1 || order(last_use(state)) >= update) return;
  const bool own = std::all_of(state.uses.begin(), state.uses.end(),
                               [&](const Use& use) { return reads_own_position(access(use)); });
  if (!own) return;  // It holds only a part, or an element that one update overwrites is read by another.
  for (Buffer& buffer : layout_.buffers) {
    if (buffer.role != BufferRole::kExchanged || buffer.stored || buffer.uses.empty()) continue;
    // Its slabs may be larger than the state's, or two.
    if (!is_above(plan_, state.node, buffer.node) || buffer.slots.value_or(1) != 1) continue;
    if (tile_extent(cascade_, plan_, buffer.node, state.carry_rank) != 1) continue;
    const bool is_state = buffer.tensor == state.tensor;
    const bool from_state = class_of(cascade_.op(*buffer.producer).kind) == OpClass::kElementwise &&
                            *buffer.producer == last_use(state) && order(last_use(buffer)) <= update &&
                            !repeats_below(buffer.node, *buffer.producer) &&
                            !repeats_below(buffer.node, *state.producer) &&
                            !is_read_elsewhere(buffer.tensor, *state.producer) &&
                            cascade_.tensor(buffer.tensor).ranks == cascade_.tensor(state.tensor).ranks &&
                            cascade_.tensor(buffer.tensor).type == cascade_.tensor(state.tensor).type;
    if (is_state || from_state) buffer.inside = static_cast<std::int32_t>(carried);
  }
}

/// True if elements of `tensor` are needed after the one at their own place is made by `op`: by later tiles,
/// or by `op` at other places.
bool BufferPlanner::is_read_elsewhere(TensorId tensor, OpId op) const {
  const std::vector<Use>& uses = cascade_.uses[index_of(tensor)];
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    if (!in_group(use.op)) return false;
    return is_shifted(access(use)) || (use.op == op && !reads_own_position(access(use)));
  });
}

/// An element-wise output may take over an equal operand's buffer at the operand's last use.
void BufferPlanner::share_in_place(std::size_t output) {
  Buffer& made = layout_.buffers[output];
  if (made.role != BufferRole::kExchanged || made.stored || made.inside) return;
  const OpId op = *made.producer;
  if (class_of(cascade_.op(op).kind) != OpClass::kElementwise) return;
  if (storing_parent(plan_, leaf(op)) != made.node) return;
  for (std::size_t i = 0; i < layout_.buffers.size(); ++i) {
    const Buffer& operand = layout_.buffers[i];
    if (operand.role != BufferRole::kExchanged || operand.stored || operand.uses.empty()) continue;
    if (operand.node != made.node || i == output) continue;
    const bool equal = cascade_.tensor(operand.tensor).ranks == cascade_.tensor(made.tensor).ranks &&
                       cascade_.tensor(operand.tensor).type == cascade_.tensor(made.tensor).type;
    if (!equal || last_use(operand) != op || is_read_elsewhere(operand.tensor, op)) continue;
    made.inside_if_in_place = static_cast<std::int32_t>(i);
    return;
  }
}

void BufferPlanner::share_memory() {
  for (std::size_t i = 0; i < layout_.buffers.size(); ++i) {
    if (layout_.buffers[i].role == BufferRole::kCarried) share_state(i);
  }
  for (std::size_t i = 0; i < layout_.buffers.size(); ++i) share_in_place(i);
}

}  // namespace

GroupLayout group_layout(const Cascade& cascade, const Plan& plan, const Placement& placed, NodeId group) {
  return BufferPlanner{cascade, plan, placed, group}.run();
}

}  // namespace fusescape
