#include "memory_aware.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/plan/layout.hpp"
#include "fusescape/support/time.hpp"

namespace fusescape {
namespace {

std::int64_t next_divisor(std::int64_t of, std::int64_t least) {
  std::int64_t divisor = std::max<std::int64_t>(least, 1);
  while (divisor < of && of % divisor != 0) ++divisor;
  return std::min(divisor, of);
}

/// On-chip bytes of the state update alone, in `slices`.
Bytes footprint(const Planner& planner, const Machine& machine, Intermediates intermediates,
                std::int64_t slices) {
  const auto plan = fused_plan(
      planner, machine,
      {.groups = {state_update(planner.cascade())}, .intermediates = intermediates, .slices = slices});
  if (!plan) return Bytes::overflowed();
  const auto layout = lay_out(planner.cascade(), *plan);
  if (!layout) return Bytes::overflowed();
  const PlanProfile profiled = profile(planner.cascade(), *plan, *layout, planner.options());
  Bytes largest;
  for (const GroupProfile& group : profiled.groups) largest = std::max(largest, group.peak);
  return largest;
}

}  // namespace

FusedNames state_update(const Cascade& cascade) {
  const bool rewritten = !find_operator(cascade, "dB") && find_operator(cascade, "delta_x");
  if (rewritten) return {"dA", "exp", "dBx", "t", "h", "y"};
  return {"dA", "exp", "dB", "dBx", "t", "h", "y"};
}

std::int64_t published_slices(std::int64_t channels, std::int64_t entries, Bytes sram) {
  // (5 + 2/64) * 32 * 1.01 = 16261 / 100 bits for each of the D * N entries.
  const Int128 bits_times_100 = static_cast<Int128>(channels) * entries * 16261;
  const Int128 sram_times_100 = static_cast<Int128>(sram.value()) * 800;
  const Int128 slices = (bits_times_100 + sram_times_100 - 1) / sram_times_100;
  return next_divisor(channels, slices > channels ? channels : static_cast<std::int64_t>(slices));
}

expected<Plan, Refusal> memory_aware_plan(const Planner& planner, const Machine& machine, Slicing slicing,
                                          Intermediates intermediates) {
  const Cascade& cascade = planner.cascade();
  Fusion fusion{.groups = {state_update(cascade)}, .intermediates = intermediates};
  const auto state = state_ranks(cascade);
  if (!state) return fused_plan(planner, machine, fusion);  // Which says what is missing.
  const std::int64_t channels = cascade.extent(state->channels).value();
  if (slicing == Slicing::kPublishedRule) {
    fusion.slices = published_slices(channels, cascade.extent(state->entries).value(), machine.capacity);
    return fused_plan(planner, machine, fusion);
  }
  while (footprint(planner, machine, intermediates, fusion.slices) > machine.capacity &&
         fusion.slices < channels) {
    fusion.slices = next_divisor(channels, fusion.slices + 1);
  }
  return fused_plan(planner, machine, fusion);
}

}  // namespace fusescape
