#include "fusescape/sim/eviction.hpp"

#include <algorithm>
#include <utility>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// What gives way first has the largest: by the position of its next use, or the number of its last one among
/// all uses.
std::int64_t rank_under(Eviction policy, std::int64_t next_use, std::int64_t last_use) {
  return policy == Eviction::kFurthestNextUse ? next_use : -last_use;
}

}  // namespace

using Kind = SlabUse::Kind;

ManagedMemory::ManagedMemory(Bytes capacity, Bytes page, Eviction policy)
    : capacity_{capacity.value()}, page_{page.value()}, policy_{policy} {
  FUSESCAPE_EXPECTS(page > Bytes{0} && policy != Eviction::kNone);
}

SlabId ManagedMemory::add(Bytes bytes) {
  slabs_.push_back({.bytes = bytes.value()});
  return SlabId{static_cast<std::uint32_t>(slabs_.size() - 1)};
}

void ManagedMemory::renew(SlabId slab, Bytes bytes) {
  FUSESCAPE_EXPECTS(at(slab).next_use == kNeverUsed && !at(slab).listed);
  at(slab) = {.bytes = bytes.value()};
}

Bytes ManagedMemory::dirty(SlabId slab) const {
  return Bytes{at(slab).clean};
}

std::int64_t ManagedMemory::whole_pages(std::int64_t bytes) const {
  return std::max<std::int64_t>(bytes, 0) / page_ * page_;
}

/// Plans all of each use on chip; by how much that exceeds the capacity.
std::int64_t ManagedMemory::claim(std::span<const SlabUse> uses) {
  place_.clear();
  moved_.clear();
  std::int64_t total = used_;
  for (const SlabUse& use : uses) {
    const Slab& slab = at(use.slab);
    place_.push_back(use.absent_passes ? slab.resident : slab.bytes);
    moved_.push_back({.slab = use.slab});
    total += place_.back() - slab.resident;
  }
  return total - capacity_;
}

/// What the operator lacks may pass through instead: if it is needed again later than the rest; by recency
/// last of all.
void ManagedMemory::add_operands(std::span<const SlabUse> uses) {
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (uses[i].whole) continue;
    candidates_.push_back({uses[i].slab, rank_under(policy_, uses[i].next_use, uses_), i});
  }
}

std::int64_t ManagedMemory::rank_of(SlabId slab) const {
  return rank_under(policy_, at(slab).next_use, at(slab).last_use);
}

/// Lets candidates and what the operator does not use give way until nothing exceeds the capacity; what still
/// does.
std::int64_t ManagedMemory::give_way(std::span<const SlabUse> uses, std::int64_t excess) {
  const auto stays_longer = [](const Candidate& a, const Candidate& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.use.has_value() != b.use.has_value()) return b.use.has_value();  // It saves a transfer.
    return a.slab < b.slab;
  };
  std::make_heap(candidates_.begin(), candidates_.end(), stays_longer);
  auto other = residents_.rbegin();
  const auto skip_operands = [&] {
    const auto is_this = [&](const SlabUse& use) { return use.slab == other->second; };
    while (other != residents_.rend() && std::any_of(uses.begin(), uses.end(), is_this)) ++other;
  };
  for (skip_operands(); excess > 0; skip_operands()) {
    const bool others = other != residents_.rend();
    if (candidates_.empty() && !others) break;
    Candidate candidate;
    if (others) candidate = {other->second, other->first, std::nullopt};
    if (!others || (!candidates_.empty() && stays_longer(candidate, candidates_.front()))) {
      std::pop_heap(candidates_.begin(), candidates_.end(), stays_longer);
      candidate = candidates_.back();
      candidates_.pop_back();
    } else {
      ++other;
    }
    const std::int64_t resident = at(candidate.slab).resident;
    if (candidate.use) {
      std::int64_t& place = place_[*candidate.use];
      const std::int64_t left = std::max(resident, whole_pages(place - excess));
      excess -= place - left;
      place = left;
      continue;
    }
    const std::int64_t left = whole_pages(resident - excess);
    excess -= resident - left;
    evict(candidate.slab, left, moved_.emplace_back(SlabMovement{.slab = candidate.slab}));
  }
  candidates_.clear();
  return excess;
}

