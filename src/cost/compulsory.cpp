#include "fusescape/cost/compulsory.hpp"

#include <algorithm>

#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

/// Positions along one dimension, from `first` up to but without `last`; negative ones are initial values.
struct Span {
  std::int64_t first = 0;
  std::int64_t last = 0;
  [[nodiscard]] Elements size() const { return Elements{std::max<std::int64_t>(last - first, 0)}; }
};

Span span_of(const Cascade& cascade, const Tensor& tensor, const Index& index, std::size_t dimension) {
  Span span{.first = -reach(cascade, index), .last = cascade.extent(index.rank).value() - index.distance};
  span.last = std::min(span.last, cascade.extent(tensor.ranks[dimension]).value());
  if (tensor.initial != Initial::kLoaded) span.first = std::max<std::int64_t>(span.first, 0);
  return span;
}

}  // namespace

Elements elements_read(const Cascade& cascade, const Operator& op, const Access& access) {
  const Tensor& tensor = cascade.tensor(access.tensor);
  const bool only_history = is_resident(cascade, access.tensor);
  if (only_history && !is_shifted(access)) return {};
  Elements elements{1};
  for (std::size_t i = 0; i < access.indices.size(); ++i) {
    const Index& index = access.indices[i];
    if (index.distance == 0 && !index.tap) {
      elements = elements * extent_of(cascade, index);
      continue;
    }
    Span span = span_of(cascade, tensor, index, i);
    if (access.tensor == op.output || only_history) span.last = std::min<std::int64_t>(span.last, 0);
    elements = elements * span.size();
  }
  return elements;
}

CompulsoryTraffic compulsory_traffic(const Cascade& cascade, OpId id) {
  const Operator& op = cascade.op(id);
  CompulsoryTraffic traffic;
  for (auto input = op.inputs.begin(); input != op.inputs.end(); ++input) {
    if (std::find(op.inputs.begin(), input, *input) != input) continue;
    const int bits = bits_of(cascade.tensor(input->tensor).type);
    traffic.read += bytes_of(elements_read(cascade, op, *input), bits);
  }
  if (is_resident(cascade, op.output)) return traffic;
  traffic.written = bytes_of(elements_of(cascade, op.output), bits_of(cascade.tensor(op.output).type));
  return traffic;
}

}  // namespace fusescape
