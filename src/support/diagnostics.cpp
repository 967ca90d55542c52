#include "fusescape/support/diagnostics.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "fusescape/support/utf8.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kShownBytes = 160;  // A longer line is cut around its caret.

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  for (std::string_view& line : lines) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  }
  if (lines.front().substr(0, 3) == "\xEF\xBB\xBF") lines.front().remove_prefix(3);
  return lines;
}

/// A character that moves the caret by one: anything that prints oddly becomes '?'.
bool prints(std::string_view bytes, std::size_t length) {
  if (length == 0) return false;
  const auto c = static_cast<unsigned char>(bytes[0]);
  return length > 1 ? !(c == 0xC2 && static_cast<unsigned char>(bytes[1]) < 0xA0) : c >= 0x20 && c != 0x7F;
}

/// Two lines: the quoted one, and the caret below byte `column` (from 1) of it.
void print_excerpt(std::ostream& out, std::string_view line, int column) {
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
    const std::size_t length = utf8_length(line.substr(i));
    const std::size_t step = std::max<std::size_t>(length, 1);
    const bool as_is = prints(line.substr(i), length);
    shown += as_is ? std::string{line.substr(i, step)} : "?";
    if (i < caret) pad += ' ';
    i += step;
  }
  out << "  " << shown << (cut ? " ..." : "") << "\n  " << pad << "^\n";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Diagnostics& diagnostics) {
  std::vector<Diagnostic> sorted = diagnostics.errors_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.pos < b.pos; });
  const std::vector<std::string_view> lines = lines_of(diagnostics.text_);
  for (const auto& [pos, message] : sorted) {
    out << diagnostics.file_ << ':' << pos.line << ':' << pos.column << ": error: " << message << '\n';
    const auto index = static_cast<std::size_t>(std::max(pos.line - 1, 0));
    print_excerpt(out, index < lines.size() ? lines[index] : std::string_view{}, pos.column);
  }
  return out;
}

}  // namespace fusescape
