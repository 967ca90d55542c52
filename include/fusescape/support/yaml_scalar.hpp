// How is a text or a number written in a YAML file, so that it is read back as it was?
#pragma once

#include <string>
#include <string_view>

namespace fusescape {

/// As it is where no reader of YAML can take it for anything but this text, in double quotes elsewhere;
/// control characters are escaped. On one line, and fit for lists and mappings in brackets. Expects UTF-8.
[[nodiscard]] std::string yaml_scalar(std::string_view text);

/// Without an exponent, in the fewest digits that are read back to the same value. Expects a finite number.
[[nodiscard]] std::string yaml_number(double value);

}  // namespace fusescape
