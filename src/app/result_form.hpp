// Which result of ours is a JSON text, and does it hold what a report reads of it?
#pragma once

#include <cstdint>
#include <optional>

#include "fusescape/config/yaml_document.hpp"
#include "fusescape/support/diagnostics.hpp"

namespace fusescape {

enum class ResultKind : unsigned char {
  kSweep,       ///< summary.json
  kEvaluation,  ///< evaluate
  kSimulation,  ///< simulate
  kComparison,  ///< compare: a list
  kRoofline,    ///< roofline
  kCorey,       ///< corey reproduce
  kEntropy,     ///< corey entropy: a list
  kLayers,      ///< simulate or roofline of a stack: a list of such results, each with its `kind` of layers
};

/// The kind of the result, or nothing and an error in `diags` if it is none of ours. Every key that is
/// missing or holds something else is an error there, too.
[[nodiscard]] std::optional<ResultKind> checked_kind(const YamlNode& root, Diagnostics& diags);

}  // namespace fusescape
