// Which cores, ports and links does a simulation have, and which operator runs where?
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

}  // namespace fusescape
