// What is computed? A cascade of einsum-like operators over named ranks (TeAAL's term, arXiv 2304.07931).
//
// Ids are positions in the cascade's vectors. Construction uses names; evaluation uses only ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/data_type.hpp"
#include "fusescape/support/op_kind.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

enum class RankId : std::uint16_t {};
enum class TensorId : std::uint16_t {};
enum class OpId : std::uint16_t {};

template <class Id>
[[nodiscard]] constexpr std::size_t index_of(Id id) {
  return static_cast<std::size_t>(id);
}

/// One dimension of iteration spaces and tensors: `B` batch, `L` tokens, `E` d_model, `D` d_inner, `N`
/// d_state, ...
struct Rank {
  std::string name;
  Elements extent;
};

enum class TensorKind : unsigned char {
  kWeight,        ///< Read from DRAM; counts as parameters.
  kInput,         ///< Read from DRAM; made by whoever runs the cascade.
  kOutput,        ///< Made here, and needed in DRAM at the end.
  kIntermediate,  ///< Made and used here.
  kState,         ///< An intermediate that is read shifted and outlives the call (h, a convolution's window).
};

/// Where the values of a shifted tensor before its first element come from, and where the last ones go: from
/// and to DRAM, or on-chip memory that nothing else uses (workload/resident.hpp). What is resident of an
/// input or an output is all of it: a KV cache, or what joins it.
enum class Initial : unsigned char { kZero, kLoaded, kResident };
enum class Final : unsigned char { kDropped, kStored, kResident };

struct Tensor {
  std::string name;
  std::vector<RankId> ranks;
  DataType type = DataType::kFp32;
  TensorKind kind = TensorKind::kIntermediate;
  Initial initial = Initial::kZero;     ///< Used by tensors that are read shifted, and kResident by inputs.
  Final final_value = Final::kDropped;  ///< Likewise, and by outputs.
  std::optional<DataType>
      accumulator{};  ///< What its sums are kept in; none: as support/data_type.hpp has it.
};

/// The type in which partial sums of `tensor` are kept.
[[nodiscard]] constexpr DataType accumulator_of(const Tensor& tensor) {
  return tensor.accumulator.value_or(facts(tensor.type).accumulator);
}

/// Which element along one dimension of a tensor an operator touches:
/// chunk * extent(rank) + rank - distance - tap + offset.
struct Index {
  RankId rank{};
  std::int64_t distance = 0;    ///< `h[l-1]` has 1. A positive distance makes `rank` sequential on a cycle.
  std::int64_t offset = 0;      ///< Start of a constant slice: `xz[l, D:2D]` has extent(D).
  std::optional<RankId> tap{};  ///< `x[l-k]` has K: a causal window of extent(K) elements.
  /// `x[c*Q+q]` has C, and Q as its rank: chunk c of extent(Q) elements. Neither shifted nor sliced.
  std::optional<RankId> chunk{};
  friend bool operator==(const Index&, const Index&) = default;
};

/// How an operator reads a tensor: one Index per dimension of it.
struct Access {
  TensorId tensor{};
  std::vector<Index> indices;
  friend bool operator==(const Access&, const Access&) = default;
};

/// Points of an iteration space at which `key` <= `query`, both from 0: the causal pairs, if both are tokens.
/// Elsewhere an element-wise result is zero, and nothing is added to a sum or compared with a maximum.
/// Operations and reads are those of all points, as of hardware that masks what it has computed.
struct CausalPairs {
  RankId key{};
  RankId query{};
};

struct Operator {
  std::string name;
  OpKind kind{};
  TensorId output{};
  std::vector<Access> inputs;
  std::vector<RankId> ranks;  ///< Its iteration space: ranks of the output, then the reduction ranks.
  std::vector<RankId> reduction_ranks;  ///< Those that the output lacks.
  std::optional<CausalPairs> where{};   ///< None: all points.
};

/// One use of a tensor: input `input` of operator `op`.
struct Use {
  OpId op{};
  int input = 0;
};

/// Operators on cycles along one rank (docs/model/plan.md: one group, one common loop over `rank`).
struct Recurrence {
  RankId rank{};
  std::int64_t min_distance = 1;  ///< Smallest distance around any cycle through these operators.
  std::vector<OpId> operators;    ///< In cascade order. A single one is self-recurrent (`scan`).

