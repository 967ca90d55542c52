// How large is an OPT model, and what share of its attention does causality need?
#include "fusescape/workload/opt.hpp"

#include <fmt/format.h>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// 1 + 2 + ... + n.
Elements triangle(std::int64_t n) {
  const Elements count{n};
  return n % 2 == 0 ? Elements{n / 2} * (count + Elements{1}) : count * Elements{n / 2 + 1};
}

}  // namespace

AttentionPairs attention_pairs(const Opt& shape) {
  const Elements queries{shape.tokens};
  const Elements cached{shape.cache_tokens};
  return {.dense = queries * (cached + queries), .causal = queries * cached + triangle(shape.tokens)};
}

Ops opt_causal_ops(const Opt& shape) {
  const CheckedCascade block = opt_block(shape);
  FUSESCAPE_EXPECTS(block.problems.empty());
  const AttentionPairs pairs = attention_pairs(shape);
  // Of each pair: P in qk and in pv, and one in max, sub, exp, sum and div.
  const std::int64_t per_pair = 2 * (shape.d_model / shape.n_head) + 5;
  const Elements masked = (pairs.dense - pairs.causal) * shape.batch * shape.n_head;
  return total_ops(block.cascade) - Ops{per_pair} * masked;
}

Elements opt_params(const Opt& shape) {
  const Elements e{shape.d_model};
  const Elements f{shape.d_ff};
  const Elements attention = 4 * (e * e + e);
  const Elements mlp = 2 * (e * f) + f + e;
  const Elements norms = 4 * e;  // Two, a gain and a bias each.
  const Elements embeddings = e * shape.vocab + e * shape.positions;
  return embeddings + (attention + mlp + norms) * shape.n_layer + 2 * e;
}

Workload opt_workload(const Opt& shape) {
  CheckedCascade block = opt_block(shape);
  FUSESCAPE_EXPECTS(block.problems.empty());
  const AttentionPairs pairs = attention_pairs(shape);
  Workload workload{
      .name = shape.name,
      .family = "opt",
      .phase = shape.phase,
      .dtype = shape.dtype,
      .n_layer = shape.n_layer,
      .tokens = Elements{shape.batch} * shape.tokens,
      .params = opt_params(shape),
      .assumptions = {fmt::format("attention computes all {} query-key pairs of a head; {} are causal",
                                  pairs.dense.value(), pairs.causal.value())},
      .block = std::move(block.cascade)};
  if (shape.head) {
    CheckedCascade head = opt_head(shape);
    FUSESCAPE_EXPECTS(head.problems.empty());
    workload.lm_head = std::move(head.cascade);
  }
  return workload;
}

}  // namespace fusescape
