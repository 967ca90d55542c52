// How does a model file become a Workload?
#include <fmt/format.h>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/model_table.hpp"
#include "fusescape/config/workload_file.hpp"
#include "fusescape/workload/opt.hpp"

namespace fusescape {
namespace {

std::int64_t tokens_of(const ModelFile& file) {
  return file.tokens.value_or(file.phase == Phase::kDecode ? 1 : kDefaultTokens);
}

Mamba1 mamba1_shape(const ModelFile& file) {
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
  shape.head = file.head;
  shape.norm_dt_b_c = file.norm_dt_b_c;
  shape.phase = file.phase;
  shape.dtype = file.dtype;
  shape.batch = file.batch;
  shape.tokens = tokens_of(file);
  shape.conv = file.conv;
  shape.softplus = file.softplus;
  shape.norm_gain = file.norm_gain;
  shape.conv_bias = file.conv_bias;
  shape.rewrite = file.rewrite;
  shape.initial_state = file.initial_state;
  shape.final_state = file.final_state;
  return shape;
}

Opt opt_shape(const ModelFile& file) {
  Opt shape;
  shape.name = file.name;
  shape.n_layer = file.n_layer;
  shape.d_model = file.d_model;
  shape.d_ff = file.d_ff;
  shape.n_head = file.n_head;
  shape.vocab = file.vocab;
  shape.head = file.head;
  shape.positions = file.positions;
  shape.phase = file.phase;
  shape.dtype = file.dtype;
  shape.batch = file.batch;
  shape.tokens = tokens_of(file);
  // A decode step without a word on its past follows a prefill without one.
  shape.cache_tokens = file.cache_tokens.value_or(file.phase == Phase::kDecode ? kDefaultTokens : 0);
  return shape;
}

/// What no single key shows to be wrong.
void check_shape(const ModelFile& file, Binding& binding) {
  if (file.phase == Phase::kDecode && tokens_of(file) != 1) {
    const bool by_phase = !binding.at("L").set_by && binding.at("phase").set_by;
    binding.errors().at(binding.at(by_phase ? "phase" : "L"),
                        "L: decode makes one token at a time; expected 1");
  }
  if (file.d_model % file.n_head != 0) {
    const bool by_width = !binding.at("n_head").set_by && binding.at("d_model").set_by;
    binding.errors().at(binding.at(by_width ? "d_model" : "n_head"),
                        fmt::format("n_head: {} heads do not divide d_model, {}", file.n_head, file.d_model));
  }
}

CheckedCascade block_of(const ModelFile& file) {
  switch (file.family) {
    case Family::kMamba1:
      return mamba1_block(mamba1_shape(file));
    case Family::kOpt:
      break;
  }
  return opt_block(opt_shape(file));
}

CheckedCascade head_of(const ModelFile& file) {
  switch (file.family) {
    case Family::kMamba1:
      return mamba1_head(mamba1_shape(file));
    case Family::kOpt:
      break;
  }
  return opt_head(opt_shape(file));
}

Workload workload_of(const ModelFile& file) {
  switch (file.family) {
    case Family::kMamba1:
      return mamba1_workload(mamba1_shape(file));
    case Family::kOpt:
      break;
  }
  return opt_workload(opt_shape(file));
}

}  // namespace

Loaded<Workload> bind_model(const InputFile& input, std::span<const Setting> settings) {
  ModelFile file;
  Binding binding{input, FileKind::kModel, settings, &file};
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  check_shape(file, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  // A family's cascade is sound by construction; only its extents can be too large.
  std::vector<CascadeProblem> problems = block_of(file).problems;
  if (problems.empty() && file.head) problems = head_of(file).problems;
  if (!problems.empty()) binding.errors().at(binding.blamed(), "too large: " + problems.front().message);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return workload_of(file);
}

}  // namespace fusescape
