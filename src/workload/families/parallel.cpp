#include "fusescape/workload/families/parallel.hpp"

#include "../attention.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "attention_mixer.hpp"
#include "mamba2_mixer.hpp"

namespace fusescape {
namespace {

/// `mixer` with what it shares with the other one.
template <class Mixer>
Mixer completed(Mixer mixer, const ParallelMixers& shape) {
  mixer.d_model = shape.d_model;
  mixer.phase = shape.phase;
  mixer.batch = shape.batch;
  mixer.tokens = shape.tokens;
  return mixer;
}

GroupedAttention attention_of(const ParallelMixers& shape) {
  GroupedAttention attention = completed(shape.attention, shape);
  attention.cache_tokens = shape.cache_tokens;
  return attention;
}

}  // namespace

CheckedCascade parallel_block(const ParallelMixers& shape) {
  CascadeBuilder make{shape.name, shape.dtype};
  const RankId b = make.rank("B", Elements{shape.batch});
  const RankId l = make.rank("L", Elements{shape.tokens});
  const RankId e = make.rank("E", Elements{shape.d_model});
  const TensorId x = make.tensor("x", {b, l, e}, TensorKind::kInput);
  const TensorId gain = make.tensor("g", {e}, TensorKind::kWeight);
  const TensorId x_norm = rms_norm(make, {"norm", "x_norm", {{b, l}, {e}}, gain}, make.at(x));
  const TensorId attended = add_attention(
      make, attention_of(shape),
      {.batch = b, .tokens = l, .from = e, .to = e, .x_norm = x_norm, .suffix = "a", .adapter = {}});
  add_mamba2(make, completed(shape.mamba, shape),
             {.batch = b, .tokens = l, .width = e, .x = x, .x_norm = x_norm, .beside = attended});
  return make.finish();
}

Elements layer_params(const ParallelMixers& shape) {
  return layer_params(attention_of(shape)) + layer_params(completed(shape.mamba, shape)) -
         Elements{shape.d_model};
}

Workload parallel_workload(const ParallelMixers& shape) {
  return model_of_blocks(shape, {.family = "parallel",
                                 .layer_params = layer_params(shape),
                                 .assumptions = {pairs_assumption(attention_pairs(attention_of(shape))),
                                                 ssd_assumption(completed(shape.mamba, shape))},
                                 .block = parallel_block(shape)});
}

}  // namespace fusescape
