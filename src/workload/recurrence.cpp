#include "fusescape/workload/recurrence.hpp"

#include <algorithm>

#include "dependence.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// The smallest sum of distances around a cycle of `component` (Floyd and Warshall's algorithm).
/// An overflowed count stands for "no path": it absorbs sums and exceeds every number.
std::int64_t shortest_cycle_distance(const std::vector<OpId>& component,
                                     const std::vector<Dependence>& edges) {
  const std::size_t n = component.size();
  const auto position = [&](OpId op) {
    return static_cast<std::size_t>(std::lower_bound(component.begin(), component.end(), op) -
                                    component.begin());
  };
  std::vector<Elements> distance(n * n, Elements::overflowed());
  for (const Dependence& edge : edges) {
    Elements& d = distance[position(edge.writer) * n + position(edge.reader)];
    d = std::min(d, Elements{nearest_distance(*edge.access)});
  }
  for (std::size_t via = 0; via < n; ++via) {
    for (std::size_t pair = 0; pair < n * n; ++pair) {
      const Elements detour = distance[pair / n * n + via] + distance[via * n + pair % n];
      distance[pair] = std::min(distance[pair], detour);
    }
  }
  Elements shortest = Elements::overflowed();
  for (std::size_t i = 0; i < n; ++i) shortest = std::min(shortest, distance[i * n + i]);
  return shortest.value();
}

/// The rank of the shifted reads on a cycle. Expects one: make_cascade refuses cycles without.
RankId shifted_rank(const std::vector<Dependence>& edges) {
  std::optional<RankId> found;
  for (const Dependence& edge : edges) {
    for (const Index& index : edge.access->indices) {
      if (index.distance > 0) found = index.rank;
    }
  }
  FUSESCAPE_EXPECTS(found.has_value());
  return *found;
}

}  // namespace

std::vector<Recurrence> recurrences(const Cascade& cascade) {
  const std::vector<Dependence> edges = dependences(cascade);
  std::vector<Recurrence> found;
  for (std::vector<OpId>& component : cyclic_components(cascade.operators.size(), edges)) {
    std::vector<Dependence> inner = edges;
    std::erase_if(inner, [&](const Dependence& edge) {
      return !std::binary_search(component.begin(), component.end(), edge.writer) ||
             !std::binary_search(component.begin(), component.end(), edge.reader);
    });
    const std::int64_t distance = shortest_cycle_distance(component, inner);
    found.push_back({shifted_rank(inner), distance, std::move(component)});
  }
  return found;
}

std::vector<std::optional<std::size_t>> recurrence_of_operator(const Cascade& cascade,
                                                               const std::vector<Recurrence>& found) {
  std::vector<std::optional<std::size_t>> result(cascade.operators.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const OpId op : found[i].operators) result[index_of(op)] = i;
  }
  return result;
}

}  // namespace fusescape
