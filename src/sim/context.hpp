// Which cores, ports and links does a simulation have, which operator runs where, and how do groups run
// there?
#pragma once

#include <vector>

#include "fusescape/support/expected.hpp"
#include "program.hpp"

namespace fusescape {

/// `core_of` is per operator a position in single_cores(); if empty, each operator runs on the first kind of
/// core that can, all cores of that kind together.
[[nodiscard]] expected<SimContext, SimFailure> make_context(const Cascade& cascade, const Plan& plan,
                                                            const Layout& layout,
                                                            const Accelerator& accelerator,
                                                            const Machine& machine,
                                                            const std::vector<std::uint32_t>& core_of);

/// Whether single core `core` runs every operator of `leaf`.
[[nodiscard]] bool can_run(const Cascade& cascade, const Plan& plan, NodeId leaf, const Core& core);

/// Runs the groups one after another; `ahead` says per group whether first loads of the next one come while
/// it runs.
[[nodiscard]] expected<SimResult, SimFailure> run_groups(const SimContext& context, const SimOptions& options,
                                                         std::vector<bool> ahead, SimObserver* observer);

}  // namespace fusescape
