// When is one way to run a group of operators no better than another on any machine?
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "fusescape/search/nest_bounds.hpp"

namespace fusescape {

/// What a candidate is judged by before a machine is known: it can be no better than another on any, in any
/// of its figures, that is no worse in each of these (docs/adr/tiling-of-single-operators.md).
struct Weights {
  Bytes moved;
  Bytes held;
  Bytes ends;
  ArrayWork array;
};

inline bool no_worse(const Weights& a, const Weights& b) {
  return a.moved <= b.moved && a.held <= b.held && a.ends <= b.ends && a.array.compute <= b.array.compute &&
         a.array.onchip <= b.array.onchip;
}

inline auto in_order(const Weights& weights) {
  return std::tie(weights.moved, weights.held, weights.ends, weights.array.compute, weights.array.onchip);
}

/// Of a profiled group.
inline Weights weights_of(const GroupProfile& group, const ArrayWork& work) {
  return {group.dram_read + group.dram_write, group.peak, group.lead.all + group.tail, work};
}

/// Weights of candidates that have been kept, without those that another outdoes.
class Frontier {
 public:
  void add(const Weights& weights) { kept_.push_back(weights); }

  /// Whether one of them is no worse. The one that was last goes first: neighbours are often outdone by the
  /// same.
  [[nodiscard]] bool outdoes(const Weights& least) {
    const auto found = std::find_if(kept_.begin(), kept_.end(),
                                    [&](const Weights& known) { return no_worse(known, least); });
    if (found == kept_.end()) return false;
    std::iter_swap(kept_.begin(), found);
    return true;
  }

 private:
  std::vector<Weights> kept_;
};

}  // namespace fusescape
