// Does every cycle of a cascade have a shift, along one rank that can be walked step by step?
#include <fmt/format.h>

#include <algorithm>

#include "cascade_checks.hpp"
#include "dependence.hpp"

namespace fusescape {
namespace {

using Subject = CascadeProblem::Subject;

bool within(const std::vector<OpId>& component, const Dependence& edge) {
  return std::binary_search(component.begin(), component.end(), edge.writer) &&
         std::binary_search(component.begin(), component.end(), edge.reader);
}

/// A shortest cycle through the first operator of a cyclic component, as "a -> b -> a" (breadth-first
/// search).
std::string shortest_cycle(const Cascade& cascade, const std::vector<OpId>& component,
                           const std::vector<Dependence>& edges) {
  const OpId start = component.front();
  std::vector<std::optional<OpId>> came_from(cascade.operators.size());
  std::vector<OpId> queue{start};
  for (std::size_t next = 0; next < queue.size() && !came_from[index_of(start)]; ++next) {
    for (const Dependence& edge : edges) {
      if (edge.writer != queue[next] || !within(component, edge)) continue;
      std::optional<OpId>& from = came_from[index_of(edge.reader)];
      if (from) continue;
      from = edge.writer;
      queue.push_back(edge.reader);
    }
  }
  std::string path = cascade.op(start).name;
  OpId op = start;
  do {
    op = *came_from[index_of(op)];
    path = cascade.op(op).name + " -> " + path;
  } while (op != start);
  return path;
}

/// Whether `edge` reads a tensor of a recurrence along `rank` at the reader's own position or before it.
bool follows(const Cascade& cascade, const Dependence& edge, RankId rank) {
  const std::vector<RankId>& ranks = cascade.tensor(edge.access->tensor).ranks;
  const std::vector<Index>& indices = edge.access->indices;
  for (std::size_t i = 0; i < std::min(ranks.size(), indices.size()); ++i) {
    if (ranks[i] == rank) return indices[i].rank == rank && indices[i].offset == 0;
  }
  return false;
}

void check_recurrence(const Cascade& cascade, const std::vector<OpId>& component,
                      const std::vector<Dependence>& edges, CascadeProblems& problems) {
  const std::size_t first = index_of(component.front());
  const std::string cycle = shortest_cycle(cascade, component, edges);
  std::optional<RankId> along;
  for (const Dependence& edge : edges) {
    if (!within(component, edge)) continue;
    for (const Index& index : edge.access->indices) {
      if (index.distance <= 0) continue;
      if (!along) along = index.rank;
      if (*along == index.rank) continue;
      problems.push_back(
          {Subject::kOperator, first,
           fmt::format("the cycle {} is shifted along both {} and {}; only one rank can be sequential", cycle,
                       cascade.rank(*along).name, cascade.rank(index.rank).name)});
      return;
    }
  }
  for (const Dependence& edge : edges) {
    if (!along || !within(component, edge) || follows(cascade, edge, *along)) continue;
    problems.push_back({Subject::kOperator, index_of(edge.reader),
                        fmt::format("'{}' is on a cycle along {} ({}), but does not read '{}' step by step",
                                    cascade.op(edge.reader).name, cascade.rank(*along).name, cycle,
                                    cascade.tensor(edge.access->tensor).name)});
  }
}

}  // namespace

void check_cycles(const Cascade& cascade, CascadeProblems& problems) {
  const std::vector<Dependence> all = dependences(cascade);
  std::vector<Dependence> unshifted = all;
  std::erase_if(unshifted, [](const Dependence& edge) { return nearest_distance(*edge.access) > 0; });
  const std::size_t count = cascade.operators.size();
  const auto impossible = cyclic_components(count, unshifted);
  for (const std::vector<OpId>& component : impossible) {
    problems.push_back({Subject::kOperator, index_of(component.front()),
                        fmt::format("the cycle {} has no shifted read: each needs the other's result first",
                                    shortest_cycle(cascade, component, unshifted))});
  }
  if (!impossible.empty()) return;
  for (const std::vector<OpId>& component : cyclic_components(count, all)) {
    check_recurrence(cascade, component, all, problems);
  }
}

}  // namespace fusescape
