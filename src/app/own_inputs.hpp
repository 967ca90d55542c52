// Would a command overwrite what it reads?
#pragma once

#include <optional>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/exit_code.hpp"

namespace fusescape {

/// A usage error if so, before anything is read or written: the files that the command line names, and those
/// that they name in turn.
[[nodiscard]] std::optional<Failure> overwritten_input(const Command& command);

}  // namespace fusescape