/// Last of all, parts of the operator's own operands leave, to pass through again while it runs.
std::int64_t ManagedMemory::clear_operands(std::span<const SlabUse> uses, std::int64_t excess) {
  for (std::size_t i = 0; i < uses.size() && excess > 0; ++i) {
    if (uses[i].whole) continue;
    const std::int64_t left = whole_pages(place_[i] - excess);
    excess -= place_[i] - left;
    place_[i] = left;
    if (uses[i].kind == Kind::kMake) at(uses[i].slab).clean = 0;  // Its old content is not needed.
    evict(uses[i].slab, std::min(left, at(uses[i].slab).resident), moved_[i]);
  }
  return excess;
}

/// Leaves the first `to` bytes of a slab on chip. What had no copy in DRAM gets one.
void ManagedMemory::evict(SlabId id, std::int64_t to, SlabMovement& movement) {
  Slab& slab = at(id);
  movement.evicted += Bytes{std::max<std::int64_t>(slab.clean - to, 0)};
  slab.clean = std::min(slab.clean, to);
  used_ -= slab.resident - to;
  slab.resident = to;
}

/// The operator runs with `place` bytes of the slab on chip.
void ManagedMemory::settle(const SlabUse& use, std::int64_t place, SlabMovement& movement) {
  Slab& slab = at(use.slab);
  if (use.kind != Kind::kMake) {
    movement.loaded = Bytes{place - slab.resident};
    movement.streamed = Bytes{slab.bytes - place};
  }
  used_ += place - slab.resident;
  slab.resident = place;
  const bool needed = use.stored || use.next_use != kNeverUsed;
  if (use.kind == Kind::kRead) {
    if (use.stored) movement.copied = Bytes{std::exchange(slab.clean, 0)};
    return;
  }
  if (needed) movement.passed = Bytes{slab.bytes - place};
  if (use.stored) movement.copied = Bytes{place};
  slab.clean = use.stored ? 0 : place;
}

void ManagedMemory::finish(std::span<const SlabUse> uses) {
  for (std::size_t i = 0; i < uses.size(); ++i) settle(uses[i], place_[i], moved_[i]);
  running_ = used_;
  for (const SlabUse& use : uses) {
    Slab& slab = at(use.slab);
    slab.next_use = use.next_use;
    slab.last_use = uses_++;
    if (use.next_use == kNeverUsed) {
      used_ -= slab.resident;
      slab.resident = 0;
    }
  }
  for (const SlabMovement& one : moved_) list(one.slab);
}

/// Enters the slab among the residents under its rank, or takes it off.
void ManagedMemory::list(SlabId id) {
  Slab& slab = at(id);
  std::optional<std::int64_t> rank;
  if (slab.resident > 0) rank = rank_of(id);
  if (rank == slab.listed) return;
  if (slab.listed) residents_.erase({*slab.listed, id});
  if (rank) residents_.insert({*rank, id});
  slab.listed = rank;
}

expected<std::span<const SlabMovement>, MemoryDeadlock> ManagedMemory::run(std::span<const SlabUse> uses) {
  std::int64_t excess = claim(uses);
  if (excess > 0) {
    add_operands(uses);
    excess = give_way(uses, excess);
  }
  if (excess > 0) excess = clear_operands(uses, excess);
  if (excess > 0) {
    MemoryDeadlock deadlock{Bytes{}, Bytes{capacity_}, {}};
    for (const SlabUse& use : uses) {
      if (!use.whole) continue;
      deadlock.needed += Bytes{at(use.slab).bytes};
      deadlock.held.push_back(use.slab);
    }
    return unexpected{std::move(deadlock)};
  }
  finish(uses);
  return std::span<const SlabMovement>{moved_};
}

void ManagedMemory::shift_uses(std::int64_t from, std::int64_t to, std::int64_t by) {
  for (std::size_t i = 0; i < slabs_.size(); ++i) {
    Slab& slab = slabs_[i];
    if (slab.next_use < from || slab.next_use >= to) continue;
    slab.next_use += by;
    list(SlabId{static_cast<std::uint32_t>(i)});
  }
}

std::span<const SlabMovement> ManagedMemory::resize(Bytes capacity) {
  capacity_ = capacity.value();
  moved_.clear();
  const std::int64_t excess = used_ - capacity_;
  if (excess > 0) {
    static_cast<void>(give_way({}, excess));  // Everything may leave: nothing is left over.
  }
  for (const SlabMovement& one : moved_) list(one.slab);
  return moved_;
}

}  // namespace fusescape
