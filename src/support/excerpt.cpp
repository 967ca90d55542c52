#include "fusescape/support/excerpt.hpp"

#include <algorithm>

#include "fusescape/support/printable.hpp"
#include "fusescape/support/utf8.hpp"

namespace fusescape {

std::string excerpt(std::string_view line, int column) {
  constexpr std::size_t kShownBytes = 160;
  std::size_t caret = std::min(static_cast<std::size_t>(std::max(column - 1, 0)), line.size());
  const bool cut = line.size() > kShownBytes;
  if (cut) {
    const std::size_t begin = caret - std::min(caret, kShownBytes / 2);
    line = line.substr(begin, kShownBytes);
    caret -= begin;
  }
  std::string shown;
  std::string pad;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t step = std::max<std::size_t>(utf8_length(line.substr(i)), 1);
    shown += shown_length(line.substr(i)) > 0 ? std::string{line.substr(i, step)} : "?";
    if (i < caret) pad += ' ';
    i += step;
  }
  return "  " + shown + (cut ? " ..." : "") + "\n  " + pad + "^\n";
}

}  // namespace fusescape
