// How does a model file become a Workload?
#include <fmt/format.h>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/model_table.hpp"
#include "fusescape/config/workload_file.hpp"

namespace fusescape {
namespace {

Mamba1 shape_of(const ModelFile& file) {
  constexpr std::int64_t kRankDivisor = 16;  // dt_rank = ceil(d_model / 16): state-spaces/mamba, "auto".
  Mamba1 shape;
  shape.name = file.name;
  shape.n_layer = file.n_layer;
  shape.d_model = file.d_model;
  shape.d_inner = file.d_inner.value_or(file.expand * file.d_model);
  shape.d_state = file.d_state;
  shape.d_conv = file.d_conv;
  shape.dt_rank = file.dt_rank.value_or(ceil_div(file.d_model, kRankDivisor));
  shape.vocab = file.vocab;
  shape.tied_embedding = file.tied_embedding;
  shape.norm_dt_b_c = file.norm_dt_b_c;
  shape.phase = file.phase;
  shape.dtype = file.dtype;
  shape.batch = file.batch;
  shape.tokens = file.tokens.value_or(file.phase == Phase::kDecode ? 1 : kDefaultTokens);
  shape.conv = file.conv;
  shape.softplus = file.softplus;
  shape.norm_gain = file.norm_gain;
  shape.conv_bias = file.conv_bias;
  shape.initial_state = file.initial_state;
  shape.final_state = file.final_state;
  return shape;
}

}  // namespace

Loaded<Workload> bind_model(const InputFile& input, std::span<const Setting> settings) {
  ModelFile file;
  Binding binding{input, FileKind::kModel, settings, &file};
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  const Mamba1 shape = shape_of(file);
  if (shape.phase == Phase::kDecode && shape.tokens != 1) {
    const bool by_phase = !binding.at("L").set_by && binding.at("phase").set_by;
    binding.errors().at(binding.at(by_phase ? "phase" : "L"),
                        "L: decode makes one token at a time; expected 1");
  } else {
    // The family's cascade is sound by construction; only its extents can be too large.
    const std::vector<CascadeProblem> problems = mamba1_block(shape).problems;
    if (!problems.empty()) binding.errors().at(binding.blamed(), "too large: " + problems.front().message);
  }
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return mamba1_workload(shape);
}

}  // namespace fusescape
