// Does a law hold in every random case, and if not, which is the smallest case in which it fails?
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "dice.hpp"

namespace fusescape::test_plans {

/// Runs `check` on that many tapes of dice, the same ones every time. In it, a failed CHECK or REQUIRE (or an
/// exception) ends the case; rapidcheck then looks for the smallest tape on which `check` still fails, and
/// Catch reports what it does there, with all that it captures. The test ends with that.
///
/// RC_PARAMS in the environment is rapidcheck's: `seed=7 max_success=100000` tries other and more cases,
/// `reproduce=...` the smallest of a failure that printed it.
void for_all(std::uint32_t cases, const std::function<void(Dice&)>& check);

struct Failure {
  Tape choices;      ///< The smallest tape found; none, if what was to be reproduced does not fail.
  std::string text;  ///< How it was found, and how to find it again.
};

/// What for_all looks for; `name` is that of the failure to reproduce.
std::optional<Failure> smallest_failure(const std::string& name, std::uint32_t cases,
                                        const std::function<void(Dice&)>& check);

}  // namespace fusescape::test_plans
