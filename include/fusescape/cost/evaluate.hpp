// What does a plan cost on a machine? Closed-form latency and traffic; no allocation, no strings.
//
// docs/model/latency.md derives the formulas and lists their sources of optimism and pessimism.
#pragma once

#include <cstdint>
#include <span>

#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// The resource without which a run would be shorter; ties go to the first.
enum class Bound : unsigned char { kCompute, kDram, kOnChip, kLink };

struct GroupCost {
  Ticks latency;
  Ticks compute;  ///< Time the PEs are busy.
  Ticks dram;     ///< Time the DRAM port is busy (the busier one, if they are separate).
  Ticks onchip;   ///< Time the on-chip memory's ports are busy.
  Bytes dram_read;
  Bytes dram_write;
  Bytes peak;  ///< With what is retained across it (GroupProfile::reserved).
  Bytes onchip_read;
  Bytes onchip_write;
  Ops ops;
  Cycles compute_cycles;  ///< `compute` in cycles: it is always whole.
  Cycles pe_cycles;       ///< Operations weighted with the cycles each takes.
  Bound bound{};
};

/// The sum over groups, which run one after another. `peak` is the largest.
struct Cost {
  Cycles latency;   ///< Rounded up once, here.
  Cycles compute;   ///< Rounded up, too.
  GroupCost total;  ///< Exact sums; `bound` is that of the resource with the longest total time.
};

/// Why there is no cost.
struct Infeasible {
  enum class Reason : unsigned char { kCapacity, kUnsupported, kOverflow } reason{};
  std::uint32_t group = 0;
  Bytes needed;
  Bytes available;
};

/// One group on its own: what a search over groups asks for, any number of times. `Infeasible::group` is 0.
/// Pure, as all that follow.
[[nodiscard]] expected<GroupCost, Infeasible> evaluate_group(const GroupProfile& group,
                                                             const Machine& machine);

/// Of groups that run one after another, in this order. Refused only if a sum does not fit 64 bits; whether
/// each group fits the capacity, its evaluation has said.
[[nodiscard]] expected<Cost, Infeasible> total_cost(std::span<const GroupCost> groups,
                                                    const Machine& machine);

/// Equal to total_cost of what evaluate_group says of each group. Equal arguments give equal results on any
/// thread. Fills `groups` (of profile.groups.size() entries,
/// or empty) with the parts of the sum.
[[nodiscard]] expected<Cost, Infeasible> evaluate(const PlanProfile& profile, const Machine& machine,
                                                  std::span<GroupCost> groups = {});

}  // namespace fusescape
