// What does a plan move and hold if every loop is really run? An interpreter that knows no formula.
//
// It iterates all loops, remembers which slab each buffer holds, and counts.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "iteration.hpp"

namespace fusescape::test_plans {

struct Counts {
  std::map<std::string, Moved> traffic;
  std::int64_t ops = 0;
  std::int64_t peak = 0;
};

/// The buffers of one group while it runs.
class Buffers {
 public:
  Buffers(const Cascade& cascade, const Plan& plan, const GroupLayout& layout, const ProfileOptions& options)
      : cascade_{cascade}, plan_{plan}, layout_{layout}, options_{options}, state_(layout.buffers.size()) {}

  void run(const Iteration& at, OpId op) {
    for (std::size_t i = 0; i < layout_.buffers.size(); ++i) {
      const Buffer& buffer = layout_.buffers[i];
      if (buffer.role == BufferRole::kCarried) {
        carry(i, at);
        continue;
      }
      if (buffer.producer == op) fill(i, at, op);
      const auto reads = [&](const Use& use) { return use.op == op; };
      if (std::none_of(buffer.uses.begin(), buffer.uses.end(), reads)) {
        if (waits_for(buffer, op)) touch(i, leaf_of(op), 0);
        continue;
      }
      if (buffer.role == BufferRole::kFetched) fetch(i, at);
      touch(i, leaf_of(op), 0);
    }
  }

  /// On-chip bytes while `leaf` runs.
  [[nodiscard]] std::int64_t alive(NodeId leaf) const {
    std::vector<bool> counted(state_.size());
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < state_.size(); ++i) {
      if (!is_above(plan_, layout_.buffers[i].node, leaf) || !lives(i, child_towards(i, leaf))) continue;
      const std::size_t host = host_of(i);
      if (counted[host]) continue;
      counted[host] = true;
      sum += footprint(host);
    }
    return sum;
  }

  void add_traffic(Counts& counts) const {
    for (std::size_t i = 0; i < state_.size(); ++i) {
      Moved& moved = counts.traffic[cascade_.tensor(layout_.buffers[i].tensor).name];
      moved.read += state_[i].moved.read;
      moved.written += state_[i].moved.written;
    }
  }

 private:
  using Key = std::vector<Range>;
  struct State {
    Moved moved;
    bool empty = true;
    Key key;
    Box box;
    std::int64_t iteration = 0;
    std::map<Key, std::map<Key, std::int64_t>> terms;  ///< Per slab and part of it: terms summed so far.
    std::set<Key> stored;
    std::int64_t largest = 0;  ///< Bytes of the largest slab.
    bool widens = false;       ///< It holds incomplete sums, in the accumulator's type.
    std::int64_t largest_wide = 0;
    bool moves = false;              ///< More than one slab took turns.
    bool survives = false;           ///< A later iteration of its node found the slab still there.
    std::int32_t first = INT32_MAX;  ///< Children of its node that touch it.
    std::int32_t last = -1;
  };

  [[nodiscard]] int bits(const Buffer& buffer) const { return bits_of(cascade_.tensor(buffer.tensor).type); }
  [[nodiscard]] bool loaded(const Buffer& buffer) const {
    return cascade_.tensor(buffer.tensor).initial == Initial::kLoaded;
  }
  [[nodiscard]] std::int64_t bytes(std::int64_t elements, int bits) const {
    const std::int64_t granule = options_.granule.value();
    return (packed(elements, bits) + granule - 1) / granule * granule;
  }

  [[nodiscard]] static std::int64_t packed(std::int64_t elements, int bits) {
    return (elements * bits + 7) / 8;
  }

  /// A slab is named by the iteration that needs it: the bounds along its ranks.
  static Key key_of(const Buffer& buffer, const Bounds& bounds) {
    Key key;
    const auto add = [&](RankId rank) {
      key.emplace_back(bounds.start[index_of(rank)], bounds.extent[index_of(rank)]);
    };
    for (const Index& index : buffer.access.indices) {
      add(index.rank);
      if (index.tap) add(*index.tap);
    }
    return key;
  }

  [[nodiscard]] std::int32_t child_towards(std::size_t i, NodeId leaf) const {
    const NodeId node = layout_.buffers[i].node;
    while (plan_.node(leaf).parent != node) leaf = plan_.node(leaf).parent;
    const auto& children = plan_.node(node).children;
    return static_cast<std::int32_t>(std::find(children.begin(), children.end(), leaf) - children.begin());
  }

