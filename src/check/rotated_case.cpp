#include "fusescape/check/rotated_case.hpp"

#include <vector>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// Multiplies a weight by a gain along `dimension`.
void fold(TensorValues& weight, std::size_t dimension, std::int64_t offset, const TensorValues& gain) {
  const ValueAxis& axis = weight.axes[dimension];
  for_each_own(weight, [&](std::int64_t position) {
    const std::int64_t at = position / axis.stride % axis.size() - axis.before - offset;
    if (at >= 0 && at < gain.axes.front().extent)
      weight.data[position] *= gain.data[at + gain.axes[0].before];
  });
}

/// The dimension of `op`'s weight that the gain's rank meets.
void fold_into_readers(const Cascade& cascade, const FoldedGain& folded, NumericCase& numbers) {
  const TensorId made = cascade.op(folded.op).output;
  const RankId rank = cascade.tensor(folded.gain).ranks.front();
  for (const Use& use : cascade.uses[index_of(made)]) {
    const Access& weight = cascade.op(use.op).inputs[use.input == 0 ? 1 : 0];
    for (std::size_t d = 0; d < weight.indices.size(); ++d) {
      if (weight.indices[d].rank != rank) continue;
      fold(numbers.tensors[index_of(weight.tensor)], d, weight.indices[d].offset,
           numbers.tensors[index_of(folded.gain)]);
    }
  }
  numbers.tensors[index_of(folded.gain)].data.setOnes();
}

}  // namespace

void rotate(TensorValues& values, std::size_t dimension, std::int64_t offset,
            const Eigen::MatrixXd& rotation) {
  const ValueAxis& axis = values.axes[dimension];
  const std::int64_t order = rotation.rows();
  FUSESCAPE_EXPECTS(offset + order <= axis.extent);
  Eigen::RowVectorXd line(order);
  for_each_own(values, [&](std::int64_t first) {
    if (first / axis.stride % axis.size() - axis.before != offset) return;
    for (std::int64_t i = 0; i < order; ++i) line[i] = values.data[first + i * axis.stride];
    line = line * rotation;
    for (std::int64_t i = 0; i < order; ++i) values.data[first + i * axis.stride] = line[i];
  });
}

NumericCase rotated_case(const Cascade& cascade, const RotationSite& site, const Eigen::MatrixXd& rotation,
                         NumericCase given) {
  for (const FoldedGain& folded : site.folded) fold_into_readers(cascade, folded, given);
  // x' = x H: a projection to the rank, W H; one from it, x W = (x H) (H^T W). Both multiply a line of W
  // along the dimension by H, seen as a row vector.
  for (const Absorption& weight : site.absorbed) {
    rotate(given.tensors[index_of(weight.weight)], weight.dimension, weight.offset, rotation);
  }
  for (const RotatedValue& value : site.values) {
    if (cascade.tensor(value.tensor).kind != TensorKind::kInput) continue;
    rotate(given.tensors[index_of(value.tensor)], value.dimension, value.offset, rotation);
  }
  return given;
}

}  // namespace fusescape
