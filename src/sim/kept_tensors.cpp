#include <algorithm>

#include "kept.hpp"

namespace fusescape {

namespace {

/// Elements in both.
std::int64_t common_volume(const Box& a, const Box& b) {
  std::int64_t all = 1;
  for (std::size_t d = 0; d < a.size() && all > 0; ++d) {
    all *= std::max<std::int64_t>(std::min(a[d].second, b[d].second) - std::max(a[d].first, b[d].first), 0);
  }
  return all;
}

/// Each of `corners` longer by each of the sorted `cells` that meet `range`.
std::vector<std::vector<std::int64_t>> extended(const std::vector<std::vector<std::int64_t>>& corners,
                                                const std::set<std::int64_t>& cells, const Range& range) {
  std::vector<std::vector<std::int64_t>> longer;
  auto cell = cells.upper_bound(range.first);
  if (cell != cells.begin()) --cell;
  for (; cell != cells.end() && *cell < range.second; ++cell) {
    for (const std::vector<std::int64_t>& corner : corners) {
      longer.push_back(corner);
      longer.back().push_back(*cell);
    }
  }
  return longer;
}

}  // namespace

void KeptTensors::will_make(TensorId tensor, const Box& box, Bytes bytes) {
  Kept& kept = tensors_[tensor];
  kept.starts.resize(box.size());
  std::vector<std::int64_t> starts;
  for (std::size_t d = 0; d < box.size(); ++d) {
    starts.push_back(box[d].first);
    kept.starts[d].insert(box[d].first);
  }
  kept.at[std::move(starts)] = kept.parts.size();
  kept.parts.push_back({memory_.add(bytes), box, bytes, {}});
  tensor_of_.push_back(tensor);
  counted_.emplace_back();
  ++positions_;
}

/// The parts that have elements of `box`: those in the cells of the grid that it meets.
std::vector<std::size_t> KeptTensors::parts_in(const Kept& kept, const Box& box) {
  std::vector<std::vector<std::int64_t>> corners{{}};
  for (std::size_t d = 0; d < box.size(); ++d) corners = extended(corners, kept.starts[d], box[d]);
  std::vector<std::size_t> found;
  for (const std::vector<std::int64_t>& corner : corners) {
    const auto part = kept.at.find(corner);
    if (part == kept.at.end()) continue;
    if (common_volume(kept.parts[part->second].box, box) > 0) found.push_back(part->second);
  }
  return found;
}

void KeptTensors::will_read(TensorId tensor, const Box& box) {
  Kept& kept = tensors_.at(tensor);
  for (const std::size_t part : parts_in(kept, box)) kept.parts[part].uses.push_back(positions_);
  kept.reads.push_back(box);
  ++positions_;
}

std::int64_t KeptTensors::next_use(Part& part, std::int64_t now) {
  while (part.next < part.uses.size() && part.uses[part.next] <= now) ++part.next;
  return part.next < part.uses.size() ? part.uses[part.next] : kNeverUsed;
}

void KeptTensors::recount(SlabId slab) {
  Bytes& counted = counted_[static_cast<std::size_t>(slab)];
  const Bytes now = memory_.resident(slab);
  tensors_.at(tensor_of_[static_cast<std::size_t>(slab)]).resident += now - std::exchange(counted, now);
}

std::vector<Leaving> KeptTensors::leaving(std::span<const SlabMovement> moved) {
  std::vector<Leaving> found;
  for (const SlabMovement& one : moved) {
    recount(one.slab);
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
  const auto moved = memory_.run({&use, 1});
  ++now_;
  return leaving(*moved);  // Nothing is needed whole: it cannot fail.
}

std::int64_t KeptTensors::read(TensorId tensor) {
  Kept& kept = tensors_.at(tensor);
  const Box& box = kept.reads[kept.read++];
  std::int64_t found = 0;
  for (const std::size_t p : parts_in(kept, box)) {
    Part& part = kept.parts[p];
    const auto share =
        static_cast<Int128>(memory_.resident(part.slab).value()) * common_volume(part.box, box);
    found += static_cast<std::int64_t>(share / part.bytes.value());
    const SlabUse use{.kind = SlabUse::Kind::kRead,
                      .slab = part.slab,
                      .next_use = next_use(part, now_),
                      .absent_passes = true};
    static_cast<void>(leaving(*memory_.run({&use, 1})));
  }
  ++now_;
  return found;
}

}  // namespace fusescape
