// Why can a file or a folder not be written? Told before the work, or after.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fusescape/app/exit_code.hpp"

namespace fusescape {

/// `error` is an errno.
[[nodiscard]] Failure cannot_write(std::string_view what, int error);

/// Why a result could not be put at `path` ("-": standard output), as far as that is known beforehand.
[[nodiscard]] std::optional<Failure> write_fault(const std::string& path);

}  // namespace fusescape
