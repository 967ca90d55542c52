#include "kept_tensors.hpp"

#include <algorithm>

namespace fusescape {

std::int64_t common_volume(const Box& a, const Box& b) {
  std::int64_t all = 1;
  for (std::size_t d = 0; d < a.size() && all > 0; ++d) {
    all *= std::max<std::int64_t>(std::min(a[d].second, b[d].second) - std::max(a[d].first, b[d].first), 0);
  }
  return all;
}

void KeptTensors::will_make(TensorId tensor, const Box& box, Bytes bytes) {
  Part part{memory_.add(bytes), box, bytes, {}};
  tensor_of_.push_back(tensor);
  tensors_[tensor].parts.push_back(std::move(part));
  ++positions_;
}

void KeptTensors::will_read(TensorId tensor, const Box& box) {
  Kept& kept = tensors_.at(tensor);
  for (Part& part : kept.parts) {
    if (common_volume(part.box, box) > 0) part.uses.push_back(positions_);
  }
  kept.reads.push_back(box);
  ++positions_;
}

std::int64_t KeptTensors::next_use(Part& part, std::int64_t now) const {
  while (part.next < part.uses.size() && part.uses[part.next] <= now) ++part.next;
  return part.next < part.uses.size() ? part.uses[part.next] : kNeverUsed;
}

std::vector<Leaving> KeptTensors::leaving(std::span<const SlabMovement> moved) const {
  std::vector<Leaving> found;
  for (const SlabMovement& one : moved) {
    const Bytes bytes = one.evicted + one.passed;
    if (bytes > Bytes{}) found.push_back({tensor_of_[static_cast<std::size_t>(one.slab)], bytes});
  }
  return found;
}

std::vector<Leaving> KeptTensors::enter(Bytes room) {
  return leaving(memory_.resize(room));
}

std::vector<Leaving> KeptTensors::make(TensorId tensor) {
  Kept& kept = tensors_.at(tensor);
  Part& part = kept.parts[kept.made++];
  const SlabUse use{.kind = SlabUse::Kind::kMake, .slab = part.slab, .next_use = next_use(part, now_)};
  const auto moved = memory_.run(now_++, {&use, 1});
  return leaving(*moved);  // Nothing is needed whole: it cannot fail.
}

std::int64_t KeptTensors::read(TensorId tensor) {
  Kept& kept = tensors_.at(tensor);
  const Box& box = kept.reads[kept.read++];
  std::int64_t found = 0;
  for (Part& part : kept.parts) {
    const std::int64_t common = common_volume(part.box, box);
    if (common == 0) continue;
    const auto share = static_cast<Int128>(memory_.resident(part.slab).value()) * common;
    found += static_cast<std::int64_t>(share / part.bytes.value());
    const SlabUse use{.kind = SlabUse::Kind::kRead,
                      .slab = part.slab,
                      .next_use = next_use(part, now_),
                      .absent_passes = true};
    static_cast<void>(memory_.run(now_, {&use, 1}));
  }
  ++now_;
  return found;
}

Bytes KeptTensors::resident(TensorId tensor) const {
  Bytes sum;
  for (const Part& part : tensors_.at(tensor).parts) sum += memory_.resident(part.slab);
  return sum;
}

}  // namespace fusescape
