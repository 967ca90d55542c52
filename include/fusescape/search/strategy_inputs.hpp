// What does a strategy know besides the cascade and the machine? Entropies of tensors: given, or made up and
// said to be; and of a search, what it minimises.
//
// Entropies reach strategies only. What a plan costs does not depend on who made it: no type here is known to
// the cost model (docs/model/strategies.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fusescape/arch/energy.hpp"
#include "fusescape/search/objective.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Most entropy that a value of a histogram of 256 bins has, which `corey entropy` counts with.
inline constexpr double kMostEntropyBits = 8.0;

/// Entropy of a value of one tensor.
struct TensorEntropy {
  std::string tensor;
  double bits = 0.0;
  double most_bits = kMostEntropyBits;  ///< log2 of the histogram's bins.
};

/// Nobody's activations: for each tensor the histogram of 4,096 numbers of the law that COREY's authors drew
/// theirs from, N(0, 1) + 0.525 Student-t(3) (its form at L = 1024), seeded by the
/// position of its operator.
struct SyntheticEntropy {
  std::uint64_t seed = 1;
};
/// All tensors alike.
struct ConstantEntropy {};
/// Uniform in [0, 1] of the most, seeded likewise.
struct RandomEntropy {
  std::uint64_t seed = 1;
};
struct GivenEntropy {
  std::string file;
  std::vector<TensorEntropy> tensors;
  std::string numbers{};  ///< Whose numbers they are of, if the file says so: "synthetic".
};

/// Where a strategy's entropies come from.
struct EntropySource {
  std::variant<SyntheticEntropy, ConstantEntropy, RandomEntropy, GivenEntropy> values;
  std::optional<std::uint64_t> shuffled{};  ///< Seed: they change places among the tensors that are made.
};

/// "synthetic (seed 1): nobody's activations", "given in x.csv", "... shuffled (seed 3)".
[[nodiscard]] std::string describe(const EntropySource& source);

struct StrategyInputs {
  EntropySource entropy{};
  Objective minimize = Objective::kLatency;  ///< Of `optimal`, as the rest.
  Ingredients with{};
  std::optional<EnergyPrices> prices{};  ///< Of the design, if the objective reads energy.
};

/// Per operator the entropy of its output as a share of the most, in [0, 1]; or the tensors that operators
/// make and for which `source` gives none.
[[nodiscard]] expected<std::vector<double>, std::vector<TensorId>> normalised_entropies(
    const EntropySource& source, const Cascade& cascade);

}  // namespace fusescape
