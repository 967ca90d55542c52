#include "managed_report.hpp"

#include <algorithm>

namespace fusescape {
namespace {

SimEvent transfer_event(SimEventKind kind, int resource, TensorId tensor, Bytes bytes, const TimeSpan& time) {
  return {.kind = kind,
          .start = time.start,
          .end = time.end,
          .resource = static_cast<std::uint32_t>(resource),
          .tensor = tensor,
          .bytes = bytes};
}

/// What a load has brought after this much of its time.
Bytes bytes_until(const StepLoad& load, Ticks done) {
  return Bytes{static_cast<std::int64_t>(load.bytes.value() * done.value() / load.time.value())};
}

/// All spans, by their ends. Loads beside a longer one take no time, and are no spans.
std::vector<SimEvent> events_of(const SimContext& context, const SlabProgram& program,
                                const ManagedGroup& group, const TransferTimes& times) {
  std::vector<SimEvent> events;
  for (std::size_t k = 0; k < times.steps.size(); ++k) {
    const std::uint32_t piece = program.steps[k].piece;
    const OpId op = program.pieces[piece].operators.front();
    SimEvent tile{.kind = SimEventKind::kTile, .start = times.steps[k].start, .end = times.steps[k].end};
    tile.resource = static_cast<std::uint32_t>(context.core_of[index_of(op)]);
    tile.tile = piece;
    events.push_back(tile);
  }
  std::vector<Ticks> done(group.transfers.loads.size());  // Of each load, so far.
  for (const LoadPart& part : times.load_parts) {
    const StepLoad& load = group.transfers.loads[part.load];
    const Bytes before = bytes_until(load, done[part.load]);
    done[part.load] += part.time.end - part.time.start;
    events.push_back(transfer_event(SimEventKind::kLoad, context.dram_read, load.tensor,
                                    bytes_until(load, done[part.load]) - before, part.time));
  }
  for (std::size_t i = 0; i < times.stores.size(); ++i) {
    const StepStore& store = group.transfers.stores[i];
    events.push_back(
        transfer_event(SimEventKind::kStore, context.dram_write, store.tensor, store.bytes, times.stores[i]));
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const SimEvent& a, const SimEvent& b) { return a.end < b.end; });
  return events;
}

}  // namespace

void report(const SimContext& context, const SlabProgram& program, const ManagedGroup& group,
            const TransferTimes& times, const GroupPlace& place, SimObserver& observer) {
  GroupObserver shifted{observer, place};
  std::size_t next = 0;
  const auto report_memory_before = [&](Ticks end) {
    for (; next < group.memory.size(); ++next) {
      const MemorySample& sample = group.memory[next];
      const auto step = static_cast<std::size_t>(sample.step);
      const Ticks at = step < times.free.size() ? times.free[step] : times.steps.back().end;
      if (at >= end) return;
      shifted.memory(
          {.at = at, .tensor = sample.tensor, .tensor_bytes = sample.tensor_bytes, .total = sample.total});
    }
  };
  auto skipped = times.skipped.begin();
  for (const SimEvent& event : events_of(context, program, group, times)) {
    for (; skipped != times.skipped.end() && skipped->time.end <= event.end; ++skipped) {
      report_memory_before(skipped->time.start + Ticks{1});
      shifted.skipped(skipped->time.start, skipped->time.end, skipped->periods);
    }
    report_memory_before(event.end);
    shifted.event(event);
  }
  report_memory_before(times.end + Ticks{1});
}

void GroupObserver::event(const SimEvent& event) {
  SimEvent moved = event;
  moved.start += place_.start;
  moved.end += place_.start;
  moved.group = place_.group;
  if (event.kind == SimEventKind::kTile) moved.tile += place_.first_tile;
  to_.event(moved);
}

void GroupObserver::memory(const MemoryChange& change) {
  MemoryChange moved = change;
  moved.at += place_.start;
  moved.total += place_.kept;
  to_.memory(moved);
}

void GroupObserver::skipped(Ticks from, Ticks to, std::int64_t periods) {
  to_.skipped(from + place_.start, to + place_.start, periods);
}

}  // namespace fusescape
