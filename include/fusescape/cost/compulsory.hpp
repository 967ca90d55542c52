// What must an operator move at the very least, if it runs alone? Each distinct input element once, each
// output element once.
#pragma once

#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

struct CompulsoryTraffic {
  Bytes read;     ///< Windows and shifted reads count what exists: earlier values only where they are loaded.
  Bytes written;  ///< The whole output.
};

/// A slice counts with its own extent, two equal reads of a tensor once, two different ones each. An operator
/// that reads its own earlier output gets it from the PEs, except what was loaded before the first element.
/// What is resident does not move.
[[nodiscard]] CompulsoryTraffic compulsory_traffic(const Cascade& cascade, OpId op);

/// Elements of `access`, an input of `op`, each once: of windows and shifted reads what exists.
[[nodiscard]] Elements elements_read(const Cascade& cascade, const Operator& op, const Access& access);

}  // namespace fusescape