  [[nodiscard]] std::optional<std::int32_t> inside(std::size_t i) const {
    const Buffer& buffer = layout_.buffers[i];
    return buffer.inside || !options_.in_place ? buffer.inside : buffer.inside_if_in_place;
  }
  [[nodiscard]] std::size_t host_of(std::size_t i) const {
    while (const auto host = inside(i)) i = static_cast<std::size_t>(*host);
    return i;
  }

  [[nodiscard]] int slots(std::size_t i) const {
    const Buffer& buffer = layout_.buffers[i];
    const bool streams = buffer.role == BufferRole::kFetched || buffer.role == BufferRole::kProduced;
    const int usual = streams && state_[i].moves && options_.double_buffering ? 2 : 1;
    return options_.count_second_slots ? buffer.slots.value_or(usual) : 1;
  }

  /// The memory of a buffer that is inside no other: room for the largest of all that live there.
  [[nodiscard]] std::int64_t footprint(std::size_t host) const {
    std::int64_t most = 0;
    for (std::size_t i = 0; i < state_.size(); ++i) {
      if (host_of(i) == host) {
        const std::int64_t wide = state_[i].widens ? state_[i].largest_wide : 0;
        most = std::max(most, slots(i) * std::max(state_[i].largest, wide));
      }
    }
    return most;
  }

  /// Fetched data may arrive from the first child on; what is stored may leave until the last.
  [[nodiscard]] bool lives(std::size_t i, std::int32_t child) const {
    const Buffer& buffer = layout_.buffers[i];
    const State& state = state_[i];
    const bool streams = buffer.role == BufferRole::kFetched || buffer.role == BufferRole::kProduced;
    if (buffer.role == BufferRole::kCarried || state.survives || (streams && slots(i) == 2)) return true;
    const bool ahead = buffer.role == BufferRole::kFetched && !made_here(buffer.tensor);
    return (ahead || state.first <= child) && (buffer.role == BufferRole::kProduced || child <= state.last);
  }

  [[nodiscard]] bool made_here(TensorId tensor) const {
    const auto& producer = cascade_.producer[index_of(tensor)];
    return producer && std::find(layout_.operators.begin(), layout_.operators.end(), *producer) !=
                           layout_.operators.end();
  }

  /// New values that no one reads yet must not take the place of old ones that `op` is about to read.
  [[nodiscard]] bool waits_for(const Buffer& buffer, OpId op) const {
    if (buffer.role != BufferRole::kExchanged || !buffer.uses.empty() || buffer.producer == op) return false;
    const auto& order = layout_.operators;
    const auto& inputs = cascade_.op(op).inputs;
    const NodeId chain = plan_.node(leaf_of(op)).parent;
    return std::find(order.begin(), order.end(), op) >
               std::find(order.begin(), order.end(), *buffer.producer) &&
           !(plan_.node(chain).kind == NodeKind::kChain &&
             plan_.node(leaf_of(*buffer.producer)).parent == chain) &&
           std::any_of(inputs.begin(), inputs.end(),
                       [&](const Access& a) { return a.tensor == buffer.tensor; });
  }

  void touch(std::size_t i, NodeId leaf, std::int64_t size) {
    State& state = state_[i];
    state.first = std::min(state.first, child_towards(i, leaf));
    state.last = std::max(state.last, child_towards(i, leaf));
    state.largest = std::max(state.largest, size);
  }

  /// Whether the slab that is needed now is in the buffer.
  bool holds(std::size_t i, const Iteration& at, const Key& key) {
    State& state = state_[i];
    const bool same = !state.empty && key == state.key;
    const std::int64_t iteration = at.entered(layout_.buffers[i].node);
    if (same && iteration != state.iteration) state.survives = true;
    if (!same && !state.empty) state.moves = true;
    state.iteration = iteration;
    return same;
  }

  void fetch(std::size_t i, const Iteration& at) {
    const Buffer& buffer = layout_.buffers[i];
    State& state = state_[i];
    const Bounds& bounds = at.bounds_at(buffer.node);
    const Key key = key_of(buffer, bounds);
    if (holds(i, at, key)) return;
    const Box box = box_of(cascade_, buffer.access, bounds, loaded(buffer));
    std::int64_t needed = volume(box);
    state.largest = std::max(state.largest, packed(needed, bits(buffer)));
    if (buffer.held && !state.empty && box >= state.box) {  // What lies ahead of the last window.
      Box common;
      for (std::size_t d = 0; d < box.size(); ++d) {
        common.emplace_back(std::max(box[d].first, state.box[d].first),
                            std::min(box[d].second, state.box[d].second));
      }
      needed -= volume(common);
    }
    state.moved.read += bytes(needed, bits(buffer));
    state.empty = false;
    state.key = key;
    state.box = box;
  }

