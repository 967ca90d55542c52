// What energy does a plan take? Its bits and operations, counted from its profile, times the design's prices.
//
// Nothing here is on the evaluation path: counts are made once per plan, and only where energy is asked for.
// docs/model/energy.md has every term; arch/energy.hpp the prices and the reasons why one is null.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fusescape/arch/energy.hpp"
#include "fusescape/arch/machine.hpp"
#include "fusescape/cost/evaluate.hpp"
#include "fusescape/cost/profile.hpp"
#include "fusescape/support/op_kind.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

using Bits = Count<struct BitTag>;

/// Operations that a table prices, or prices as a combination of others.
struct OperationCounts {
  Ops macs{};             ///< Multiply-accumulates of contractions and scans.
  Ops multiplications{};  ///< A product of k operands is k - 1.
  Ops additions{};        ///< Subtractions and comparisons too.
  Ops sums{};             ///< Additions in the accumulator's type: those of reductions.
  Ops functions{};        ///< Evaluations of exp, a reciprocal, a root or a logarithm.

  OperationCounts& operator+=(const OperationCounts& other);
  friend bool operator==(const OperationCounts&, const OperationCounts&) = default;
};

/// What one operation of a kind is made of, and one more input adds. This table is a model; its sources are
/// in docs/model/energy.md.
struct Composition {
  OpKind kind{};
  std::int64_t macs = 0;
  std::int64_t multiplications = 0;
  std::int64_t additions = 0;
  std::int64_t sums = 0;
  std::int64_t functions = 0;
  std::int64_t multiplications_per_input = 0;  ///< For each input beyond the kind's fewest.
  std::int64_t additions_per_input = 0;
};
inline constexpr std::array kCompositions{
    Composition{.kind = OpKind::kMatmul, .macs = 1},  // A bias is where the sum starts.
    Composition{.kind = OpKind::kConv, .macs = 1},
    Composition{.kind = OpKind::kMul, .multiplications = 1, .multiplications_per_input = 1},
    Composition{.kind = OpKind::kAdd, .additions = 1, .additions_per_input = 1},
    Composition{.kind = OpKind::kSub, .additions = 1, .additions_per_input = 1},
    Composition{.kind = OpKind::kDiv, .multiplications = 1, .functions = 1},  // a * (1 / b)
    Composition{.kind = OpKind::kMax, .additions = 1},
    Composition{.kind = OpKind::kExp, .functions = 1},
    Composition{.kind = OpKind::kSoftplus,  // log(1 + exp(a)), and a bias
                .additions = 1,
                .functions = 2,
                .additions_per_input = 1},
    Composition{.kind = OpKind::kSilu, .multiplications = 1, .additions = 1, .functions = 2},
    Composition{.kind = OpKind::kSigmoid, .additions = 1, .functions = 2},  // 1 / (1 + exp(-a))
    Composition{.kind = OpKind::kRelu, .additions = 1},
    Composition{.kind = OpKind::kSquare, .multiplications = 1},
    Composition{.kind = OpKind::kSqrt, .functions = 1},
    Composition{.kind = OpKind::kRsqrt, .functions = 1},
    Composition{.kind = OpKind::kReciprocal, .functions = 1},
    Composition{.kind = OpKind::kReduceSum, .sums = 1},
    Composition{.kind = OpKind::kReduceMean, .sums = 1},
    Composition{.kind = OpKind::kReduceMax, .additions = 1},
    Composition{.kind = OpKind::kScan, .macs = 1},
    Composition{.kind = OpKind::kGather},  // Moves values.
};

/// `ops` operations of `kind` with `inputs` operands.
[[nodiscard]] OperationCounts operations_of(OpKind kind, std::int64_t inputs, Ops ops);

/// What a group of a plan moves and computes on any machine.
struct EnergyCounts {
  Bytes dram_read{};  ///< At the stored width, in whole bursts.
  Bytes dram_write{};
  Bytes onchip_fill{};    ///< What DRAM reads write into the on-chip memory, at the on-chip width.
  Bytes onchip_drain{};   ///< What DRAM writes read from the on-chip memory, at the on-chip width.
  Bits register_read{};   ///< Bits that chains find in registers,
  Bits register_write{};  ///< and put there for a later operator of the chain.
  std::array<OperationCounts, kDataTypes.size()> operations{};  ///< By the widest type that is operated on.

  EnergyCounts& operator+=(const EnergyCounts& other);
  friend bool operator==(const EnergyCounts&, const EnergyCounts&) = default;
};

/// One per group. The layout and the profile must be those of the plan, under the same options.
[[nodiscard]] std::vector<EnergyCounts> energy_counts(const Cascade& cascade, const Plan& plan,
                                                      const Layout& layout, const PlanProfile& profile,
                                                      const ProfileOptions& options);

/// What a machine adds to a group's counts.
struct Activity {
  Bytes onchip_read{};  ///< By PEs.
  Bytes onchip_write{};
  Seconds time{};
};
[[nodiscard]] std::vector<Activity> activities_of(std::span<const GroupCost> groups, const Machine& machine,
                                                  Hertz clock);

/// Every component, or why it is null. `total` is the sum of all of them in order; null with the first reason
/// if one of them is null.
struct EnergyBreakdown {
  std::array<Energy, kEnergyComponents.size()> components{};
  Energy total{};
  Energy compute_low{};   ///< Compute with each function as one multiply-accumulate;
  Energy compute_high{};  ///< with each as the table's upper bound.
  Bytes onchip_fill{};    ///< On-chip bytes that DRAM reads filled, as they were priced.
  Bytes onchip_drain{};   ///< On-chip bytes that DRAM writes drained, as they were priced.

  [[nodiscard]] const Energy& operator[](EnergyComponent component) const {
    return components[static_cast<std::size_t>(component)];
  }
};

[[nodiscard]] EnergyBreakdown energy_of(const EnergyCounts& counts, const Activity& activity,
                                        const EnergyPrices& prices);

/// Energy of a plan: each figure is the sum of its groups' figures, in their order. A group adds up over its
/// components; so does the plan, to within rounding.
struct PlanEnergy {
  EnergyBreakdown plan;
  std::vector<EnergyBreakdown> groups;
};
[[nodiscard]] PlanEnergy energy_of(std::span<const EnergyCounts> counts, std::span<const Activity> activities,
                                   const EnergyPrices& prices);

/// energy / time. Null for the energy's reason. Expects time > 0.
[[nodiscard]] expected<Watts, EnergyHole> average_power(const Energy& energy, Seconds time);

}  // namespace fusescape
