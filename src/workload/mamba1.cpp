#include "fusescape/support/contract.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

Elements mamba1_params(const Mamba1& shape) {
  const Elements e{shape.d_model};
  const Elements d{shape.d_inner};
  const Elements n{shape.d_state};
  const Elements r{shape.dt_rank};
  const Elements in_proj = 2 * (e * d);
  const Elements conv = d * shape.d_conv + d;
  const Elements x_proj = d * (r + 2 * n);
  const Elements dt_proj = r * d + d;
  const Elements state = d * n + d;  // A and the skip connection.
  const Elements out_proj = d * e;
  const Elements layer = in_proj + conv + x_proj + dt_proj + state + out_proj + e;
  const Elements embedding = e * shape.vocab * (shape.tied_embedding ? 1 : 2);
  return embedding + layer * shape.n_layer + e;
}

Workload mamba1_workload(const Mamba1& shape) {
  CheckedCascade block = mamba1_block(shape);
  FUSESCAPE_EXPECTS(block.problems.empty());
  std::vector<std::string> assumptions;
  if (shape.rewrite == Mamba1::Rewrite::kDeltaX) {
    assumptions.emplace_back("rewritten: Delta * x is formed first, so that dB never exists");
  }
  Workload workload{.name = shape.name,
                    .family = "mamba1",
                    .phase = shape.phase,
                    .dtype = shape.dtype,
                    .n_layer = shape.n_layer,
                    .tokens = Elements{shape.batch} * shape.tokens,
                    .params = mamba1_params(shape),
                    .assumptions = std::move(assumptions),
                    .block = std::move(block.cascade)};
  if (shape.head) {
    CheckedCascade head = mamba1_head(shape);
    FUSESCAPE_EXPECTS(head.problems.empty());
    workload.lm_head = std::move(head.cascade);
  }
  return workload;
}

}  // namespace fusescape
