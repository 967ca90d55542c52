#include "fusescape/workload/around_blocks.hpp"

#include <optional>

#include "fusescape/workload/cascade_builder.hpp"
#include "norms.hpp"

namespace fusescape {

Elements params_of(const AroundBlocks& around) {
  const Elements e{around.d_model};
  Elements sum = e * around.vocab * (around.tied_embedding ? 1 : 2) + e * around.positions;
  if (around.norm != FinalNorm::kRmsWithoutGain) sum += e;
  if (around.norm == FinalNorm::kLayer) sum += e;
  return sum;
}

CheckedCascade head_of(const AroundBlocks& around) {
  CascadeBuilder make{around.model + ".head", around.dtype};
  const RankId b = make.rank("B", Elements{around.batch});
  const RankId e = make.rank("E", Elements{around.d_model});
  const RankId v = make.rank("V", Elements{around.vocab});
  const TensorId x = make.tensor("x", {b, e}, TensorKind::kInput);
  const auto normed = [&] {
    if (around.norm == FinalNorm::kLayer) return layer_norm(make, "final_norm", x, {{b}, {e}});
    std::optional<TensorId> gain;
    if (around.norm == FinalNorm::kRms) gain = make.tensor("final_g", {e}, TensorKind::kWeight);
    return rms_norm(make, {"final_norm", "x_norm", {{b}, {e}}, gain}, make.at(x));
  }();
  // The head's weights are read here whether or not the embedding, read elsewhere, is the same matrix.
  const TensorId weights = make.tensor("W_head", {e, v}, TensorKind::kWeight);
  const TensorId logits = make.tensor("logits", {b, v}, TensorKind::kOutput);
  make.make("lm_head", OpKind::kMatmul, logits, {make.at(normed), make.at(weights)});
  return make.finish();
}

}  // namespace fusescape
