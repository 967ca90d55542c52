// What does really running every loop of a plan touch? Iterations one by one, with the bounds that loops set.
//
// For whoever executes plans (exec, sim, tests); the closed form never enumerates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "fusescape/plan/plan.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Half-open ranges along the ranks of a cascade.
struct Bounds {
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> extent;
};

using Range = std::pair<std::int64_t, std::int64_t>;
using Box = std::vector<Range>;

inline std::int64_t volume(const Box& box) {
  std::int64_t all = 1;
  for (const auto& [begin, end] : box) all *= std::max<std::int64_t>(end - begin, 0);
  return all;
}

/// The elements along one dimension that `index` names within `bounds`, window and distance aside. Of several
/// chunks it names whole ones (Rule::kChunks).
inline Range positions_of(const Cascade& cascade, const Index& index, const Bounds& bounds) {
  const std::size_t rank = index_of(index.rank);
  Range range{bounds.start[rank] + index.offset, bounds.start[rank] + bounds.extent[rank] + index.offset};
  if (!index.chunk) return range;
  const std::int64_t size = cascade.extent(index.rank).value();
  const std::int64_t first = bounds.start[index_of(*index.chunk)];
  range.first += first * size;
  range.second += (first + bounds.extent[index_of(*index.chunk)] - 1) * size;
  return range;
}

/// The elements of a tensor that `access` names within `bounds`; those before the first exist if `loaded`.
inline Box box_of(const Cascade& cascade, const Access& access, const Bounds& bounds, bool loaded) {
  Box box;
  const std::vector<RankId>& dimensions = cascade.tensor(access.tensor).ranks;
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    const Index& index = access.indices[i];
    Range range = positions_of(cascade, index, bounds);
    range.first -= index.distance;
    range.second -= index.distance;
    if (index.tap) {
      range.first -= bounds.start[index_of(*index.tap)] + bounds.extent[index_of(*index.tap)] - 1;
      range.second -= bounds.start[index_of(*index.tap)];
    }
    if (!loaded) range.first = std::max<std::int64_t>(range.first, 0);
    range.second = std::min(range.second, cascade.extent(dimensions[i]).value());
    box.push_back(range);
  }
  return box;
}

/// Of the elements of a held window, those beyond the halo that the last tile left: all, of a first tile.
inline Box beyond_halo(const Access& access, const Bounds& bounds, Box box) {
  for (std::size_t i = 0; i < box.size(); ++i) {
    const Index& index = access.indices[i];
    const std::int64_t start = bounds.start[index_of(index.rank)];
    if (!index.tap || start == 0) continue;
    box[i].first = std::max(box[i].first, start - index.distance - bounds.start[index_of(*index.tap)]);
  }
  return box;
}

/// What else an iteration tells: when a node begins and ends (all its iterations), and, within an iteration,
/// when a child is about to run and has run. Chains are visited whole if asked for, else operator by
/// operator.
struct NoHooks {
  static constexpr bool kWholeChains = false;
  void begin(NodeId /*node*/) const {}
  void before(NodeId /*node*/, std::int32_t /*child*/) const {}
  void after(NodeId /*node*/, std::int32_t /*child*/) const {}
  void end(NodeId /*node*/) const {}
};

/// Runs every iteration of a plan; `visit(leaf node, bounds)` at each operator.
class Iteration {
 public:
  Iteration(const Cascade& cascade, const Plan& plan)
      : cascade_{cascade}, plan_{plan}, at_(plan.nodes.size()), entered_(plan.nodes.size()) {}

  /// Bounds set by the loops down to and including `node`, and how often it has been entered.
  [[nodiscard]] const Bounds& bounds_at(NodeId node) const { return at_[index_of(node)]; }
  [[nodiscard]] std::int64_t entered(NodeId node) const { return entered_[index_of(node)]; }

  template <class Visit, class Hooks = NoHooks>
  void run(const Visit& visit, const Hooks& hooks = {}) {
    Bounds whole;
    for (const Rank& rank : cascade_.ranks) whole.extent.push_back(rank.extent.value());
    whole.start.assign(cascade_.ranks.size(), 0);
    enter(kRoot, whole, visit, hooks);
  }

 private:
  template <class Visit, class Hooks>
  void enter(NodeId id, const Bounds& bounds, const Visit& visit, const Hooks& hooks) {
    hooks.begin(id);
    iterate(id, bounds, visit, hooks);
    hooks.end(id);
  }

  template <class Visit, class Hooks>
  void iterate(NodeId id, const Bounds& bounds, const Visit& visit, const Hooks& hooks) {
    const Node& node = plan_.node(id);
    if (node.kind != NodeKind::kLoop) return body(id, bounds, visit, hooks);
    const std::size_t rank = index_of(node.rank);
    const std::int64_t end = bounds.start[rank] + bounds.extent[rank];
    for (std::int64_t at = bounds.start[rank]; at < end; at += node.tile) {
      Bounds inner = bounds;
      inner.start[rank] = at;
      inner.extent[rank] = std::min(node.tile, end - at);
      body(id, inner, visit, hooks);
    }
  }

  template <class Visit, class Hooks>
  void body(NodeId id, const Bounds& bounds, const Visit& visit, const Hooks& hooks) {
    at_[index_of(id)] = bounds;
    ++entered_[index_of(id)];
    const Node& node = plan_.node(id);
    const bool chain = Hooks::kWholeChains && node.kind == NodeKind::kChain;
    if (chain || node.kind == NodeKind::kOperator) return visit(id, bounds);
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      hooks.before(id, static_cast<std::int32_t>(i));
      enter(node.children[i], bounds, visit, hooks);
      hooks.after(id, static_cast<std::int32_t>(i));
    }
  }

  const Cascade& cascade_;
  const Plan& plan_;
  std::vector<Bounds> at_;
  std::vector<std::int64_t> entered_;
};

}  // namespace fusescape