  void fill(std::size_t i, const Iteration& at, OpId op) {
    const Buffer& buffer = layout_.buffers[i];
    State& state = state_[i];
    const Bounds& bounds = at.bounds_at(buffer.node);
    const Key key = key_of(buffer, bounds);
    const std::int64_t size = volume(box_of(cascade_, buffer.access, bounds, false));
    touch(i, leaf_of(op), packed(size, bits(buffer)));
    if (!buffer.stored) return;
    const bool held = holds(i, at, key);
    const int wide = bits_of(facts(cascade_.tensor(buffer.tensor).type).accumulator);
    state.largest_wide = std::max(state.largest_wide, packed(size, wide));
    if (!held) {
      // A sum that has to go before it is complete comes back.
      if (!state.empty && !state.terms[state.key].empty())
        state.moved.written += bytes(volume(state.box), wide);
      if (!state.terms[key].empty()) {
        state.moved.read += bytes(size, wide);
        state.widens = true;
      }
      state.empty = false;
      state.key = key;
      state.box = box_of(cascade_, buffer.access, bounds, false);
    }
    const Bounds& inner = at.bounds_at(leaf_of(op));
    std::int64_t now = 1;
    std::int64_t whole = 1;
    for (const RankId rank : cascade_.op(op).reduction_ranks) {
      now *= inner.extent[index_of(rank)];
      whole *= cascade_.extent(rank).value();
    }
    auto& begun = state.terms[key];
    const Key part = key_of(buffer, inner);
    if ((begun[part] += now) < whole) return;
    begun.erase(part);
    if (state.stored.insert(key).second) state.moved.written += bytes(size, bits(buffer));
  }

  void carry(std::size_t i, const Iteration& at) {
    const Buffer& buffer = layout_.buffers[i];
    State& state = state_[i];
    if (at.entered(buffer.node) == state.iteration) return;
    state.iteration = at.entered(buffer.node);
    const Bounds& bounds = at.bounds_at(buffer.node);
    const std::int64_t slice = volume(slice_of(buffer, bounds));
    state.largest = std::max(state.largest, packed(buffer.depth * slice, bits(buffer)));
    if (loaded(buffer)) state.moved.read += bytes(buffer.depth * slice, bits(buffer));
    const bool elsewhere =
        std::any_of(layout_.buffers.begin(), layout_.buffers.end(),
                    [&](const Buffer& other) { return other.tensor == buffer.tensor && other.stored; });
    const bool kept = cascade_.tensor(buffer.tensor).final_value == Final::kStored && !elsewhere;
    if (!kept || !state.stored.insert(key_of(buffer, bounds)).second) return;
    const std::int64_t depth = std::min(buffer.depth, cascade_.extent(buffer.carry_rank).value());
    state.moved.written += bytes(depth * slice, bits(buffer));
  }

  [[nodiscard]] Box slice_of(const Buffer& buffer, const Bounds& bounds) const {
    Box box;
    for (const Index& index : buffer.access.indices) {
      box.emplace_back(bounds.start[index_of(index.rank)],
                       bounds.start[index_of(index.rank)] + bounds.extent[index_of(index.rank)]);
    }
    return box;
  }

  [[nodiscard]] NodeId leaf_of(OpId op) const {
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
      if (plan_.nodes[i].kind == NodeKind::kOperator && plan_.nodes[i].op == op) {
        return NodeId{static_cast<std::uint16_t>(i)};
      }
    }
    return kRoot;
  }

  const Cascade& cascade_;
  const Plan& plan_;
  const GroupLayout& layout_;
  const ProfileOptions& options_;
  std::vector<State> state_;
};

inline Counts interpret(const Cascade& cascade, const Plan& plan, const Layout& layout,
                        const ProfileOptions& options) {
  Counts counts;
  std::vector<Buffers> groups;
  for (const GroupLayout& group : layout.groups) groups.emplace_back(cascade, plan, group, options);
  Iteration iteration{cascade, plan};
  iteration.run([&](NodeId leaf, const Bounds& bounds) {
    const OpId op = plan.node(leaf).op;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (layout.groups[g].node == group_of(plan, leaf)) groups[g].run(iteration, op);
    }
    std::int64_t ops = 1;
    for (const RankId rank : cascade.op(op).ranks) ops *= bounds.extent[index_of(rank)];
    counts.ops += ops;
  });
  for (const Buffers& group : groups) group.add_traffic(counts);
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].kind != NodeKind::kOperator) continue;
    const NodeId leaf{static_cast<std::uint16_t>(i)};
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (layout.groups[g].node == group_of(plan, leaf))
        counts.peak = std::max(counts.peak, groups[g].alive(leaf));
    }
  }
  return counts;
}

}  // namespace fusescape::test_plans
