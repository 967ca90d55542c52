// How do area and energy of logic change from one process node to another? Ratios of one scale per node.
//
// Stillmaker and Baas, Integration 2017, doi 10.1016/j.vlsi.2017.02.002. 28 nm is no node of theirs: all the
// factors that we have go to or from it, and it is interpolated in the source. SRAM does not follow logic:
// do not scale its area with these.
#pragma once

#include <cstdint>
#include <optional>

#include "fusescape/arch/technology.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// Multiply a number of the first node by these to get that of the second.
struct NodeFactor {
  double area = 1.0;
  double energy = 1.0;
  Label label = Label::kPublished;  ///< kModelled: composed or inverted from published factors.
  bool interpolated = false;        ///< It rests on the interpolated 28 nm.
};

/// Null where a node is not one of 45, 40, 28, 16 and 7 nm. Since both factors are ratios of one scale,
/// factor(a, b) x factor(b, c) = factor(a, c) and factor(a, b) x factor(b, a) = 1, up to rounding.
[[nodiscard]] std::optional<NodeFactor> node_factor(std::int64_t from_nm, std::int64_t to_nm);

/// Area of one MiB of bare 6T cells, a lower bound on any SRAM: 0.127 um2 a cell at 28 nm, 0.074 at 16, 0.027
/// at 7, 0.021 at 5. Null for other nodes.
[[nodiscard]] std::optional<SquareMm> bitcell_area_per_mib(std::int64_t node_nm);

}  // namespace fusescape
