// Where are numbers while a plan runs? In the scratchpad's memory, each element tagged with what it is, and
// in DRAM.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/exec/value.hpp"
#include "fusescape/support/units.hpp"
#include "sizing.hpp"

namespace fusescape {

/// A value on its way: `terms` of its sum are in it; none: there is no value.
struct Held {
  double value = 0.0;
  std::int64_t terms = 0;
};

/// The bytes of the on-chip memory: how many are taken, and how many there are.
class Scratchpad {
 public:
  explicit Scratchpad(std::optional<Bytes> capacity) : capacity_{capacity} {}

  /// False, and nothing taken, if they do not fit.
  [[nodiscard]] bool take(Bytes bytes);
  void give_back(Bytes bytes) { taken_ -= bytes; }

  [[nodiscard]] Bytes taken() const { return taken_; }
  [[nodiscard]] Bytes capacity() const { return capacity_.value_or(Bytes::overflowed()); }
  /// Most bytes taken since the last call.
  [[nodiscard]] Bytes peak_since();

 private:
  std::optional<Bytes> capacity_;
  Bytes taken_;
  Bytes peak_;
};

/// The numbers of one allocation. An element lies at its coordinates modulo the allocation's widths, so a
/// slab moves over the tensor by overwriting what it leaves behind. Whatever shares the memory is overwritten
/// alike: a cell says which element of which tensor it holds.
class Memory {
 public:
  void allocate(const Allotment& allocation);
  void free();
  [[nodiscard]] bool allocated() const { return value_.size() > 0; }

  /// The next slab goes to the next slot.
  void turn() { slot_ = (slot_ + 1) % slots_; }

  /// `id` is the element's own in all the cascade.
  void put(const Coordinates& at, std::int64_t id, Held held);
  [[nodiscard]] Held get(const Coordinates& at, std::int64_t id) const;

 private:
  [[nodiscard]] Eigen::Index cell(const Coordinates& at) const;

  std::vector<std::int64_t> widths_;
  std::int64_t slots_ = 1;
  std::int64_t slot_ = 0;
  std::int64_t cells_ = 0;  ///< Of one slot.
  Eigen::ArrayXd value_;
  Eigen::Array<std::int64_t, Eigen::Dynamic, 1> id_;
  Eigen::Array<std::int64_t, Eigen::Dynamic, 1> terms_;
};

/// Tensors in DRAM, element by element with what is known about each; also what of them is resident on chip,
/// whose bytes the scratchpad has taken and whose transfers nobody counts.
class DramTensors {
 public:
  DramTensors(const Cascade& cascade, const std::vector<TensorValues>& given);

  /// An element's number among all elements of the cascade, history included.
  [[nodiscard]] std::int64_t id(TensorId tensor, const Coordinates& at) const {
    return first_id_[index_of(tensor)] + values_[index_of(tensor)].position(at);
  }
  /// Terms that make an element of `tensor` final.
  [[nodiscard]] std::int64_t whole(TensorId tensor) const { return whole_[index_of(tensor)]; }

  [[nodiscard]] Held get(TensorId tensor, const Coordinates& at) const;
  void put(TensorId tensor, const Coordinates& at, Held held);

  /// Notes that an element was final once, wherever it was.
  void note_made(std::int64_t id) { made_[id] = true; }
  [[nodiscard]] bool was_made(std::int64_t id) const { return made_[id]; }

  [[nodiscard]] std::vector<TensorValues> take_values() && { return std::move(values_); }
  /// Per tensor and element: are all its terms there?
  [[nodiscard]] std::vector<Eigen::ArrayX<bool>> complete() const;

 private:
  std::vector<TensorValues> values_;
  std::vector<Eigen::Array<std::int64_t, Eigen::Dynamic, 1>> terms_;
  std::vector<std::int64_t> whole_;
  std::vector<std::int64_t> first_id_;
  Eigen::Array<bool, Eigen::Dynamic, 1> made_;
};

}  // namespace fusescape
