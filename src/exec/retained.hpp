// What stays on chip between groups? The first elements that are made of each retained tensor.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "fusescape/plan/plan.hpp"
#include "fusescape/plan/retention.hpp"
#include "memory.hpp"

namespace fusescape {

/// The reserved part of the scratchpad that one tensor has from its producer's group to its last reader's.
class Retained {
 public:
  Retained(const Cascade& cascade, const Plan& plan, const Layout& layout, const Retention& retention,
           Bytes granule);

  [[nodiscard]] TensorId tensor() const { return tensor_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] bool whole() const { return bytes_ == all_; }
  [[nodiscard]] const GroupSpan& span() const { return span_; }

  /// Keeps a final element if there is room for it. False if there is none.
  bool keep(std::int64_t id, double value);
  void forget() { values_.clear(); }
  [[nodiscard]] std::optional<double> find(std::int64_t id) const;

  /// Whether what does not travel can be counted element by element: of all of it, and of a part if its
  /// elements are as many whole bytes in DRAM as on chip.
  [[nodiscard]] bool counts_elements() const { return counts_elements_; }
  /// Else: of the `once` bytes that a whole pass over the tensor moves in DRAM, those that stay, by the rule
  /// of docs/model/retention.md: the retained share, in whole granules.
  [[nodiscard]] Bytes share_of(Bytes once) const;

 private:
  TensorId tensor_;
  Bytes bytes_;
  Bytes all_;
  Bytes granule_;
  bool counts_elements_ = false;
  std::size_t room_ = 0;  ///< Elements.
  GroupSpan span_;
  std::unordered_map<std::int64_t, double> values_;
};

/// The slices that outlive the cascade because reads of the next call reach back to them; empty if none do.
[[nodiscard]] Box outliving(const Cascade& cascade, TensorId tensor);

}  // namespace fusescape
