#include "residency.hpp"

#include <algorithm>

#include "fusescape/support/contract.hpp"
#include "fusescape/workload/resident.hpp"

namespace fusescape {
namespace {

bool same_use(const Use& a, const Use& b) {
  return a.op == b.op && a.input == b.input;
}

}  // namespace

Retained* Chip::retained_of(TensorId tensor) {
  for (Retained& kept : retained) {
    if (kept.tensor() == tensor) return &kept;
  }
  return nullptr;
}

Residency::Residency(Chip& chip, const GroupLayout& group, std::vector<Allotment> allocations)
    : chip_{chip},
      group_{group},
      allotments_{std::move(allocations)},
      memories_(group.buffers.size()),
      states_(group.buffers.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    states_[i].memory = allotments_[i].host.value_or(i);
    states_[i].resident = is_resident(chip_.cascade, group_.buffers[i].tensor);
  }
}

bool Residency::take(std::size_t i) {
  const Allotment& allocation = allotments_[i];
  needed_ = chip_.scratchpad.taken() + allocation.bytes;
  if (!chip_.scratchpad.take(allocation.bytes)) return false;
  memories_[i].allocate(allocation);
  return true;
}

/// Whatever lived in the memory is gone; incomplete sums go to DRAM first.
void Residency::free(std::size_t i) {
  for (std::size_t guest = 0; guest < states_.size(); ++guest) {
    if (states_[guest].memory != i) continue;
    set_aside(guest);
    states_[guest].key.reset();
  }
  memories_[i].free();
  chip_.scratchpad.give_back(allotments_[i].bytes);
}

bool Residency::begin(NodeId node) {
  for (std::size_t i = 0; i < allotments_.size(); ++i) {
    const Allotment& a = allotments_[i];
    if (a.lasting && !a.host && a.node == node && !take(i)) return false;
  }
  return true;
}

void Residency::end(NodeId node) {
  for (std::size_t i = 0; i < allotments_.size(); ++i) {
    const Allotment& a = allotments_[i];
    if (a.lasting && !a.host && a.node == node) free(i);
  }
}

bool Residency::before(const Iteration& at, NodeId node, std::int32_t child) {
  for (std::size_t i = 0; i < allotments_.size(); ++i) {
    const Allotment& a = allotments_[i];
    const bool now = a.node == node && a.first_child == child;
    if (now && !a.lasting && !a.host && !take(i)) return false;
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    const bool now = buffer.node == node && buffer.first_child == child;
    if (now && buffer.role == BufferRole::kCarried) start_pass(i, at.bounds_at(node));
  }
  return true;
}

void Residency::after(const Iteration& at, NodeId node, std::int32_t child) {
  const auto ends = [&](const Buffer& buffer) { return buffer.node == node && buffer.last_child == child; };
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    if (ends(buffer) && buffer.producer && buffer.role != BufferRole::kCarried) hand_on(i);
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    if (!ends(buffer) || buffer.role != BufferRole::kCarried) continue;
    if (const auto fresh = made(buffer.tensor)) hand_on(*fresh);
    end_pass(i, at.bounds_at(node));
  }
  for (std::size_t i = 0; i < allotments_.size(); ++i) {
    const Allotment& a = allotments_[i];
    if (a.node == node && a.last_child == child && !a.lasting && !a.host) free(i);
  }
}

void Residency::prepare(const Iteration& at, OpId op) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    if (buffer.role == BufferRole::kCarried) continue;
    const auto reads = [&](const Use& use) { return use.op == op; };
    const bool fetches = buffer.role == BufferRole::kFetched;
    if (fetches && std::any_of(buffer.uses.begin(), buffer.uses.end(), reads))
      fetch(i, at.bounds_at(buffer.node));
    if (buffer.producer == op) make_room(i, at.bounds_at(buffer.node));
  }
}

void Residency::finish(OpId op) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    const bool fills = buffer.producer == op && buffer.role != BufferRole::kCarried;
    if (fills && buffer.stored && states_[i].done.count(*states_[i].key) == 0 && complete(i)) store(i);
  }
}

Held Residency::read(const Use& use, const Coordinates& at, std::int64_t id) const {
  const TensorId tensor = access_of(chip_.cascade, use).tensor;
  const bool earlier = is_shifted(access_of(chip_.cascade, use));
  bool served = false;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    if (buffer.tensor != tensor) continue;
    const auto& uses = buffer.uses;
    const bool serves =
        std::any_of(uses.begin(), uses.end(), [&](const Use& other) { return same_use(use, other); });
    if (!serves) continue;
    served = true;
    if (const Held held = held_in(i, at, id); held.terms > 0) return held;
  }
  // What was made in this tile, and is read shifted, need not have been handed on yet.
  const auto fresh = made(tensor);
  if (!earlier || !served || !fresh || !carried(tensor)) return {};
  return held_in(*fresh, at, id);
}

/// An element of the buffer's slab; a carried buffer holds whatever has not been overwritten.
Held Residency::held_in(std::size_t i, const Coordinates& at, std::int64_t id) const {
  const bool slab = group_.buffers[i].role != BufferRole::kCarried;
  if (slab && (!states_[i].key || !inside(states_[i].box, at))) return {};
  return memory(i).get(at, id);
}

Held Residency::made_so_far(OpId op, const Coordinates& at, std::int64_t id) const {
  const TensorId tensor = chip_.cascade.op(op).output;
  const auto here = made(tensor) ? made(tensor) : carried(tensor);
  return here ? memory(*here).get(at, id) : Held{};
}

void Residency::write(OpId op, const Coordinates& at, std::int64_t id, Held held) {
  const TensorId tensor = chip_.cascade.op(op).output;
  if (const auto here = made(tensor)) return memory(*here).put(at, id, held);
  const auto ring = carried(tensor);
  if (!ring) return;  // It lives in registers.
  Box box = states_[*ring].box;
  box[carried_dimension(chip_.cascade, group_.buffers[*ring])] = {
      0, chip_.cascade.extent(group_.buffers[*ring].carry_rank).value()};
  if (inside(box, at)) memory(*ring).put(at, id, held);
}

std::optional<std::size_t> Residency::carried(TensorId tensor) const {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    if (buffer.tensor == tensor && buffer.role == BufferRole::kCarried) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Residency::made(TensorId tensor) const {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    if (buffer.tensor == tensor && buffer.role != BufferRole::kCarried && buffer.producer) return i;
  }
  return std::nullopt;
}

std::vector<TensorMoved> Residency::moved() const {
  std::vector<TensorMoved> sums;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const TensorId tensor = group_.buffers[i].tensor;
    const auto known =
        std::find_if(sums.begin(), sums.end(), [&](const TensorMoved& sum) { return sum.tensor == tensor; });
    TensorMoved& sum = known != sums.end() ? *known : sums.emplace_back(TensorMoved{tensor, {}, {}, {}, {}});
    sum.read += states_[i].moved.read;
    sum.written += states_[i].moved.written;
    sum.elements_read += states_[i].moved.elements_read;
    sum.elements_written += states_[i].moved.elements_written;
  }
  return sums;
}

}  // namespace fusescape
