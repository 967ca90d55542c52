// Does a block compute the same where a rotation is absorbed? Its numbers, with the rotation moved into its
// weights.
#pragma once

#include <Eigen/Core>

#include "fusescape/exec/reference.hpp"
#include "fusescape/workload/rotations.hpp"

namespace fusescape {

/// `given` with the rotation H = `rotation` of an absorbed or online site in it: gains folded, weights W H or
/// H^T W, inputs of the site rotated. Not rounded to their types yet. Expects an orthogonal matrix as large
/// as the site's values.
[[nodiscard]] NumericCase rotated_case(const Cascade& cascade, const RotationSite& site,
                                       const Eigen::MatrixXd& rotation, NumericCase given);

/// Replaces x along one stretch of a dimension by x H.
void rotate(TensorValues& values, std::size_t dimension, std::int64_t offset,
            const Eigen::MatrixXd& rotation);

}  // namespace fusescape