  [[nodiscard]] bool self_recurrent() const { return operators.size() == 1; }
};

struct Cascade {
  std::string name;
  std::vector<Rank> ranks;
  std::vector<Tensor> tensors;
  std::vector<Operator> operators;  ///< In an order in which every unshifted read follows its write.

  /// On-chip bytes that resident states and caches of the whole model take while any part of it runs.
  Bytes resident{};

  // Derived by make_cascade.
  std::vector<std::optional<OpId>> producer;  ///< Per tensor.
  std::vector<std::vector<Use>> uses;         ///< Per tensor, in operator order.
  std::vector<Recurrence> recurrences;
  std::vector<std::optional<std::size_t>> recurrence_of;  ///< Per operator: its position in `recurrences`.

  [[nodiscard]] const Rank& rank(RankId id) const { return ranks[index_of(id)]; }
  [[nodiscard]] const Tensor& tensor(TensorId id) const { return tensors[index_of(id)]; }
  [[nodiscard]] const Operator& op(OpId id) const { return operators[index_of(id)]; }
  [[nodiscard]] Elements extent(RankId id) const { return rank(id).extent; }
};

[[nodiscard]] std::optional<RankId> find_rank(const Cascade& cascade, std::string_view name);
[[nodiscard]] std::optional<TensorId> find_tensor(const Cascade& cascade, std::string_view name);
[[nodiscard]] std::optional<OpId> find_operator(const Cascade& cascade, std::string_view name);

[[nodiscard]] bool has_rank(const std::vector<RankId>& ranks, RankId rank);

/// Elements of a whole tensor: the product of its extents.
[[nodiscard]] Elements elements_of(const Cascade& cascade, TensorId tensor);

/// Operations of one execution of `op`: the product of its iteration space (CLI.md's `ops`).
[[nodiscard]] Ops ops_of(const Cascade& cascade, OpId op);
[[nodiscard]] Ops total_ops(const Cascade& cascade);

/// Elements of all weight tensors.
[[nodiscard]] Elements weight_elements(const Cascade& cascade);

/// Whether it runs along `rank`: as its own, as its window's taps, or from chunk to chunk.
[[nodiscard]] bool names(const Index& index, RankId rank);
[[nodiscard]] bool names(const Access& access, RankId rank);
/// Elements that it names along its dimension, a window's halo aside: the rank's extent, of every chunk.
[[nodiscard]] Elements extent_of(const Cascade& cascade, const Index& index);

/// Largest distance at which `index` reads along its rank, taps included: 1 for h[l-1], 3 for a conv of 4.
[[nodiscard]] std::int64_t reach(const Cascade& cascade, const Index& index);
/// Whether it reads elements before its own position, by a distance or through a window of taps.
[[nodiscard]] bool is_shifted(const Index& index);
[[nodiscard]] bool is_shifted(const Access& access);
/// The first index of `access` that does; none: null.
[[nodiscard]] const Index* shifted_index(const Access& access);

/// True if `use` reads every element of its tensor in place: no slice, no shift, no window.
[[nodiscard]] bool reads_whole(const Cascade& cascade, const Use& use);

/// What is wrong with a cascade, and with which of its operators or tensors.
struct CascadeProblem {
  enum class Subject : unsigned char { kCascade, kRank, kTensor, kOperator } subject{};
  std::size_t id = 0;
  std::string message;
};

/// Fills the derived fields of `parts` (iteration spaces, producers, uses) and checks the whole: every tensor
/// made at most once, accesses as wide as their tensors, slices inside them, cycles only through shifted
/// reads along one common rank, operators in an executable order (they are reordered stably if need be; if
/// there are problems they stay as given, so that the problems' ids mean what the caller numbered).
/// Expects ids within `parts`. The full list of rules is in docs/model/workloads.md.
struct CheckedCascade {
  Cascade cascade;
  std::vector<CascadeProblem> problems;  ///< Empty: the cascade is sound.
};
[[nodiscard]] CheckedCascade make_cascade(Cascade parts);

}  // namespace fusescape
