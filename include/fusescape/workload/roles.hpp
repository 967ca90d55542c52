// Which operators update a state, which feed it and which read it? Found from the cascade's graph, not by
// names.
//
// docs/model/strategies.md shows the roles in Mamba-1, gated linear attention and the recurrent form of SSD.
#pragma once

#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// One recurrence of a cascade and the operators around it. Operators are in cascade order, and each has at
/// most one role.
///
/// The *state* is the tensor that the recurrence makes and reads earlier along `tokens`; of several, the one
/// with most ranks, of equals the first made.
///
/// A *side* is how a tensor made outside the recurrence enters it: as a *factor* where an operator of the
/// recurrence multiplies or divides by it (mul, div, a contraction's operands, a scan's first input), as an
/// *addend* anywhere else.
struct StateUpdate {
  RankId tokens{};               ///< The recurrence's rank.
  TensorId state{};              ///< Mamba's h.
  std::vector<OpId> recurrence;  ///< The operators on its cycles. Mamba: t, h.

  /// Element-wise operators outside every recurrence whose output has `tokens`, is read in place only, and by
  /// nobody but the recurrence as a factor and other operators of this role whose outputs have the same
  /// ranks. Mamba: dA, exp.
  std::vector<OpId> decay;
  /// Likewise, of the addends. Mamba: dB, dBx.
  std::vector<OpId> input;

  /// The contractions and reductions outside every recurrence that read the state and sum over some of its
  /// ranks, `tokens` not among them; operands that bring ranks which the state lacks have `tokens` (which
  /// tells them from projections by a weight). Also element-wise operators over the state's ranks between the
  /// state and nothing but these. Mamba: y.
  std::vector<OpId> readers;

  /// The state's ranks other than `tokens`, each in one of three, in the order of its dimensions:
  std::vector<RankId> entries;   ///< Those that readers sum over. Mamba: N.
  std::vector<RankId> channels;  ///< Those that some tensor lacks which the update reads anew for each token,
                                 ///< B or C for example. If there is none, the last of the others. Mamba: D.
  std::vector<RankId> lanes;     ///< The rest: along them nothing is shared but what holds for all tokens, so
                                 ///< that one after another reads nothing again. Mamba: B, the batch.
};

/// The state updates of a cascade, one per recurrence, in the order of Cascade::recurrences.
[[nodiscard]] std::vector<StateUpdate> state_updates(const Cascade& cascade);

/// Every operator of the update: decay, input, recurrence, readers.
[[nodiscard]] std::vector<OpId> operators_of(const StateUpdate& update);

/// What `operators` read of tensors that none of them makes.
[[nodiscard]] std::vector<Access> outside_reads(const Cascade& cascade, const std::vector<OpId>& operators);

/// Whether both hold the same ranks, in whatever order. Expects no rank twice in one.
[[nodiscard]] bool same_ranks(const std::vector<RankId>& a, const std::vector<RankId>& b);

}  // namespace fusescape
