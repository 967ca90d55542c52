#include "fusescape/support/diagnostics.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "fusescape/support/excerpt.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMostShown = 100;  // Errors of one file; nobody reads more of them.

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

}  // namespace

std::ostream& operator<<(std::ostream& out, const Diagnostics& diagnostics) {
  std::vector<Diagnostic> sorted = diagnostics.errors_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.pos < b.pos; });
  const std::vector<std::string_view> lines = lines_of(*diagnostics.text_);
  const std::string file = printable(diagnostics.file_);
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostShown); ++i) {
    const auto& [pos, message] = sorted[i];
    out << file << ':' << pos.line << ':' << pos.column << ": error: " << printable_lines(message) << '\n';
    const auto index = static_cast<std::size_t>(std::max(pos.line - 1, 0));
    out << excerpt(index < lines.size() ? lines[index] : std::string_view{}, pos.column);
  }
  if (sorted.size() > kMostShown) out << file << ": " << sorted.size() - kMostShown << " more errors\n";
  return out;
}

}  // namespace fusescape
