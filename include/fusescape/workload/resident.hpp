// Where do states and caches live between two calls: in DRAM, or on chip?
//
// docs/model/resident.md has the rules.
#pragma once

#include <cstdint>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

enum class StatePlace : unsigned char { kDram, kResident };

/// Makes the states and caches of a family's block resident: what it loaded or stored stays on chip.
void keep_resident(Cascade& block);

/// Elements of a call's end that reads of the next call reach back to, whatever becomes of them; of a call
/// that is shorter than their reach, those that it made. 0: none do.
[[nodiscard]] Elements outliving_elements(const Cascade& cascade, TensorId tensor);

/// Whether every element of `tensor` that the cascade reads or makes, initial values aside, is in the
/// resident memory: a cache, what joins one, and a state that one step makes anew and only its update reads
/// earlier.
[[nodiscard]] bool is_resident(const Cascade& cascade, TensorId tensor);

/// On-chip bytes of one block's resident states and caches: all that reads reach back to of a state, whole
/// caches and what joins them.
[[nodiscard]] Bytes resident_bytes(const Cascade& block);

}  // namespace fusescape
