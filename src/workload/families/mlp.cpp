#include "fusescape/workload/families/mlp.hpp"

#include "../feed_forward.hpp"
#include "../model_of_blocks.hpp"
#include "../norms.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape {

CheckedCascade mlp_block(const Mlp& shape) {
  CascadeBuilder make{shape.name, shape.dtype};
  const RankId b = make.rank("B", Elements{shape.batch});
  const RankId l = make.rank("L", Elements{shape.tokens});
  const RankId e = make.rank("E", Elements{shape.d_model});
  const TensorId x = make.tensor("x", {b, l, e}, TensorKind::kInput);
  const TensorId gain = make.tensor("g", {e}, TensorKind::kWeight);
  const TensorId x_norm = rms_norm(make, {"norm", "x_norm", {{b, l}, {e}}, gain}, make.at(x));
  const FeedForward network{.activation = shape.activation,
                            .rows = {b, l},
                            .width = e,
                            .hidden = Elements{shape.d_ff},
                            .bias = shape.mlp_bias};
  const TensorId down = feed_forward(make, network, make.at(x_norm));
  const TensorId out = make.tensor("out", {b, l, e}, TensorKind::kOutput);
  make.make("residual", OpKind::kAdd, out, {make.at(down), make.at(x)});
  return make.finish();
}

Elements layer_params(const Mlp& shape) {
  const Elements e{shape.d_model};
  const Elements layer = e + feed_forward_params(shape.activation, e, Elements{shape.d_ff}, shape.mlp_bias);
  return layer;
}

Workload mlp_workload(const Mlp& shape) {
  return model_of_blocks(
      shape,
      {.family = "mlp", .layer_params = layer_params(shape), .assumptions = {}, .block = mlp_block(shape)});
}

}  // namespace fusescape
