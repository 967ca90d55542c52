// What do cores wait for, and what does that cost?
#include <algorithm>

#include "group_run.hpp"

namespace fusescape {

/// Adds the time that a core has stood still so far to that of the cause.
void GroupRun::count_stall(int id) {
  CoreState& core = cores_[static_cast<std::size_t>(id)];
  if (core.blocked) {
    const auto tile = static_cast<std::size_t>(core.head);
    SimResource& resource = state_.resources[static_cast<std::size_t>(program_.tiles[tile].resource)];
    resource.stall[static_cast<std::size_t>(core.wait.cause)] += state_.now - core.blocked_since;
  }
  core.blocked_since = state_.now;
}

/// Whether the place or load that the core's tile was found to wait for is still not there. What it did not
/// wait for then cannot have been undone since.
bool GroupRun::still_blocked(const CoreState& core) const {
  if (!core.blocked || shared_memory_ || spill_ || core.wait.cause == Stall::kDependence) return false;
  const TileSpec& tile = program_.tiles[static_cast<std::size_t>(core.head)];
  const TouchSpec& touch = tile.touches[static_cast<std::size_t>(core.wait.touch)];
  const auto b = static_cast<std::size_t>(touch.buffer);
  const std::int64_t visit = buffers_[b].left[static_cast<std::size_t>(touch.toucher)];
  if (core.wait.cause == Stall::kLoad) return visit >= buffers_[b].arrived;
  return visit >= buffers_[b].released + program_.buffers[b].slots;
}

/// The first edge over which something is still to come for the core's tile, or -1.
int GroupRun::edge_to_come(const CoreState& core, const TileSpec& tile) const {
  for (const int id : tile.in) {
    const EdgeSpec& edge = program_.edges[static_cast<std::size_t>(id)];
    const int loop = edge.shared.counted();
    const std::int64_t now = loop == kNoLoop ? 1 : core.iterations[static_cast<std::size_t>(loop)];
    const std::int64_t needed = edge.shared.needed(now, core.at);
    if (delivered_[static_cast<std::size_t>(id)] < needed) return id;
  }
  return -1;
}

/// Whether the visit that `touch` fills has no place yet.
bool GroupRun::lacks_place(const TouchSpec& touch) const {
  const auto b = static_cast<std::size_t>(touch.buffer);
  const BufferSpec& spec = program_.buffers[b];
  const bool fills = touch.writes || spec.role == BufferRole::kCarried;
  const std::int64_t visit = buffers_[b].left[static_cast<std::size_t>(touch.toucher)];
  return fills && visit >= buffers_[b].released + spec.slots;
}

/// Whether the visit that `touch` needs is still to come from DRAM.
bool GroupRun::lacks_load(const TouchSpec& touch) const {
  const auto b = static_cast<std::size_t>(touch.buffer);
  const std::int64_t visit = buffers_[b].left[static_cast<std::size_t>(touch.toucher)];
  return program_.buffers[b].fed && visit >= buffers_[b].arrived;
}

/// Why a load does not come: it is on its way, or there is no room.
Stall GroupRun::cause_of_load(const TouchSpec& touch) const {
  const auto b = static_cast<std::size_t>(touch.buffer);
  const bool asked = buffers_[b].left[static_cast<std::size_t>(touch.toucher)] < buffers_[b].requested;
  const bool room = asked || !shared_memory_ || !in_scope(program_.buffers[b], buffers_[b]);
  return room ? Stall::kLoad : Stall::kMemory;
}

/// Whether the core's tile must wait; core.wait then says for what.
bool GroupRun::is_blocked(CoreState& core) const {
  if (spill_) {
    const std::optional<Stall> wait = core.computed ? spill_->wait_to_end() : spill_->wait_to_start();
    if (wait) core.wait.cause = *wait;
    return core.blocked = wait.has_value();
  }
  const TileSpec& tile = program_.tiles[static_cast<std::size_t>(core.head)];
  const auto wait_for = [&](Stall cause, int touch, int edge) {
    core.wait.cause = cause;
    core.wait.touch = touch;
    core.wait.edge = edge;
    return core.blocked = true;
  };
  const int edge = tile.in.empty() ? -1 : edge_to_come(core, tile);
  if (edge >= 0) return wait_for(Stall::kDependence, -1, edge);
  int load = -1;
  for (int i = 0; i < static_cast<int>(tile.touches.size()); ++i) {
    const TouchSpec& touch = tile.touches[static_cast<std::size_t>(i)];
    if (lacks_place(touch)) return wait_for(Stall::kSlot, i, -1);
    if (load < 0 && lacks_load(touch)) load = i;
  }
  if (load >= 0) return wait_for(cause_of_load(tile.touches[static_cast<std::size_t>(load)]), load, -1);
  if (counts_room_ && on_chip_ - spare_ + room_for(core, tile) > capacity_) {
    return wait_for(Stall::kMemory, without_place(core, tile), -1);
  }
  return core.blocked = false;
}

/// The tiles that would have to run before the place of a buffer is free.
std::vector<std::uint32_t> GroupRun::keepers_of(std::size_t buffer, const CoreState& waiting) const {
  std::vector<std::uint32_t> keepers;
  const std::vector<int>& touching = program_.buffers[buffer].touching;
  for (std::size_t toucher = 0; toucher < touching.size(); ++toucher) {
    const CoreState& other = cores_[static_cast<std::size_t>(touching[toucher])];
    const bool keeps = buffers_[buffer].left[toucher] == buffers_[buffer].released;
    if (keeps && &other != &waiting && other.head >= 0) {
      keepers.push_back(static_cast<std::uint32_t>(other.head));
    }
  }
  return keepers;
}

/// Of the tile's slabs that have no place yet, the largest: which touch uses it.
int GroupRun::without_place(const CoreState& core, const TileSpec& tile) const {
  int largest = 0;
  std::int64_t most = -1;
  for (std::size_t i = 0; i < tile.touches.size(); ++i) {
    const TouchSpec& touch = tile.touches[i];
    const BufferState& state = buffers_[static_cast<std::size_t>(touch.buffer)];
    const std::int64_t visit = state.left[static_cast<std::size_t>(touch.toucher)];
    if (state.place(visit).held >= 0 || bytes_of_touch(core, touch) <= most) continue;
    most = bytes_of_touch(core, touch);
    largest = static_cast<int>(i);
  }
  return largest;
}

/// The tiles that would have to run before anything else leaves the chip.
std::vector<std::uint32_t> GroupRun::holders_beside(const CoreState& waiting) const {
  std::vector<std::uint32_t> holders;
  for (std::size_t b = 0; b < buffers_.size(); ++b) {
    if (buffers_[b].on_chip == 0) continue;
    const std::vector<std::uint32_t> keepers = keepers_of(b, waiting);
    holders.insert(holders.end(), keepers.begin(), keepers.end());
  }
  std::sort(holders.begin(), holders.end());
  holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
  return holders;
}

/// What each core waits for, and what is on chip.
SimFailure GroupRun::failure() const {
  if (spill_ && spill_->failure()) return *spill_->failure();
  SimFailure failure{.reason = SimFailure::Reason::kDeadlock};
  for (const CoreState& core : cores_) {
    if (core.head < 0 || !core.blocked) continue;
    SimWait wait{.tile = static_cast<std::uint32_t>(core.head), .cause = core.wait.cause};
    if (core.wait.edge >= 0) {
      const EdgeSpec& edge = program_.edges[static_cast<std::size_t>(core.wait.edge)];
      wait.tensor = edge.tensor;
      wait.on.push_back(static_cast<std::uint32_t>(edge.from));
    } else {
      const TileSpec& tile = program_.tiles[static_cast<std::size_t>(core.head)];
      const TouchSpec& touch = tile.touches[static_cast<std::size_t>(core.wait.touch)];
      const auto b = static_cast<std::size_t>(touch.buffer);
      const BufferSpec& spec = program_.buffers[b];
      wait.tensor = spec.tensor;
      wait.bytes = Bytes{spec.held.bytes(context_.cascade, core.at, scratch_)};
      wait.on = wait.cause == Stall::kMemory ? holders_beside(core) : keepers_of(b, core);
    }
    failure.waits.push_back(std::move(wait));
  }
  for (std::size_t i = 0; i < tensor_bytes_.size(); ++i) {
    if (tensor_bytes_[i] == 0) continue;
    failure.memory.push_back({TensorId{static_cast<std::uint16_t>(i)}, Bytes{tensor_bytes_[i]}});
  }
  failure.needed = Bytes{on_chip_} + program_.reserved;
  failure.enough = program_.all_at_once + program_.reserved;
  failure.available = context_.machine.capacity;
  failure.at = state_.now;
  return failure;
}

}  // namespace fusescape
