#include "fusescape/config/yaml_text.hpp"

#include <algorithm>

#include "fusescape/config/yaml_document.hpp"
#include "fusescape/support/utf8.hpp"

namespace fusescape {
namespace {

/// What is wrong with the character at the head of `rest`; null if nothing.
const char* fault_of(std::string_view rest, bool indenting) {
  const auto c = static_cast<unsigned char>(rest.front());
  if (c == '\t') return indenting ? "a tab indents this line; use spaces" : nullptr;
  if (c == '\r') {
    return rest.size() > 1 && rest[1] == '\n' ? nullptr : "a carriage return without a line feed";
  }
  if ((c < 0x20 && c != '\n') || c == 0x7F) return "a control character";
  return utf8_length(rest) == 0 ? "not UTF-8 text" : nullptr;
}

/// One past the counterpart of the quote at `begin`; npos if it has none.
std::size_t quote_end(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return text;
}

bool check_yaml_text(Diagnostics& diags) {
  const std::string_view text = without_byte_order_mark(diags.text());
  const auto refuse = [&](SourcePos pos, const char* why) {
    diags.error(pos, why);
    return false;
  };
  if (text.empty()) return refuse({}, "the file is empty");
  if (text.size() > kMaxYamlBytes) return refuse({}, "the file is larger than 16 MiB");
  if (text.find('\0') != std::string_view::npos) return refuse({}, "a binary file, not YAML text");
  SourcePos pos;
  bool indenting = true;
  for (std::size_t i = 0; i < text.size();) {
    if (const char* fault = fault_of(text.substr(i, 4), indenting)) return refuse(pos, fault);
    const std::size_t length = utf8_length(text.substr(i, 4));
    const bool line_end = text[i] == '\n';
    indenting = line_end || (indenting && text[i] == ' ');
    pos = line_end ? SourcePos{pos.line + 1, 1} : SourcePos{pos.line, pos.column + static_cast<int>(length)};
    i += length;
  }
  return true;
}

bool is_closed_quote(std::string_view text, std::size_t begin) {
  return quote_end(text, begin) != std::string_view::npos;
}

std::optional<SourcePos> find_open_quote(std::string_view text) {
  constexpr std::string_view kBefore = " \n[{,:";
  for (std::size_t i = 0; i < text.size();) {
    const bool starts = i == 0 || kBefore.find(text[i - 1]) != std::string_view::npos;
    const bool quote = text[i] == '"' || text[i] == '\'';
    const std::size_t end = starts && text[i] == '#' ? text.find('\n', i)
                            : starts && quote        ? quote_end(text, i)
                                                     : i + 1;
    if (starts && quote && end == std::string_view::npos) {
      const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i), '\n');
      const std::size_t line_begin = i == 0 ? 0 : text.rfind('\n', i - 1) + 1;
      return SourcePos{static_cast<int>(lines) + 1, static_cast<int>(i - line_begin) + 1};
    }
    i = std::min(end, text.size());
  }
  return std::nullopt;
}

}  // namespace fusescape
