#include "group_way.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "fusescape/support/contract.hpp"
#include "prefetch.hpp"

namespace fusescape {

std::optional<Trial> trial_of(const SimContext& context, const SimState& state, const GroupProgram& program) {
  SimState trial = state;
  trial.observer = nullptr;
  trial.ports.assign(state.ports.size(), DramPort{context.machine.dram_ticks_per_byte});  // Idle, untraced.
  Clock clock{context, program, trial, true};
  if (!clock.run()) return std::nullopt;
  return Trial{trial.now, clock.least_lacked()};
}

namespace {

/// On one core, loads that come as early as memory allows may be in the way of more urgent ones. Nobody has
/// to use memory that the plan can do without: the group takes the shortest way of those that fit, the first
/// of equals, so that more never hurts (docs/adr/places.md).
void choose_memory(const SimContext& context, std::int64_t depth, const SimState& state,
                   GroupProgram& program) {
  const Bytes capacity = context.machine.capacity;
  const Bytes room = capacity - program.reserved;
  std::optional<GroupProgram> deep;
  if (depth > 1) deep = with_prefetch_depth(program, depth, capacity);
  const bool deeper = deep && deep->all_at_once > program.all_at_once;
  program = with_prefetch_depth(std::move(program), std::min<std::int64_t>(depth, 1), capacity);
  std::vector<Bytes> rooms = place_thresholds(program);
  std::erase_if(rooms, [&](Bytes bytes) { return bytes > room; });
  const auto trial = [&](const GroupProgram& way) {
    const std::optional<Trial> found = trial_of(context, state, way);
    FUSESCAPE_EXPECTS(found.has_value());  // Nothing waits in a circle in one sequence.
    return *found;
  };
  std::optional<Ticks> least;
  Bytes best = rooms.front();
  std::int64_t least_lacked = 0;
  for (const Bytes bytes : rooms) {
    if (rooms.size() == 1 && !deeper) break;
    if (bytes.value() < least_lacked) continue;  // As with less.
    program.room = bytes;
    const Trial now = trial(program);
    if (!least || now.end < *least) best = bytes;
    least = std::min(least.value_or(now.end), now.end);
    least_lacked = now.least_lacked;
  }
  program.room = best;
  if (!deeper) return;
  deep->room = deep->all_at_once;
  if (trial(*deep).end < *least) program = std::move(*deep);
}

/// In the memory that there is: each core has its own sequence, or another group's loads come meanwhile.
void take_memory(const SimContext& context, std::int64_t depth, GroupProgram& program) {
  const Bytes capacity = context.machine.capacity;
  program = with_prefetch_depth(std::move(program), depth, capacity);
  program.room = capacity - program.reserved;
  if (program.steps.size() == 1) program.room = program.needed() - program.reserved;
}

bool may_take_turns(const SimContext& context, const SimOptions& options) {
  const Links& links = context.accelerator.links;
  const bool links_are_free = links.bandwidth.unlimited() && links.latency == Cycles{};
  const bool kinds = options.allocation == CoreAllocation::kGiven && options.core_of.empty();
  return context.core_count > 1 && kinds && links_are_free;
}

}  // namespace

void choose_way(const SimContext& context, const SimOptions& options, const SimState& state, Beside beside,
                GroupProgram& program) {
  const std::int64_t depth = options.prefetch_depth;
  const bool one_sequence = program.steps.size() == 1;
  if (beside == Beside::kAnother) return take_memory(context, depth, program);
  if (one_sequence) return choose_memory(context, depth, state, program);
  take_memory(context, depth, program);
  if (!may_take_turns(context, options)) return;
  GroupProgram in_turn = compile(context, program.group, Tiling::kWhole);
  in_turn.reserved = program.reserved;
  choose_memory(context, depth, state, in_turn);
  const auto apart = options.side_by_side ? trial_of(context, state, program) : std::nullopt;
  if (!apart || trial_of(context, state, in_turn)->end < apart->end) program = std::move(in_turn);
}

}  // namespace fusescape
