#include "fusescape/support/printable.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "fusescape/support/utf8.hpp"

namespace fusescape {
namespace {

/// Expects a valid character of `length` bytes at the head of `text`.
std::uint32_t code_point(std::string_view text, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::uint32_t code = length == 1 ? byte(0) : byte(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) code = (code << 6U) | (byte(i) & 0x3FU);
  return code;
}

/// First and last code points of what a terminal obeys.
constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 6> kObeyed{
    {{0x00, 0x1F}, {0x7F, 0x9F}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}}};

bool is_obeyed(std::uint32_t code) {
  return std::any_of(kObeyed.begin(), kObeyed.end(),
                     [&](const auto& range) { return code >= range.first && code <= range.second; });
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out += kDigits[(value >> (4U * static_cast<unsigned>(i))) & 0xFU];
}

/// The character, or the byte that is none, at the head of `text`. Expects length == utf8_length(text).
void append_escape(std::string& out, std::string_view text, std::size_t length) {
  const std::uint32_t code = length == 0 ? static_cast<unsigned char>(text[0]) : code_point(text, length);
  if (text[0] == '\n' || text[0] == '\t' || text[0] == '\r') {
    out += text[0] == '\n' ? "\\n" : (text[0] == '\t' ? "\\t" : "\\r");
  } else if (code < 0x80 || length == 0) {
    out += "\\x";
    append_hex(out, code, 2);
  } else {
    out += "\\u";
    append_hex(out, code, 4);
  }
}

std::string escaped(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t shown = kept.find(text.front()) != std::string_view::npos ? 1 : shown_length(text);
    const std::size_t length = shown > 0 ? shown : utf8_length(text);
    if (shown > 0) {
      out += text.substr(0, shown);
    } else {
      append_escape(out, text, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

std::size_t shown_length(std::string_view text) {
  const std::size_t length = utf8_length(text);
  return length == 0 || is_obeyed(code_point(text, length)) ? 0 : length;
}

std::string printable(std::string_view text) {
  return escaped(text, "");
}

std::string printable_lines(std::string_view text) {
  return escaped(text, "\n\t");
}

}  // namespace fusescape
