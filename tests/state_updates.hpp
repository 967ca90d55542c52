// Which cascades with recurrences, other than Mamba-1, do tests look at?
#pragma once

#include "plans.hpp"

namespace fusescape::test_plans {

struct SsdShape {
  std::int64_t tokens = 4;
  std::int64_t groups = 2;  ///< Each with its own B and C.
  std::int64_t heads = 3;   ///< Of each group.
  std::int64_t head_dim = 2;
  std::int64_t entries = 4;
  std::int64_t batch = 1;
};

/// Mamba-2's state update in its recurrent form, heads in groups that share B and C: per token and head
/// h = exp(dt a) h[l-1] + (dt x) B, y = sum over N of C h.
inline Cascade ssd(const SsdShape& shape) {
  CascadeBuilder make{"ssd", DataType::kFp32};
  const RankId b = make.rank("B", Elements{shape.batch});
  const RankId l = make.rank("L", Elements{shape.tokens});
  const RankId g = make.rank("G", Elements{shape.groups});
  const RankId r = make.rank("R", Elements{shape.heads});
  const RankId p = make.rank("P", Elements{shape.head_dim});
  const RankId n = make.rank("N", Elements{shape.entries});
  const std::vector<RankId> all{b, l, g, r, p, n};
  const TensorId dt = make.tensor("dt", {b, l, g, r}, TensorKind::kInput);
  const TensorId x = make.tensor("x", {b, l, g, r, p}, TensorKind::kInput);
  const TensorId b_in = make.tensor("Bm", {b, l, g, n}, TensorKind::kInput);
  const TensorId c_in = make.tensor("C", {b, l, g, n}, TensorKind::kInput);
  const TensorId a = make.tensor("a", {g, r}, TensorKind::kWeight);
  const TensorId da = make.make("dt_a", OpKind::kMul, {"da", {b, l, g, r}}, {make.at(dt), make.at(a)});
  const TensorId decay = make.make("decay", OpKind::kExp, {"alpha", {b, l, g, r}}, {make.at(da)});
  const TensorId dtx = make.make("dt_x", OpKind::kMul, {"dtx", {b, l, g, r, p}}, {make.at(dt), make.at(x)});
  const TensorId bx = make.make("outer", OpKind::kMul, {"bx", all}, {make.at(dtx), make.at(b_in)});
  const TensorId h = make.tensor("state", all, TensorKind::kState);
  const TensorId kept =
      make.make("forget", OpKind::kMul, {"kept", all}, {make.at(decay), make.earlier(h, l, 1)});
  make.make("update", OpKind::kAdd, h, {make.at(kept), make.at(bx)});
  const TensorId y = make.tensor("out", {b, l, g, r, p}, TensorKind::kOutput);
  make.make("read", OpKind::kMatmul, y, {make.at(c_in), make.at(h)});
  return sound(make.finish());
}

}  // namespace fusescape::test_plans
