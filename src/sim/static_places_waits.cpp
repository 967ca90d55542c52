// What do cores wait for where each buffer has its places?
#include <algorithm>

#include "static_places.hpp"

namespace fusescape {

/// What the core did not wait for when it was asked cannot have been undone since, but for room.
bool StaticPlaces::still_waits(const CoreState& core) const {
  if (core.wait.touch < 0) return false;
  const TouchSpec& touch = group_.tile(core.head).touches[static_cast<std::size_t>(core.wait.touch)];
  const Visits& buffer = visits(touch.buffer);
  const std::int64_t visit = visit_of(touch);
  if (core.wait.cause == Stall::kSlot) return visit >= buffer.released + spec(touch.buffer).slots;
  if (core.wait.cause != Stall::kLoad || visit < buffer.arrived) return false;
  return !shared_memory_ || visit < buffer.requested;
}

/// The first edge over which something is still to come for the core's tile, or -1.
int StaticPlaces::edge_to_come(const CoreState& core) const {
  for (const int id : group_.tile(core.head).in) {
    const SharedLoops& shared = group_.program.edges[static_cast<std::size_t>(id)].shared;
    if (group_.delivered[static_cast<std::size_t>(id)] < shared.needed(core.iterations, core.at)) return id;
  }
  return -1;
}

/// Whether the visit that `touch` fills has no place yet.
bool StaticPlaces::lacks_place(const TouchSpec& touch) const {
  const BufferSpec& about = spec(touch.buffer);
  const bool fills = touch.writes || about.role == BufferRole::kCarried;
  return fills && visit_of(touch) >= visits(touch.buffer).released + about.slots;
}

/// Whether the visit that `touch` needs is still to come from DRAM.
bool StaticPlaces::lacks_load(const TouchSpec& touch) const {
  return spec(touch.buffer).fed && visit_of(touch) >= visits(touch.buffer).arrived;
}

/// Why a load does not come: it is on its way, or there is no room.
Stall StaticPlaces::cause_of_load(const TouchSpec& touch) const {
  const bool asked = visit_of(touch) < visits(touch.buffer).requested;
  return asked || !shared_memory_ || !in_scope(touch.buffer, visits(touch.buffer).feed) ? Stall::kLoad
                                                                                        : Stall::kMemory;
}

std::optional<Wait> StaticPlaces::wait(const CoreState& core) const {
  const TileSpec& tile = group_.tile(core.head);
  const int edge = tile.in.empty() ? -1 : edge_to_come(core);
  if (edge >= 0) return Wait{Stall::kDependence, -1, edge};
  int load = -1;
  for (int i = 0; i < static_cast<int>(tile.touches.size()); ++i) {
    const TouchSpec& touch = tile.touches[static_cast<std::size_t>(i)];
    if (lacks_place(touch)) return Wait{Stall::kSlot, i, -1};
    if (load < 0 && lacks_load(touch)) load = i;
  }
  if (load >= 0) return Wait{cause_of_load(tile.touches[static_cast<std::size_t>(load)]), load, -1};
  if (counts_room_ && !has_room(room_for(core))) return Wait{Stall::kMemory, without_place(core), -1};
  return std::nullopt;
}

/// Of the slabs of the core's tile that have no place yet, the largest: which touch uses it.
int StaticPlaces::without_place(const CoreState& core) const {
  const std::vector<TouchSpec>& touches = group_.tile(core.head).touches;
  int largest = 0;
  std::int64_t most = -1;
  for (std::size_t i = 0; i < touches.size(); ++i) {
    const TouchSpec& touch = touches[i];
    if (visits(touch.buffer).place(visit_of(touch)).held >= 0 || bytes_of(core, touch) <= most) continue;
    most = bytes_of(core, touch);
    largest = static_cast<int>(i);
  }
  return largest;
}

/// The tiles that would have to run before the place of a buffer is free.
std::vector<std::uint32_t> StaticPlaces::keepers_of(int buffer, const CoreState& waiting) const {
  std::vector<std::uint32_t> keepers;
  const std::vector<int>& touching = spec(buffer).touching;
  for (std::size_t toucher = 0; toucher < touching.size(); ++toucher) {
    const CoreState& other = group_.cores[static_cast<std::size_t>(touching[toucher])];
    const bool keeps = visits(buffer).left[toucher] == visits(buffer).released;
    if (keeps && &other != &waiting && other.head >= 0)
      keepers.push_back(static_cast<std::uint32_t>(other.head));
  }
  return keepers;
}

/// The tiles that would have to run before anything else leaves the chip.
std::vector<std::uint32_t> StaticPlaces::holders_beside(const CoreState& waiting) const {
  std::vector<std::uint32_t> holders;
  for (int b = 0; b < static_cast<int>(visits_.size()); ++b) {
    if (visits(b).on_chip == 0) continue;
    const std::vector<std::uint32_t> keepers = keepers_of(b, waiting);
    holders.insert(holders.end(), keepers.begin(), keepers.end());
  }
  std::sort(holders.begin(), holders.end());
  holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
  return holders;
}

SimWait StaticPlaces::wait_text(const CoreState& core) const {
  SimWait wait{.tile = static_cast<std::uint32_t>(core.head), .cause = core.wait.cause};
  if (core.wait.edge >= 0) {
    const EdgeSpec& edge = group_.program.edges[static_cast<std::size_t>(core.wait.edge)];
    wait.tensor = edge.tensor;
    wait.on.push_back(static_cast<std::uint32_t>(edge.from));
    return wait;
  }
  const int buffer = group_.tile(core.head).touches[static_cast<std::size_t>(core.wait.touch)].buffer;
  wait.tensor = spec(buffer).tensor;
  wait.bytes = Bytes{group_.bytes(spec(buffer).held, core.at)};
  wait.on = wait.cause == Stall::kMemory ? holders_beside(core) : keepers_of(buffer, core);
  return wait;
}

/// What each core waits for, and what is on chip.
SimFailure StaticPlaces::failure() const {
  SimFailure failure{.reason = SimFailure::Reason::kDeadlock};
  for (const CoreState& core : group_.cores) {
    if (core.head >= 0 && core.blocked) failure.waits.push_back(wait_text(core));
  }
  for (std::size_t i = 0; i < group_.on_chip.tensors.size(); ++i) {
    const std::int64_t bytes = group_.on_chip.tensors[i];
    if (bytes > 0) failure.memory.push_back({TensorId{static_cast<std::uint16_t>(i)}, Bytes{bytes}});
  }
  failure.needed = Bytes{held_} + group_.program.reserved;
  failure.enough = group_.program.all_at_once + group_.program.reserved;
  failure.available = group_.context.machine.capacity;
  return failure;
}

}  // namespace fusescape
