// Which figures must a design keep to, to be the best?
#pragma once

#include <span>
#include <string>

#include "fusescape/cost/metrics.hpp"
#include "fusescape/support/diagnostics.hpp"
#include "fusescape/support/ratio.hpp"

namespace fusescape {

/// `power_w <= 10`.
struct Constraint {
  enum class Relation : unsigned char { kLess, kAtMost, kMore, kAtLeast };
  std::string metric;  ///< A name of metrics().
  Relation relation{};
  Ratio limit{};       ///< In the metric's unit; compared with the number that is printed.
  std::string text{};  ///< As it was written.
  SourcePos pos{};
};

/// Whether every figure that a constraint names is known and keeps to it. Expects names of metrics().
[[nodiscard]] bool meet(std::span<const Constraint> constraints, const Evaluated& evaluated);

}  // namespace fusescape
