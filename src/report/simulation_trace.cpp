#include "fusescape/report/simulation_trace.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

namespace fusescape {
namespace {

// Processes, in the order in which a viewer shows them.
constexpr int kMemory = 1;
constexpr int kFirstKind = 2;
constexpr std::array<std::string_view, 6> kKindNames{
    "cores", "on-chip memory, reads", "on-chip memory, writes", "DRAM", "DRAM, writes", "links"};
constexpr int kSkipped = kFirstKind + static_cast<int>(kKindNames.size());
constexpr TraceTrack kSkippedTrack{kSkipped, 1};
constexpr std::string_view kTotal = "all tensors, bytes";

int process_of(SimResourceKind kind) {
  return kFirstKind + static_cast<int>(kind);
}

std::string_view verb_of(SimEventKind kind) {
  switch (kind) {
    case SimEventKind::kTile:
      return "";
    case SimEventKind::kLoad:
      return "load ";
    case SimEventKind::kStore:
      return "store ";
    case SimEventKind::kTransfer:
      return "send ";
  }
  return "";
}

std::string tile_name(const Cascade& cascade, const SimTile& tile) {
  std::vector<std::string_view> names;
  for (const OpId op : tile.operators) names.emplace_back(cascade.op(op).name);
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

SimulationTrace::SimulationTrace(const Cascade& cascade, const SimResult& known, TraceWriter& writer)
    : cascade_{cascade}, known_{known}, writer_{writer} {
  name_rows();
}

void SimulationTrace::name_rows() {
  std::array<bool, kKindNames.size()> named{};
  writer_.name_process(kMemory, "on-chip memory, contents");
  for (std::uint32_t i = 0; i < known_.resources.size(); ++i) {
    const SimResource& resource = known_.resources[i];
    if (resource.busy == Ticks{} && resource.bytes == Bytes{}) continue;  // Nothing to see there.
    const auto kind = static_cast<std::size_t>(resource.kind);
    if (!named[kind]) writer_.name_process(process_of(resource.kind), kKindNames[kind]);
    named[kind] = true;
    writer_.name_thread(track_of(i), resource.name);
  }
  if (known_.skipped == 0) return;
  writer_.name_process(kSkipped, "left out: repetitions");
  writer_.name_thread(kSkippedTrack, "equal periods");
}

TraceTrack SimulationTrace::track_of(std::uint32_t resource) const {
  return {process_of(known_.resources[resource].kind), static_cast<int>(resource) + 1};
}

void SimulationTrace::event(const SimEvent& event) {
  if (!writer_.full()) until_ = event.end;
  const TraceTrack track = track_of(event.resource);
  const Field group{"group", static_cast<std::int64_t>(event.group)};
  if (event.kind == SimEventKind::kTile) {
    const std::string name = tile_name(cascade_, known_.tiles[event.tile]);
    return writer_.slice(track, name, event.start, event.end, {group});
  }
  const std::string name = fmt::format("{}{}", verb_of(event.kind), cascade_.tensor(event.tensor).name);
  writer_.slice(track, name, event.start, event.end, {{"bytes", event.bytes.value()}, group});
}

void SimulationTrace::memory(const MemoryChange& change) {
  const std::string name = fmt::format("{}, bytes", cascade_.tensor(change.tensor).name);
  writer_.counter(kMemory, name, change.at, change.tensor_bytes.value());
  writer_.counter(kMemory, kTotal, change.at, change.total.value());
}

void SimulationTrace::skipped(Ticks from, Ticks to, std::int64_t periods) {
  writer_.slice(kSkippedTrack, fmt::format("{} periods equal to those before", periods), from, to, {});
}

}  // namespace fusescape
