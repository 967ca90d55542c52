#include "retained.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

#include "fused_groups.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/plan/layout.hpp"
#include "resident_states.hpp"
#include "retention.hpp"

namespace fusescape {
namespace {

/// Two memories that are tried differ by a 32nd at least.
constexpr std::int64_t kRoomParts = 32;

/// Memories, largest first, at which some operator's tiling may change: what its candidates need.
std::vector<Bytes> tile_rooms(const Planner& planner, Bytes capacity) {
  std::vector<Bytes> rooms;
  for (std::size_t i = 0; i < planner.cascade().operators.size(); ++i) {
    for (const Candidate& candidate : planner.candidates(OpId{static_cast<std::uint16_t>(i)})) {
      const Bytes peak = candidate.weights.held;
      if (peak <= capacity) rooms.push_back(peak);
    }
  }
  std::sort(rooms.begin(), rooms.end(), std::greater<>());
  std::vector<Bytes> apart;
  for (const Bytes room : rooms) {
    if (apart.empty() || room.value() <= apart.back().value() - apart.back().value() / kRoomParts) {
      apart.push_back(room);
    }
  }
  return apart;
}

struct Price {
  Bytes moved;
  Ticks latency;
};

/// None if it is illegal or does not fit.
std::optional<Price> price_of(const Planner& planner, const Plan& plan, const Machine& machine) {
  const auto layout = lay_out(planner.cascade(), plan);
  if (!layout) return std::nullopt;
  const auto cost = evaluate(profile_beside_states(planner, plan, *layout), machine);
  if (!cost) return std::nullopt;
  return Price{cost->total.dram_read + cost->total.dram_write, cost->total.latency};
}

/// Time of all operators alone if memory did not bound their tiles.
std::optional<Ticks> time_with_ample_memory(const Planner& planner, Machine machine) {
  machine.capacity = Bytes{std::numeric_limits<std::int64_t>::max()};
  const auto plan = fused_plan(planner, machine, {});
  const auto price = plan ? price_of(planner, *plan, machine) : std::nullopt;
  return price ? std::optional{price->latency} : std::nullopt;
}

}  // namespace

expected<Plan, Refusal> retained_plan(const Planner& planner, const Machine& machine) {
  expected<Plan, Refusal> best = fused_plan(planner, machine, {});
  if (!best) return best;
  Plan tried = *best;
  std::optional<Price> apart;  // Of `tried`, nothing retained, once it is known.
  retain_best(*best, planner, machine);
  auto least = price_of(planner, *best, machine);
  const auto ample = time_with_ample_memory(planner, machine);
  if (!least || !ample) return best;
  Machine smaller = machine;
  for (const Bytes room : tile_rooms(planner, machine.capacity)) {
    smaller.capacity = room;
    expected<Plan, Refusal> plan = fused_plan(planner, smaller, {});
    if (!plan) break;
    const bool has_new_loops = plan->nodes != tried.nodes;
    if (!apart || has_new_loops || plan->storages != tried.storages) {
      tried = *plan;
      apart = price_of(planner, *plan, smaller);
    }
    if (!apart || !about(apart->latency, *ample)) break;
    if (!has_new_loops) continue;
    retain_best(*plan, planner, machine);
    const auto price = price_of(planner, *plan, machine);
    if (!price || price->moved >= least->moved) continue;
    least = price;
    best = std::move(plan);
  }
  return best;
}

}  // namespace fusescape
