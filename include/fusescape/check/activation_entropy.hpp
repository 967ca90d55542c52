// How much information do a block's intermediate tensors carry? Its values, run on given or made-up numbers,
// in histograms.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/check/scaling.hpp"
#include "fusescape/exec/reference.hpp"

namespace fusescape {

struct ActivationEntropy {
  TensorId tensor{};
  double bits = 0.0;
  std::int64_t values = 0;
  /// Whether it is a boundary: made by one operator and read by another, so that a cut between them sends it
  /// through DRAM.
  bool boundary = false;
};

/// Entropy of every tensor that operators make, in `bins` equal bins between its extremes, in fp64. Expects
/// `given` of this cascade.
[[nodiscard]] std::vector<ActivationEntropy> activation_entropies(const Cascade& cascade,
                                                                  const NumericCase& given, int bins);

/// A cascade whose ranks are few enough to be run.
struct SmallCascade {
  Cascade cascade;
  std::vector<ScaledRank> ranks;  ///< Those that changed.
};

/// Every rank that is no window and no sum of slices at most `most`; the sums follow. None if some access
/// would then read something else than before.
[[nodiscard]] std::optional<SmallCascade> with_small_ranks(const Cascade& cascade, std::int64_t most);

/// Seeded numbers, nobody's activations: inputs N(0, 1) + 0.525 Student-t(3), COREY's law at L = 1024;
/// operands of sums N(0, 1 / terms); what makes states decay, and gains and biases, as make_case has them.
[[nodiscard]] NumericCase synthetic_case(const Cascade& cascade, std::uint64_t seed);

}  // namespace fusescape
