#include "fusescape/search/interval_packing.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace fusescape {
namespace {

// Slots are the gaps between nodes 0 ... n. A flow of the largest room goes from 0 to n; past each slot it
// takes the items that occupy it, or an edge for unused room. A slot with less room than the largest forces
// the difference through an edge that nothing else can match in cost.
constexpr std::int64_t kForced = -1'000'000'000;
constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;

struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t capacity = 0;
  std::int64_t cost = 0;
};

/// Edges come in pairs: 2i goes forward, 2i+1 is what can be taken back.
class Flow {
 public:
  explicit Flow(std::size_t nodes) : nodes_{nodes} {}

  void add(std::size_t from, std::size_t to, std::int64_t capacity, std::int64_t cost) {
    edges_.push_back({from, to, capacity, cost});
    edges_.push_back({to, from, 0, -cost});
  }

  void send(std::int64_t amount) {
    while (amount > 0) amount -= augment(amount);
  }

  [[nodiscard]] std::int64_t sent_through(std::size_t pair) const { return edges_[2 * pair + 1].capacity; }

 private:
  /// Sends what fits along a cheapest path (Bellman and Ford), at most `most`.
  std::int64_t augment(std::int64_t most) {
    std::vector<std::int64_t> distance(nodes_, kFar);
    std::vector<std::optional<std::size_t>> reached_by(nodes_);
    distance[0] = 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < edges_.size(); ++i) {
        const Edge& edge = edges_[i];
        if (edge.capacity == 0 || distance[edge.from] == kFar) continue;
        if (distance[edge.from] + edge.cost >= distance[edge.to]) continue;
        distance[edge.to] = distance[edge.from] + edge.cost;
        reached_by[edge.to] = i;
        changed = true;
      }
    }
    std::int64_t amount = most;
    for (auto i = reached_by[nodes_ - 1]; i; i = reached_by[edges_[*i].from]) {
      amount = std::min(amount, edges_[*i].capacity);
    }
    for (auto i = reached_by[nodes_ - 1]; i; i = reached_by[edges_[*i].from]) {
      edges_[*i].capacity -= amount;
      edges_[*i ^ 1U].capacity += amount;
    }
    return amount;
  }

  std::size_t nodes_;
  std::vector<Edge> edges_;
};

}  // namespace

std::vector<std::int64_t> best_packing(const std::vector<std::int64_t>& room,
                                       const std::vector<IntervalItem>& items) {
  const std::int64_t largest = room.empty() ? 0 : *std::max_element(room.begin(), room.end());
  Flow flow{room.size() + 1};
  for (const IntervalItem& item : items) flow.add(item.first, item.last + 1, item.amount, -item.value);
  for (std::size_t slot = 0; slot < room.size(); ++slot) {
    flow.add(slot, slot + 1, largest - room[slot], kForced);
    flow.add(slot, slot + 1, room[slot], 0);
  }
  flow.send(largest);
  std::vector<std::int64_t> amounts;
  for (std::size_t i = 0; i < items.size(); ++i) amounts.push_back(flow.sent_through(i));
  return amounts;
}

}  // namespace fusescape
