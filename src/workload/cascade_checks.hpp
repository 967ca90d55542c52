// What can be wrong with a cascade whose derived fields are filled? Each check appends what it finds.
#pragma once

#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

using CascadeProblems = std::vector<CascadeProblem>;

/// Names are unique among ranks, among tensors and among operators; all counts fit; no tensor repeats a rank.
void check_names_and_sizes(const Cascade& cascade, CascadeProblems& problems);

/// Weights and inputs have no producer, all other tensors exactly one; states are read shifted.
void check_producers(const Cascade& cascade, CascadeProblems& problems);

/// Every index stays inside its tensor, padding of windows included.
void check_accesses(const Cascade& cascade, CascadeProblems& problems);

/// Every operator has the inputs and reduction ranks that its kind asks for, and keeps pairs of its own
/// ranks.
void check_kinds(const Cascade& cascade, CascadeProblems& problems);

/// Every cycle contains a shifted read, and all shifts of a recurrence are along one rank of all its results.
void check_cycles(const Cascade& cascade, CascadeProblems& problems);

}  // namespace fusescape
