#include "dependence.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>

namespace fusescape {

std::vector<Dependence> dependences(const Cascade& cascade) {
  std::vector<Dependence> edges;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    for (const Access& access : cascade.operators[i].inputs) {
      const std::optional<OpId> writer = cascade.producer[index_of(access.tensor)];
      if (writer) edges.push_back({*writer, OpId{static_cast<std::uint16_t>(i)}, &access});
    }
  }
  return edges;
}

std::int64_t nearest_distance(const Access& access) {
  std::int64_t farthest = 0;
  for (const Index& index : access.indices) farthest = std::max(farthest, index.distance);
  return farthest;
}

std::vector<std::vector<OpId>> cyclic_components(std::size_t operators,
                                                 const std::vector<Dependence>& edges) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
  Graph graph(operators);
  std::vector<bool> reads_itself(operators);
  for (const Dependence& edge : edges) {
    boost::add_edge(index_of(edge.writer), index_of(edge.reader), graph);
    if (edge.writer == edge.reader) reads_itself[index_of(edge.reader)] = true;
  }
  std::vector<std::size_t> component_of(operators);
  const auto component_map =
      boost::make_iterator_property_map(component_of.begin(), boost::get(boost::vertex_index, graph));
  std::vector<std::vector<OpId>> components(boost::strong_components(graph, component_map));
  for (std::size_t i = 0; i < operators; ++i) {
    components[component_of[i]].push_back(OpId{static_cast<std::uint16_t>(i)});
  }
  std::erase_if(components, [&](const std::vector<OpId>& c) {
    return c.size() == 1 && !reads_itself[index_of(c.front())];
  });
  std::sort(components.begin(), components.end());
  return components;
}

}  // namespace fusescape
