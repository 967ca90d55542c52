#include "retained.hpp"

#include <algorithm>

namespace fusescape {
namespace {

/// Position of the group that runs `op`; the number of groups if none does.
std::size_t group_running(const Layout& layout, OpId op) {
  const auto runs = [&](const GroupLayout& group) {
    return std::find(group.operators.begin(), group.operators.end(), op) != group.operators.end();
  };
  const auto found = std::find_if(layout.groups.begin(), layout.groups.end(), runs);
  return static_cast<std::size_t>(found - layout.groups.begin());
}

}  // namespace

Retained::Retained(const Cascade& cascade, const Plan& plan, const Layout& layout, const Retention& retention)
    : tensor_{retention.tensor}, bytes_{retention.bytes} {
  const int bits = bits_of(cascade.tensor(tensor_).type);
  const Elements elements = elements_of(cascade, tensor_);
  all_ = bytes_of(elements, bits);
  room_ = static_cast<std::size_t>(whole() ? elements.value() : bytes_.value() * 8 / bits);
  first_ = group_running(layout, *cascade.producer[index_of(tensor_)]);
  last_ = first_;
  for (const Use& use : cascade.uses[index_of(tensor_)]) {
    const std::size_t group = group_running(layout, use.op);
    if (group < plan.node(kRoot).children.size()) last_ = std::max(last_, group);
  }
}

bool Retained::keep(std::int64_t id, double value) {
  if (values_.size() >= room_) return values_.count(id) > 0;
  values_.emplace(id, value);
  return true;
}

std::optional<double> Retained::find(std::int64_t id) const {
  const auto found = values_.find(id);
  return found == values_.end() ? std::nullopt : std::optional{found->second};
}

Bytes Retained::share_of(Bytes once, Bytes granule) const {
  if (whole()) return once;
  __extension__ using Wide = __int128;
  const Wide share = static_cast<Wide>(once.value()) * bytes_.value() / all_.value();
  return Bytes{static_cast<std::int64_t>(share) / granule.value() * granule.value()};
}

Box outliving(const Cascade& cascade, TensorId tensor) {
  Box most(cascade.tensor(tensor).ranks.size(), Range{0, 0});
  if (most.empty() || cascade.tensor(tensor).final_value != Final::kStored) return {};
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Access& access = access_of(cascade, use);
    bool reaches_back = false;
    Box box;
    for (std::size_t i = 0; i < access.indices.size(); ++i) {
      const Index& index = access.indices[i];
      const std::int64_t extent = cascade.extent(cascade.tensor(tensor).ranks[i]).value();
      const std::int64_t back = reach(cascade, index);
      reaches_back = reaches_back || back > 0;
      const Range read{index.offset, index.offset + cascade.extent(index.rank).value()};
      box.push_back(back > 0 ? Range{std::max<std::int64_t>(extent - back, 0), extent} : read);
    }
    if (reaches_back && volume(box) > volume(most)) most = box;
  }
  return volume(most) > 0 ? most : Box{};
}

}  // namespace fusescape
