// Does a plan respect every dependence? One check per rule of docs/model/plan.md.
#pragma once

#include <vector>

#include "fusescape/plan/layout.hpp"
#include "placement.hpp"

namespace fusescape {

/// Faults of the tree itself. The other checks expect none.
[[nodiscard]] std::vector<Violation> tree_violations(const Cascade& cascade, const Plan& plan,
                                                     Coverage coverage);

[[nodiscard]] std::vector<Violation> dependence_violations(const Cascade& cascade, const Plan& plan,
                                                           const Placement& placed);

[[nodiscard]] std::vector<Violation> chain_violations(const Cascade& cascade, const Plan& plan,
                                                      const Placement& placed);

[[nodiscard]] std::vector<Violation> storage_violations(const Cascade& cascade, const Plan& plan,
                                                        const Placement& placed);

/// What only a layout shows of retained parts.
[[nodiscard]] std::vector<Violation> retention_violations(const Cascade& cascade, const Plan& plan,
                                                          const Layout& layout);

}  // namespace fusescape
