// Which text cells of a CSV file would a spreadsheet run as a formula, and how are they kept from it?
//
// A spreadsheet takes a cell that begins with = + - @, a tab or a carriage return for a formula (OWASP, "CSV
// Injection"), whether it is quoted or not. Written, such a text gets an apostrophe in front, which a
// spreadsheet shows as text; read, it loses it. Texts that begin with apostrophes before such a character get
// one more, so that every text is read back as it was.
#pragma once

#include <string>
#include <string_view>

namespace fusescape {

/// The text of a cell as it is written. A number stays as it is.
[[nodiscard]] std::string without_formula(std::string_view text);

/// The text that a cell stands for: what without_formula made it from.
[[nodiscard]] std::string_view with_formula(std::string_view cell);

}  // namespace fusescape
