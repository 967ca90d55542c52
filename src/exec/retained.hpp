// What stays on chip between groups? The first elements that are made of each retained tensor.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "fusescape/plan/plan.hpp"
#include "memory.hpp"

namespace fusescape {

/// The reserved part of the scratchpad that one tensor has from its producer's group to its last reader's.
class Retained {
 public:
  Retained(const Cascade& cascade, const Plan& plan, const Layout& layout, const Retention& retention);

  [[nodiscard]] TensorId tensor() const { return tensor_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] bool whole() const { return bytes_ == all_; }
  [[nodiscard]] bool needed_by(std::size_t group) const { return first_ <= group && group <= last_; }
  [[nodiscard]] std::size_t first_group() const { return first_; }
  [[nodiscard]] std::size_t last_group() const { return last_; }

  /// Keeps a final element if there is room for it. False if there is none.
  bool keep(std::int64_t id, double value);
  void forget() { values_.clear(); }
  [[nodiscard]] std::optional<double> find(std::int64_t id) const;

  /// Of the `once` bytes that a whole pass over the tensor moves in DRAM, those that stay: the retained
  /// share, in whole granules (docs/model/retention.md).
  [[nodiscard]] Bytes share_of(Bytes once, Bytes granule) const;

 private:
  TensorId tensor_;
  Bytes bytes_;
  Bytes all_;
  std::size_t room_ = 0;  ///< Elements.
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::unordered_map<std::int64_t, double> values_;
};

/// The slices that outlive the cascade because reads of the next call reach back to them; empty if none do.
[[nodiscard]] Box outliving(const Cascade& cascade, TensorId tensor);

}  // namespace fusescape
