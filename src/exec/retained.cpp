#include "retained.hpp"

#include <algorithm>

namespace fusescape {

Retained::Retained(const Cascade& cascade, const Plan& plan, const Layout& layout, const Retention& retention,
                   Bytes granule)
    : tensor_{retention.tensor}, bytes_{retention.bytes}, granule_{granule} {
  const int bits = bits_of(cascade.tensor(tensor_).type);
  const Elements elements = elements_of(cascade, tensor_);
  all_ = bytes_of(elements, bits);
  const bool same_bytes = granule == Bytes{1} && dram_bits(cascade, plan, tensor_) == bits && bits % 8 == 0;
  counts_elements_ = whole() || (same_bytes && bytes_.value() % (bits / 8) == 0);
  room_ = static_cast<std::size_t>(whole() ? elements.value() : bytes_.value() * 8 / bits);
  span_ = retained_span(cascade, layout, tensor_);
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

Bytes Retained::share_of(Bytes once) const {
  __extension__ using Wide = __int128;
  const Wide share = static_cast<Wide>(once.value()) * bytes_.value() / all_.value();
  return Bytes{static_cast<std::int64_t>(share) / granule_.value() * granule_.value()};
}

Box outliving(const Cascade& cascade, TensorId tensor) {
  Box most(cascade.tensor(tensor).ranks.size(), Range{0, 0});
  if (most.empty() || cascade.tensor(tensor).final_value == Final::kDropped) return {};
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Access& access = access_of(cascade, use);
    bool reaches_back = false;
    Box box;
    for (std::size_t i = 0; i < access.indices.size(); ++i) {
      const Index& index = access.indices[i];
      const std::int64_t extent = cascade.extent(cascade.tensor(tensor).ranks[i]).value();
      const std::int64_t back = reach(cascade, index);
      reaches_back = reaches_back || back > 0;
      const Range read{index.offset, index.offset + extent_of(cascade, index).value()};
      box.push_back(back > 0 ? Range{std::max<std::int64_t>(extent - back, 0), extent} : read);
    }
    if (reaches_back && volume(box) > volume(most)) most = box;
  }
  return volume(most) > 0 ? most : Box{};
}

}  // namespace fusescape
