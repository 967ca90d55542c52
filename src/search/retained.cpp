#include "retained.hpp"

#include <algorithm>
#include <functional>

#include "fused_groups.hpp"
#include "fusescape/plan/layout.hpp"
#include "retention.hpp"

namespace fusescape {
namespace {

std::vector<OpId> all_operators(const Planner& planner) {
  std::vector<OpId> all;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    all.push_back(OpId{static_cast<std::uint16_t>(i)});
  }
  return all;
}

/// Memories, largest first, at which some operator's tiling may change: what its candidates need.
std::vector<Bytes> tile_rooms(const Planner& planner, Bytes capacity) {
  std::vector<Bytes> rooms;
  for (const OpId op : all_operators(planner)) {
    for (const Candidate& candidate : planner.candidates(op)) {
      const Bytes peak = candidate.profile.groups.front().peak;
      if (peak <= capacity) rooms.push_back(peak);
    }
  }
  std::sort(rooms.begin(), rooms.end(), std::greater<>());
  rooms.erase(std::unique(rooms.begin(), rooms.end()), rooms.end());
  return rooms;
}

bool all_busy(const Planner& planner, const Machine& machine) {
  const std::vector<OpId> all = all_operators(planner);
  return std::all_of(all.begin(), all.end(), [&](OpId op) { return planner.best(op, machine).busy; });
}

Bytes traffic_of(const Planner& planner, const Plan& plan) {
  const auto layout = lay_out(planner.cascade(), plan);
  if (!layout) return Bytes::overflowed();
  Bytes moved;
  for (const GroupProfile& group : profile(planner.cascade(), plan, *layout, planner.options()).groups) {
    moved += group.dram_read + group.dram_write;
  }
  return moved;
}

}  // namespace

expected<Plan, Refusal> retained_plan(const Planner& planner, const Machine& machine) {
  expected<Plan, Refusal> best = fused_plan(planner, machine, {});
  if (!best) return best;
  std::vector<Node> tried = best->nodes;
  retain_best(*best, planner, machine);
  Bytes least = traffic_of(planner, *best);
  Machine smaller = machine;
  for (const Bytes room : tile_rooms(planner, machine.capacity)) {
    smaller.capacity = room;
    if (!all_busy(planner, smaller)) break;
    expected<Plan, Refusal> plan = fused_plan(planner, smaller, {});
    if (!plan || plan->nodes == tried) continue;
    tried = plan->nodes;
    retain_best(*plan, planner, machine);
    const Bytes moved = traffic_of(planner, *plan);
    if (moved >= least) continue;
    least = moved;
    best = std::move(plan);
  }
  return best;
}

}  // namespace fusescape
