// How is a text shown to a person, so that none of it is obeyed by a terminal? Text of files, of the command
// line and of file names may hold escape sequences; what only data may hold is shown as an escape.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fusescape {

/// Bytes of the character that `text` begins with, if a terminal shows it and nothing else: not a control
/// character (C0, DEL, C1), a line or paragraph separator, a mark that turns the direction of writing, or a
/// byte that is not UTF-8. 0 for those, and for an empty text.
[[nodiscard]] std::size_t shown_length(std::string_view text);

/// One line: what is not shown, newlines and tabs too, becomes "\n", "\t", "\x1b" or "\u009b".
[[nodiscard]] std::string printable(std::string_view text);

/// Same, of a text of several lines: its newlines and tabs stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace fusescape
