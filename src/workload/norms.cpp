#include "norms.hpp"

#include <utility>

namespace fusescape {

std::vector<RankId> NormShape::all() const {
  std::vector<RankId> ranks = rows;
  ranks.insert(ranks.end(), width.begin(), width.end());
  return ranks;
}

TensorId rms_norm(CascadeBuilder& make, const RmsNorm& norm, const Access& x) {
  const auto& [prefix, result, shape, gain] = norm;
  const TensorId square = make.make(prefix + "_square", OpKind::kSquare, {result + "_sq", shape.all()}, {x});
  const TensorId mean =
      make.make(prefix + "_mean", OpKind::kReduceMean, {result + "_ms", shape.rows}, {make.at(square)});
  const TensorId rms =
      make.make(prefix + "_sqrt", OpKind::kSqrt, {result + "_rms", shape.rows}, {make.at(mean)});
  const TensorId scale =
      make.make(prefix + "_reciprocal", OpKind::kReciprocal, {result + "_rrms", shape.rows}, {make.at(rms)});
  std::vector<Access> factors{x, make.at(scale)};
  if (gain) factors.push_back(make.at(*gain));
  return make.make(prefix + "_mul", OpKind::kMul, {result, shape.all()}, std::move(factors));
}

TensorId layer_norm(CascadeBuilder& make, const std::string& prefix, TensorId x, const NormShape& shape) {
  const std::vector<RankId> all = shape.all();
  const auto named = [&](const char* part) { return prefix + part; };
  const TensorId mean =
      make.make(named("_mean"), OpKind::kReduceMean, {named("_mu"), shape.rows}, {make.at(x)});
  const TensorId centred =
      make.make(named("_sub"), OpKind::kSub, {named("_x"), all}, {make.at(x), make.at(mean)});
  const TensorId square =
      make.make(named("_square"), OpKind::kSquare, {named("_sq"), all}, {make.at(centred)});
  const TensorId variance =
      make.make(named("_var"), OpKind::kReduceMean, {named("_sigma2"), shape.rows}, {make.at(square)});
  const TensorId scale =
      make.make(named("_rsqrt"), OpKind::kRsqrt, {named("_rsigma"), shape.rows}, {make.at(variance)});
  const TensorId gain = make.tensor(named("_g"), shape.width, TensorKind::kWeight);
  const TensorId scaled = make.make(named("_mul"), OpKind::kMul, {named("_scaled"), all},
                                    {make.at(centred), make.at(scale), make.at(gain)});
  const TensorId bias = make.tensor(named("_b"), shape.width, TensorKind::kWeight);
  return make.make(named("_add"), OpKind::kAdd, {named("_out"), all}, {make.at(scaled), make.at(bias)});
}

}  // namespace fusescape
