// What does the prototype measure on random activations? A seeded generator of its inputs, and its estimator.
//
// The activations are synthetic: a law that COREY's authors chose, not values that any model produced.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/corey/chain.hpp"
#include "fusescape/numerics/random.hpp"
#include "fusescape/numerics/tensor_statistics.hpp"

namespace fusescape {

/// How the rotated block is cut into one slice for each operator; the published runs do not say.
enum class RotatedSlices : unsigned char { kAllColumns, kFirstChannels };

/// Rows of activations: as many channels each, row by row.
struct Activations {
  std::int64_t rows = 0;
  std::int64_t channels = 0;
  std::vector<double> values;
};

/// Rows for a sequence length.
[[nodiscard]] std::int64_t activation_rows(const CoreyActivations& law, std::int64_t length);

/// X of one run.
[[nodiscard]] Activations drawn_activations(const CoreyActivations& law, std::int64_t length,
                                            RandomStream& random);

/// `x` padded with zeros to the width of the rotation.
[[nodiscard]] Activations padded(const Activations& x, std::int64_t width);

/// `x` rotated by the normalised Hadamard transform of its width (Paley II where it is no power of two).
[[nodiscard]] Activations rotated(Activations x);

/// The prototype's normalised entropy: in [0, 1], 0 of a constant.
[[nodiscard]] double corey_entropy(const CoreyEntropy& rule, std::span<const double> values);

/// What the prototype would measure on `x`; the moving average is that of a first run.
[[nodiscard]] CoreyRun measured_run(const CoreyChain& chain, const Activations& x, std::int64_t length,
                                    RotatedSlices slices = RotatedSlices::kAllColumns);

/// Runs the moving averages of consecutive repeats of one length, and fills in `average_after`.
void average(const CoreyEntropy& rule, std::span<CoreyRun> repeats);

}  // namespace fusescape
