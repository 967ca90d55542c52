// What does "h[B, L-1, D, N]" read, and which pairs are "M <= L"? The text forms of accesses and masks.
#pragma once

#include <string>
#include <string_view>

#include "fusescape/config/scalars.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Parses an access to a tensor of `cascade` (its ranks and tensors are enough). The reason for a failure is
/// made to follow "inputs[0]: ".
[[nodiscard]] Parsed<Access> parse_access(std::string_view text, const Cascade& cascade);

/// Parses "M <= L", of which both are ranks of `cascade`. The reason for a failure follows "where: ".
[[nodiscard]] Parsed<CausalPairs> parse_pairs(std::string_view text, const Cascade& cascade);

}  // namespace fusescape
