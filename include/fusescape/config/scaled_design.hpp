// Which design is an accelerator file's if a constant of its technology were another?
#pragma once

#include <span>

#include "fusescape/arch/what_if.hpp"
#include "fusescape/config/load.hpp"

namespace fusescape {

/// As bind_design, with the constant scaled wherever it enters: in the template that derives the design, in
/// its ports, in its technology. Under a factor that leaves nothing to run on it is an error like any other.
[[nodiscard]] Loaded<Design> bind_scaled_design(const InputFile& input, std::span<const Setting> settings,
                                                Technologies& technologies, const WhatIf& what_if);

}  // namespace fusescape
