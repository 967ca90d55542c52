// While which groups does a retained tensor take memory, and when can a part of one be kept?
//
// docs/model/retention.md has the rules.
#pragma once

#include <cstddef>

#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Positions of groups below the plan's root, both included.
struct GroupSpan {
  std::size_t first = 0;
  std::size_t last = 0;
  [[nodiscard]] bool includes(std::size_t group) const { return first <= group && group <= last; }
};

/// From the group that makes `tensor` to the last one that reads it, of those in `layout`. Expects it to be
/// made there.
[[nodiscard]] GroupSpan retained_span(const Cascade& cascade, const Layout& layout, TensorId tensor);

/// Bytes of all retained tensors, and of what is resident throughout, while `group` runs.
[[nodiscard]] Bytes reserved_bytes(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                   std::size_t group);

/// Whether every reader of `tensor` reads all of it in place: then the first bytes of a pass are its first
/// bytes.
[[nodiscard]] bool is_read_whole(const Cascade& cascade, TensorId tensor);

/// Whether each group of `layout` that loads `tensor` loads all its slabs equally often: then what it moves
/// are whole passes.
[[nodiscard]] bool is_loaded_evenly(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                    TensorId tensor);

}  // namespace fusescape
