// Do the Mamba-1 blocks have the sizes and operation counts that were published?
#include <algorithm>
#include <catch2/catch.hpp>

#include "fusescape/workload/around_blocks.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"
#include "fusescape/workload/recurrence.hpp"

namespace fusescape::mamba_test {
namespace {

Cascade block_of(const Mamba1& shape) {
  CheckedCascade checked = mamba1_block(shape);
  for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

// The fine-grained-fusion paper's "Mamba-2.8B" (Geens, Symons, Verhelst, PACT 2025, arXiv 2504.17333) has
// N = 64 where the released model has 16.
Mamba1 paper_shape(std::int64_t tokens) {
  return {.name = "mamba-2.8b-pact25",
          .n_layer = 64,
          .d_model = 2560,
          .d_inner = 5120,
          .d_state = 64,
          .dt_rank = 160,
          .tokens = tokens};
}

TEST_CASE("A block's operations are those counted in the fine-grained-fusion paper's artifact") {
  // Per token, E = 2560, D = 5120, N = 64, R = 160, X = R + 2N = 288:
  //   norm        square E, mean E, sqrt 1, reciprocal 1, mul E      3*2560 + 2  =      7,682
  //   in_proj     E * 2D                                                         = 26,214,400
  //   SiLU        sigmoid D, mul D                                               =     10,240
  //   x_proj      D * X                                                          =  1,474,560
  //   dt_proj     R * D                                                          =    819,200
  //   softplus or bias add  D                                                    =      5,120
  //   state       dA, exp, dB, dBx, t, h, y: 7 * D * N                           =  2,293,760
  //   D_x, add, gate sigmoid, gate silu, gate: 5 * D                             =     25,600
  //   out_proj    D * E                                                          = 13,107,200
  //   residual    E                                                              =      2,560
  // and the convolution, K = 4: 4 * D = 20,480 for each of its outputs, L of them causal, L + 3 padded.
  constexpr std::int64_t kPerToken = 43'960'322;
  constexpr std::int64_t kPerConvOutput = 20'480;
  static_assert(kPerToken + kPerConvOutput == 43'980'802);
  static_assert(kPerToken + 4 * kPerConvOutput == 44'042'242);
  static_assert(64 * (kPerToken + kPerConvOutput) == 2'814'771'328);
  static_assert(64 * kPerToken + 67 * kPerConvOutput == 2'814'832'768);

  const auto softplus = GENERATE(Mamba1::Softplus::kModelled, Mamba1::Softplus::kFree);
  const bool extras = GENERATE(true, false);  // The norm's gain and the bias do not change the counts.
  const auto ops = [&](std::int64_t tokens, Mamba1::Conv conv) {
    Mamba1 shape = paper_shape(tokens);
    shape.conv = conv;
    shape.softplus = softplus;
    shape.norm_gain = extras;
    shape.conv_bias = extras;
    return total_ops(block_of(shape)).value();
  };
  CHECK(ops(1, Mamba1::Conv::kCausal) == 43'980'802);
  CHECK(ops(1, Mamba1::Conv::kPadded) == 44'042'242);
  CHECK(ops(64, Mamba1::Conv::kCausal) == 2'814'771'328);
  CHECK(ops(64, Mamba1::Conv::kPadded) == 2'814'832'768);
  // Beyond 2^53, where doubles stop being exact.
  CHECK(ops(1'000'000'000, Mamba1::Conv::kCausal) == 43'980'802'000'000'000);
  CHECK(ops(1'000'000'000, Mamba1::Conv::kPadded) == 43'980'802'000'061'440);
}

TEST_CASE("The state update moves thirteen tensors of L * D * N elements, or eleven without dB") {
  // dA 1, exp 2, dB 1, dBx 2, t 3, h 3, y 1: what fully unfused execution moves (same paper, its Fig. 3
  // chain).
  // Formed as (Delta * u) * B, as the reference CUDA kernel does, dB is never moved: eleven.
  const auto [rewrite, moves] =
      GENERATE(std::pair{Mamba1::Rewrite::kNone, 13LL}, std::pair{Mamba1::Rewrite::kDeltaX, 11LL});
  Mamba1 shape = paper_shape(64);
  shape.rewrite = rewrite;
  const Cascade block = block_of(shape);
  const auto find = [&](const char* name) { return find_rank(block, name).value(); };
  const auto is_slab = [&](TensorId id) {
    const std::vector<RankId>& ranks = block.tensor(id).ranks;
    return has_rank(ranks, find("L")) && has_rank(ranks, find("D")) && has_rank(ranks, find("N"));
  };
  Elements moved;
  for (const char* name : {"dA", "exp", "dB", "dBx", "t", "h", "y"}) {
    const auto id = find_operator(block, name);
    if (!id) continue;
    const Operator& op = block.op(*id);
    if (is_slab(op.output)) moved += elements_of(block, op.output);
    for (const Access& access : op.inputs) {
      if (is_slab(access.tensor)) moved += elements_of(block, access.tensor);
    }
  }
  CHECK(moved == Elements{moves * 64 * 5120 * 64});
}

TEST_CASE("Parameter counts are those of the released checkpoints") {
  struct Model {
    const char* name;
    std::int64_t layers, d_model, d_inner, dt_rank, vocab;
    bool tied;
    std::int64_t params;
  };
  // Sizes of the checkpoints state-spaces/mamba-* (config.json; vocabulary padded to a multiple of 8) and
  // tiiuae/falcon-mamba-7b, which does not tie its head to its embedding.
  const auto model = GENERATE(Model{"mamba-130m", 24, 768, 1536, 48, 50280, true, 129'135'360},
                              Model{"mamba-370m", 48, 1024, 2048, 64, 50280, true, 371'516'416},
                              Model{"mamba-790m", 48, 1536, 3072, 96, 50280, true, 793'204'224},
                              Model{"mamba-1.4b", 48, 2048, 4096, 128, 50280, true, 1'372'178'432},
                              Model{"mamba-2.8b", 64, 2560, 5120, 160, 50280, true, 2'768'345'600},
                              Model{"falcon-mamba-7b", 64, 4096, 8192, 256, 65024, false, 7'272'665'088});
  CAPTURE(model.name);
  const Mamba1 shape{.name = model.name,
                     .n_layer = model.layers,
                     .d_model = model.d_model,
                     .d_inner = model.d_inner,
                     .dt_rank = model.dt_rank,
                     .vocab = model.vocab,
                     .tied_embedding = model.tied,
                     .norm_dt_b_c = !model.tied};
  CHECK(model_params(shape) == Elements{model.params});
  // The same number from the cascade's own weight tensors.
  const Elements embedding{model.vocab * model.d_model * (model.tied ? 1 : 2)};
  CHECK(embedding + weight_elements(block_of(shape)) * model.layers + Elements{model.d_model} ==
        Elements{model.params});
}

}  // namespace
}  // namespace fusescape::mamba_test
