// Which core runs each kind of operator, and what does a search keep of it?
#pragma once

#include <array>
#include <vector>

#include "fusescape/arch/machine.hpp"

namespace fusescape {

using Engines = std::array<Engine, kOpKindCount>;

/// Per kind the first core that can run it.
[[nodiscard]] Engines engines_of(const Accelerator& accelerator);

/// What of an accelerator decides how long operators take its PEs and which chains they hold, whatever its
/// memories.
struct ArrayModel {
  Engines engines{};
  Cycles fill{0};                  ///< ModelOptions::fill_cycles.
  std::vector<Bytes> registers{};  ///< Per core, of a PE: what a chain may keep there.
  friend bool operator==(const ArrayModel& a, const ArrayModel& b);
};

[[nodiscard]] ArrayModel array_model(const Accelerator& accelerator);

}  // namespace fusescape
