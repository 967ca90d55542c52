#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "group_run.hpp"

namespace fusescape {

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

/// Of the tile's slabs that have no place yet, the largest one's buffer.
int GroupRun::without_place(const CoreState& core, const TileSpec& tile) const {
  int buffer = tile.touches.front().buffer;
  std::int64_t most = -1;
  for (const TouchSpec& touch : tile.touches) {
    const BufferState& state = buffers_[static_cast<std::size_t>(touch.buffer)];
    const std::int64_t visit = state.left[static_cast<std::size_t>(touch.toucher)];
    if (state.place(visit).held >= 0 || bytes_of_touch(core, touch) <= most) continue;
    most = bytes_of_touch(core, touch);
    buffer = touch.buffer;
  }
  return buffer;
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
void GroupRun::add_waits(SimFailure& failure) const {
  for (const CoreState& core : cores_) {
    if (core.head < 0 || !core.blocked) continue;
    SimWait wait{.tile = static_cast<std::uint32_t>(core.head), .cause = core.blocked->cause};
    if (core.blocked->edge >= 0) {
      const EdgeSpec& edge = program_.edges[static_cast<std::size_t>(core.blocked->edge)];
      wait.tensor = edge.tensor;
      wait.on.push_back(static_cast<std::uint32_t>(edge.from));
    } else {
      const auto b = static_cast<std::size_t>(core.blocked->buffer);
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
}

namespace {

std::string names(const Cascade& cascade, const SimTile& tile) {
  std::vector<std::string_view> ops;
  for (const OpId op : tile.operators) ops.push_back(cascade.op(op).name);
  return fmt::format("{{{}}}", fmt::join(ops, ", "));
}

std::string describe_wait(const Cascade& cascade, const SimFailure& failure, const SimWait& wait) {
  const std::string& tensor = cascade.tensor(wait.tensor).name;
  std::string text = names(cascade, failure.tiles[wait.tile]);
  switch (wait.cause) {
    case Stall::kLoad:
      text += fmt::format(" waits for {} from DRAM", tensor);
      break;
    case Stall::kSlot:
      text += fmt::format(" waits for the place of {}", tensor);
      break;
    case Stall::kMemory:
      text += fmt::format(" waits for room for {} ({} B)", tensor, wait.bytes.value());
      break;
    case Stall::kDependence:
      text += fmt::format(" waits for {}", tensor);
      break;
  }
  std::vector<std::string> others;
  for (const std::uint32_t tile : wait.on) others.push_back(names(cascade, failure.tiles[tile]));
  if (!others.empty()) text += fmt::format(", after {}", fmt::join(others, " and "));
  return text;
}

}  // namespace

std::string describe(const Cascade& cascade, const SimFailure& failure) {
  switch (failure.reason) {
    case SimFailure::Reason::kUnsupported:
      return "an operator is on a core that cannot run it";
    case SimFailure::Reason::kOverflow:
      return "counts or times do not fit 64 bits; smaller ranks would do";
    case SimFailure::Reason::kCapacity:
      return fmt::format("group {} needs {} B on chip; there are {} B", failure.group, failure.needed.value(),
                         failure.available.value());
    case SimFailure::Reason::kDeadlock:
      break;
  }
  std::vector<std::string> waits;
  for (const SimWait& wait : failure.waits) waits.push_back(describe_wait(cascade, failure, wait));
  std::vector<std::string> memory;
  for (const SimHolder& held : failure.memory)
    memory.push_back(fmt::format("{} {} B", cascade.tensor(held.tensor).name, held.bytes.value()));
  return fmt::format(
      "deadlock in group {}: {}; {} of {} B on chip: {}; with {} B nothing would wait for room",
      failure.group, fmt::join(waits, "; "), failure.needed.value(), failure.available.value(),
      fmt::join(memory, ", "), failure.enough.value());
}

}  // namespace fusescape
