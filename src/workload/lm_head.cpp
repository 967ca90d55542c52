#include "lm_head.hpp"

#include <optional>

#include "fusescape/workload/cascade_builder.hpp"
#include "norms.hpp"

namespace fusescape {

CheckedCascade cascade_of(const LmHead& head) {
  CascadeBuilder make{head.model + ".head", head.dtype};
  const RankId b = make.rank("B", Elements{head.batch});
  const RankId e = make.rank("E", Elements{head.d_model});
  const RankId v = make.rank("V", Elements{head.vocab});
  const TensorId x = make.tensor("x", {b, e}, TensorKind::kInput);
  const auto normed = [&] {
    if (head.norm == FinalNorm::kLayer) return layer_norm(make, "final_norm", x, {{b}, {e}});
    std::optional<TensorId> gain;
    if (head.norm == FinalNorm::kRms) gain = make.tensor("final_g", {e}, TensorKind::kWeight);
    return rms_norm(make, {"final_norm", "x_norm", {{b}, {e}}, gain}, make.at(x));
  }();
  // The head's weights are read here whether or not the embedding, read elsewhere, is the same matrix.
  const TensorId weights = make.tensor("W_head", {e, v}, TensorKind::kWeight);
  const TensorId logits = make.tensor("logits", {b, v}, TensorKind::kOutput);
  make.make("lm_head", OpKind::kMatmul, logits, {make.at(normed), make.at(weights)});
  return make.finish();
}

}  // namespace fusescape
