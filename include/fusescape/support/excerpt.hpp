// How is a place in a line shown?
#pragma once

#include <string>
#include <string_view>

namespace fusescape {

/// Two lines: the quoted one, cut around its caret if it is long, and the caret below byte `column` (from 1).
/// Control characters and invalid UTF-8 are shown as '?', so that the caret still lines up.
[[nodiscard]] std::string excerpt(std::string_view line, int column);

}  // namespace fusescape
