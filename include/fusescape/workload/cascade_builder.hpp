// How is a cascade written down in C++? Ranks, tensors and operators one line each; make_cascade checks the
// result.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

class CascadeBuilder {
 public:
  /// `type` is that of every tensor.
  CascadeBuilder(std::string name, DataType type) : type_{type} { cascade_.name = std::move(name); }

  RankId rank(std::string name, Elements extent);
  TensorId tensor(std::string name, std::vector<RankId> ranks, TensorKind kind);

  /// Adds an intermediate tensor `result` over `ranks` and the operator that makes it.
  TensorId make(std::string op, OpKind kind, std::pair<std::string, std::vector<RankId>> result,
                std::vector<Access> inputs);
  /// Adds an operator that makes an existing tensor.
  void make(std::string op, OpKind kind, TensorId output, std::vector<Access> inputs);
  /// Of all points of the operator added last, only these count.
  void keep_only(CausalPairs pairs) { cascade_.operators.back().where = pairs; }

  /// The tensor at the operator's own position, along all its ranks.
  [[nodiscard]] Access at(TensorId tensor) const;
  /// at(tensor), but its last dimension is the constant slice [offset, offset + extent(rank)).
  [[nodiscard]] Access slice(TensorId tensor, RankId rank, Elements offset) const;
  /// at(tensor), but `distance` steps earlier along `rank`.
  [[nodiscard]] Access earlier(TensorId tensor, RankId rank, std::int64_t distance) const;

  [[nodiscard]] Elements extent(RankId rank) const { return cascade_.extent(rank); }
  [[nodiscard]] Tensor& tensor(TensorId id) { return cascade_.tensors[index_of(id)]; }

  /// Checks and returns what was added; the builder is empty afterwards.
  [[nodiscard]] CheckedCascade finish() { return make_cascade(std::exchange(cascade_, {})); }

 private:
  Cascade cascade_;
  DataType type_;
};

}  // namespace fusescape
