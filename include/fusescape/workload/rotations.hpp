// Where may values be rotated along a rank, and what absorbs the rotation? Derived from what commutes with
// each operator of a cascade.
//
// A rotation is an orthogonal matrix H along one rank: x' = x H. It is free where it can be moved into
// weights (a projection to the rank becomes W H, one from it H^T W) and everything between commutes with it.
// docs/model/rotations.md lists what commutes.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// One dimension of a tensor, or the slice of it that operators read, [offset, offset + extent).
struct RotatedValue {
  TensorId tensor{};
  std::size_t dimension = 0;
  std::int64_t offset = 0;
  Elements extent;
  friend bool operator==(const RotatedValue&, const RotatedValue&) = default;
};

/// A weight that takes the rotation up along one of its dimensions, in the slice that meets the value.
struct Absorption {
  TensorId weight{};
  std::size_t dimension = 0;
  std::int64_t offset = 0;
  Elements extent;
};

/// A gain along the rotated rank (a norm's): does not commute unless the weights after it take it up first.
struct FoldedGain {
  TensorId gain{};
  OpId op{};  ///< That multiplies by it.
};

enum class RotationForm : unsigned char {
  kAbsorbed,  ///< Weights on both sides (or who makes a block's input) take it up: it costs nothing.
  kOnline,   ///< What makes the value does not commute: a transform runs there, and weights after it undo it.
  kBlocked,  ///< Something that reads the values does not commute.
};

/// Values that are rotated together or not at all.
struct RotationSite {
  RotationForm form{};
  std::vector<RotatedValue> values;
  std::vector<Absorption> absorbed;
  std::vector<FoldedGain> folded;
  std::vector<OpId> makers;   ///< Operators that do not commute and make one of the values.
  std::vector<OpId> readers;  ///< Likewise, that read one.
};

/// All sites of a cascade, in the order of their first values' tensors; ranks of extent 1 have none.
[[nodiscard]] std::vector<RotationSite> rotation_sites(const Cascade& cascade);

/// `cascade` with the transform of an online site as a matmul by an orthogonal matrix "H_<tensor>" behind the
/// value's maker: runs on numbers, and counts n additions per value. Expects a site of one whole value.
[[nodiscard]] Cascade with_transform_matrix(const Cascade& cascade, const RotationSite& site);

/// Likewise as a chain of additions, each as long as the value: log2 + base - 1 of them for order base *
/// 2^log2, which is what a fast transform does. For costs only: which element an addition pairs with which,
/// a cascade cannot say.
[[nodiscard]] Cascade with_transform_stages(const Cascade& cascade, const RotationSite& site, int stages);

}  // namespace fusescape
