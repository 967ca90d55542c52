// What does a prompt with a generation take? A prefill, then decode steps whose caches grow.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/support/expected.hpp"

namespace fusescape {

/// Tokens of each sequence. The prefill of the prompt makes the first of `tokens`, and each decode step one
/// more.
struct Generation {
  std::int64_t prompt = 0;
  std::int64_t tokens = 0;
};

/// What is wrong with settings that ask for a generation: with the key of one, or with its value.
struct GenerationProblem {
  std::string_view key;
  bool in_value = false;
  std::string why;  ///< Follows the key or the setting: " needs generate", ": expected ...".
};

/// What `prompt` and `generate` ask for; `value_of` gives the value of a key that is set. None: neither is.
/// A problem if one lacks the other, is no whole number from 1, or stands beside a phase, L or S of its own.
[[nodiscard]] expected<std::optional<Generation>, GenerationProblem> asked_generation(
    const std::function<std::optional<std::string>(std::string_view key)>& value_of);

/// Lengths of the cache at which steps are evaluated: all if they are few, else as many as are few, evenly
/// spread. Without caches steps are equal, and the first stands for all of them. None if there is no step.
[[nodiscard]] std::vector<std::int64_t> step_lengths(const Generation& generation, bool has_caches);

/// A run of the whole model.
struct StepTaken {
  double ms = 0.0;
  std::optional<double> pj{};
};

struct GenerationTimes {
  double ttft_ms = 0.0;
  std::optional<double> tpot_ms{};  ///< Mean over the steps; none if there is no step.
  double total_ms = 0.0;            ///< ttft_ms + (tokens - 1) x tpot_ms.
  std::optional<double> energy_pj{};
  /// total_ms is wrong by at most this if no step is faster than one with a shorter cache.
  std::optional<double> bound_ms{};
  std::string why_no_bound{};  ///< If a step that was evaluated is faster.
};

/// Expects `steps` at step_lengths(generation, has_caches). Between the lengths are straight lines.
[[nodiscard]] GenerationTimes generation_times(const Generation& generation, bool has_caches,
                                               const StepTaken& prefill, std::span<const StepTaken> steps);

}  // namespace fusescape
