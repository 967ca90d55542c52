// What does `--entropy` mean? Words for entropies that are made up, or a CSV file with one row per tensor.
#pragma once

#include <string>
#include <string_view>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/search/strategy_inputs.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// `synthetic[:SEED]`, `constant`, `random[:SEED]`, `shuffled:SEED[:FILE.csv]` or `FILE.csv`. Nothing at all
/// is `synthetic`. A file has columns `tensor` and `entropy_bits`, and perhaps `bins` (256 if not); others
/// are not read. All its faults are gathered, each with its place.
[[nodiscard]] expected<EntropySource, Failure> entropy_source(const std::string& text);

/// Faults of a table of entropies that only a cascade shows, at their places: rows of tensors that it lacks,
/// tensors that operators make and no row has.
[[nodiscard]] expected<void, Failure> check_entropies(const EntropySource& source, const Cascade& cascade);

}  // namespace fusescape
