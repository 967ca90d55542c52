// Which random Mamba-1 block is it?
#pragma once

#include <fmt/format.h>

#include <string>

#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape::test_plans {

inline std::string text_of(const Mamba1& shape) {
  std::string text = fmt::format("B={} L={} E={} D={} N={} K={} R={}", shape.batch, shape.tokens,
                                 shape.d_model, shape.d_inner, shape.d_state, shape.d_conv, shape.dt_rank);
  if (shape.norm_gain) text += ", gain";
  if (shape.conv_bias) text += ", bias";
  if (shape.norm_dt_b_c) text += ", norms of dt, B and C";
  if (shape.norm_dt_b_c_gain) text += " with gains";
  if (shape.proj_bias) text += ", projection biases";
  if (shape.conv == Mamba1::Conv::kPadded) text += ", padded";
  if (shape.softplus == Mamba1::Softplus::kFree) text += ", free softplus";
  if (shape.rewrite == Mamba1::Rewrite::kDeltaX) text += ", rewritten";
  if (shape.initial_state == Initial::kLoaded) text += ", loaded";
  if (shape.final_state == Final::kStored) text += ", stored";
  return text;
}

}  // namespace fusescape::test_plans
