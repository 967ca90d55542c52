// When is one way to run a group of operators no better than another on any machine?
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "fusescape/search/candidate.hpp"

namespace fusescape {

inline bool no_worse(const Weights& a, const Weights& b) {
  return a.moved <= b.moved && a.held <= b.held && a.ends <= b.ends && a.array.compute <= b.array.compute &&
         a.array.onchip <= b.array.onchip && a.exposed <= b.exposed;
}

inline auto in_order(const Weights& weights) {
  return std::tie(weights.moved, weights.held, weights.ends, weights.array.compute, weights.array.onchip,
                  weights.exposed);
}

/// Of a profiled group.
inline Weights weights_of(const GroupProfile& group, const ArrayWork& work) {
  return {group.dram_read + group.dram_write, group.peak, group.lead.all + group.tail, work};
}

/// Of a profile that is kept: gives back what its lists have reserved beyond what they hold.
inline void fit(GroupProfile& group) {
  group.runs.shrink_to_fit();
  group.places.shrink_to_fit();
  group.classes.shrink_to_fit();
  group.work.operators.shrink_to_fit();
  group.work.accesses.shrink_to_fit();
  group.tensors.shrink_to_fit();
}

/// The least of each.
inline Weights least_of(const Weights& a, const Weights& b) {
  return {std::min(a.moved, b.moved),
          std::min(a.held, b.held),
          std::min(a.ends, b.ends),
          {std::min(a.array.compute, b.array.compute), std::min(a.array.onchip, b.array.onchip)},
          std::min(a.exposed, b.exposed)};
}

/// Weights of candidates that have been kept, without those that another outdoes.
class Frontier {
 public:
  void add(const Weights& weights) {
    if (kept_.size() % kBlock == 0) {
      blocks_.push_back(weights);
    } else {
      blocks_.back() = least_of(blocks_.back(), weights);
    }
    kept_.push_back(weights);
  }

  /// Whether one of them is no worse. The one that was last is asked first: neighbours are often outdone by
  /// the same.
  [[nodiscard]] bool outdoes(const Weights& least) {
    if (last_ < kept_.size() && no_worse(kept_[last_], least)) return true;
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      if (!no_worse(blocks_[block], least)) continue;
      const std::size_t end = std::min(kept_.size(), (block + 1) * kBlock);
      for (std::size_t i = block * kBlock; i < end; ++i) {
        if (!no_worse(kept_[i], least)) continue;
        last_ = i;
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t kBlock = 16;

  std::vector<Weights> kept_;
  std::vector<Weights> blocks_;  ///< Per kBlock of them, the least of each weight.
  std::size_t last_ = 0;
};

}  // namespace fusescape
