// What does the first part of a .npy file say? Its magic, its version, and a Python dictionary of three keys.
#include "npy_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

struct TypeFacts {
  std::string_view name;
  std::int64_t bytes = 0;
};
constexpr std::array kTypes{TypeFacts{"f2", 2}, TypeFacts{"f4", 4}, TypeFacts{"f8", 8},
                            TypeFacts{"i1", 1}, TypeFacts{"i2", 2}, TypeFacts{"i4", 4},
                            TypeFacts{"u1", 1}, TypeFacts{"u2", 2}, TypeFacts{"u4", 4}};

/// What is quoted in messages: a file may hold anything, and a message must not.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string out{text.substr(0, kMost)};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > kMost ? out + "..." : out;
}

/// Reads the dictionary from front to back. The first fault ends it; later calls then do nothing.
class HeaderText {
 public:
  HeaderText(std::string_view text, std::int64_t offset) : text_{text}, offset_{offset} {}

  [[nodiscard]] bool ok() const { return !fault_; }
  [[nodiscard]] const std::optional<NpyFault>& fault() const { return fault_; }
  [[nodiscard]] std::size_t position() const { return at_; }

  void fail(std::size_t at, std::string message) {
    if (!fault_) fault_ = NpyFault{offset_ + static_cast<std::int64_t>(at), std::move(message)};
  }
  [[nodiscard]] char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (!ok() || peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (ok() && !take(c)) fail(at_, fmt::format("header: expected '{}'", c));
  }
  std::string_view quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail(at_, "header: expected a quoted word");
    const std::size_t end = ok() ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      fail(at_, "header: a quote that is never closed");
      return {};
    }
    const std::string_view word = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return word;
  }
  std::string_view word() {
    static_cast<void>(peek());
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= 'A' && text_[at_] <= 'z') ++at_;
    return text_.substr(start, at_ - start);
  }
  std::int64_t integer() {
    static_cast<void>(peek());
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range) fail(at_, "shape: a dimension beyond 2^63");
    if (error != std::errc{}) fail(at_, "shape: expected a whole number");
    if (ok() && value < 0) fail(at_, "shape: a negative dimension");
    if (ok()) at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

 private:
  std::string_view text_;
  std::int64_t offset_;
  std::size_t at_ = 0;
  std::optional<NpyFault> fault_;
};

void read_type(HeaderText& text, NpyHeader& header) {
  static_cast<void>(text.peek());
  const std::size_t at = text.position();
  if (text.peek() == '[') return text.fail(at, "type: a structured array; expected plain numbers");
  const std::string_view word = text.quoted();
  if (!text.ok()) return;
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeFacts& facts) {
    return word.size() == 3 && word.substr(1) == facts.name;
  });
  const bool ordered = !word.empty() && std::string_view{"<>|="}.find(word.front()) != std::string_view::npos;
  if (type == kTypes.end() || !ordered) {
    return text.fail(
        at, fmt::format("type: '{}'; expected one of f2, f4, f8, i1, i2, i4, u1, u2, u4", shown(word)));
  }
  header.type = static_cast<NpyType>(type - kTypes.begin());
  header.big_endian = word.front() == '>';
}

void read_order(HeaderText& text) {
  static_cast<void>(text.peek());
  const std::size_t at = text.position();
  const std::string_view word = text.word();
  if (word == "True") {
    text.fail(at, "order: Fortran order; expected C order (numpy.ascontiguousarray makes it so)");
  } else if (word != "False") {
    text.fail(at, fmt::format("order: '{}'; expected False or True", shown(word)));
  }
}

void read_shape(HeaderText& text, NpyHeader& header) {
  static_cast<void>(text.peek());
  const std::size_t at = text.position();
  text.expect('(');
  header.elements = 1;
  constexpr std::size_t kMostDimensions = 64;  // NumPy 2's own limit.
  while (text.ok() && text.peek() != ')') {
    const std::int64_t extent = text.integer();
    header.shape.push_back(extent);
    if (text.ok() && __builtin_mul_overflow(header.elements, extent, &header.elements)) {
      text.fail(at, "shape: more than 2^63 elements");
    }
    if (header.shape.size() > kMostDimensions) text.fail(at, "shape: more than 64 dimensions");
    if (!text.take(',')) break;
  }
  text.expect(')');
  if (text.ok() && header.elements == 0) {
    text.fail(at, fmt::format("shape: {} has no elements", shape_text(header.shape)));
  }
}

void read_entry(HeaderText& text, NpyHeader& header, std::array<bool, 3>& seen) {
  constexpr std::array<std::string_view, 3> kKeys{"descr", "fortran_order", "shape"};
  static_cast<void>(text.peek());
  const std::size_t at = text.position();
  const std::string_view key = text.quoted();
  const auto known = std::find(kKeys.begin(), kKeys.end(), key);
  text.expect(':');
  if (!text.ok()) return;
  if (known == kKeys.end()) return text.fail(at, fmt::format("header: unknown key '{}'", shown(key)));
  bool& given = seen[static_cast<std::size_t>(known - kKeys.begin())];
  if (given) return text.fail(at, fmt::format("header: '{}' is given twice", key));
  given = true;
  if (key == "descr") return read_type(text, header);
  if (key == "shape") return read_shape(text, header);
  read_order(text);
}

}  // namespace

std::string_view name_of(NpyType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::int64_t bytes_of(NpyType type) {
  return kTypes[static_cast<std::size_t>(type)].bytes;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

expected<NpyHeader, NpyFault> parse_npy_dictionary(std::string_view dictionary, std::int64_t offset) {
  HeaderText text{dictionary, offset};
  NpyHeader header;
  std::array<bool, 3> seen{};
  text.expect('{');
  while (text.ok() && text.peek() != '}') {
    read_entry(text, header, seen);
    if (!text.take(',')) break;
  }
  text.expect('}');
  if (text.ok() && text.peek() != '\0') text.fail(text.position(), "header: text after its end");
  if (std::find(seen.begin(), seen.end(), false) != seen.end()) {
    text.fail(0, "header: it must have 'descr', 'fortran_order' and 'shape'");
  }
  if (!text.ok()) return unexpected<NpyFault>{*text.fault()};
  header.data_offset = offset + static_cast<std::int64_t>(dictionary.size());
  return header;
}

std::string npy_header(NpyType type, std::span<const std::int64_t> shape) {
  constexpr std::size_t kAlignment = 64;
  constexpr std::size_t kBefore = 10;  // Magic, version and length.
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                 bytes_of(type) == 1 ? '|' : '<', name_of(type), shape_text(shape));
  text.append(kAlignment - 1 - (kBefore + text.size()) % kAlignment, ' ');
  text += '\n';
  FUSESCAPE_EXPECTS(text.size() < 65'536);
  std::string out{"\x93NUMPY\x01", 7};
  out += '\0';
  out += static_cast<char>(text.size() & 0xFFU);
  out += static_cast<char>(text.size() >> 8U);
  return out + text;
}

}  // namespace fusescape
