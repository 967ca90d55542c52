// Of tensors that stay on chip between groups: what does a group find there, and what does it leave?
#pragma once

#include <cstdint>
#include <vector>

#include "kept_tensors.hpp"
#include "program.hpp"

namespace fusescape {

/// How many bytes of a tensor are kept from a tile on.
struct KeptSample {
  std::int64_t run = 0;  ///< Tiles of the group that have started before.
  TensorId tensor{};
  Bytes bytes;
};

/// What a group moves of tensors that are kept, decided in the order of its tiles before it runs.
struct KeptMoves {
  std::vector<std::vector<Bytes>> loads;                  ///< Per buffer and visit; none if it is not kept.
  std::vector<std::vector<std::vector<Leaving>>> stores;  ///< Per buffer, and per time that it is complete.
  std::vector<KeptSample> samples;                        ///< In the order of `run`.
  Bytes peak;                                             ///< The most that is kept while the group runs.
};

/// Tells `kept` what the group makes and reads of the tensors that `keeps` names, in order. Expects a program
/// of one sequence.
void register_kept(const SimContext& context, const GroupProgram& program, const std::vector<bool>& keeps,
                   KeptTensors& kept);

/// The group's turn.
[[nodiscard]] KeptMoves kept_moves(const SimContext& context, const GroupProgram& program,
                                   const std::vector<bool>& keeps, KeptTensors& kept);

}  // namespace fusescape
