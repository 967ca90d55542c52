#include "fusescape/import/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "fusescape/config/yaml_text.hpp"

namespace fusescape {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 64;

/// A value or a key in the text: where it starts, and how long it is if it is neither string nor bracket.
struct Token {
  std::size_t start = 0;
  std::size_t size = 0;
};

bool ends_literal(char c) {
  return std::string_view{" \t\r\n,:{}[]\""}.find(c) != std::string_view::npos;
}

/// The position behind a string that starts at `start`.
std::size_t end_of_string(std::string_view text, std::size_t start) {
  std::size_t at = start + 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

/// Where the text starts behind a byte order mark.
std::size_t start_of(std::string_view text) {
  return text.size() - without_byte_order_mark(text).size();
}

/// Starts of all keys and values in their order, whether or not the text is JSON.
std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = start_of(text); at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      tokens.push_back({.start = at});
      at = end_of_string(text, at);
    } else if (c == '{' || c == '[') {
      tokens.push_back({.start = at++});
    } else if (ends_literal(c)) {
      ++at;
    } else {
      const std::size_t start = at;
      while (at < text.size() && !ends_literal(text[at])) ++at;
      tokens.push_back({.start = start, .size = at - start});
    }
  }
  return tokens;
}

/// The text with the literals that JSON lacks as zeros of the same length.
std::string without_literals(std::string text, const std::vector<Token>& tokens) {
  constexpr std::array<std::string_view, 3> kLiterals{"Infinity", "-Infinity", "NaN"};
  for (const Token& token : tokens) {
    const auto word = std::string_view{text}.substr(token.start, token.size);
    if (std::find(kLiterals.begin(), kLiterals.end(), word) == kLiterals.end()) continue;
    const auto start = text.begin() + static_cast<std::ptrdiff_t>(token.start);
    std::fill(start, start + static_cast<std::ptrdiff_t>(token.size), ' ');
    *start = '0';
  }
  return text;
}

SourcePos place_in(std::string_view text, std::size_t offset) {
  const std::size_t start = start_of(text);
  const std::string_view before = text.substr(start, std::max(std::min(offset, text.size()), start) - start);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0.
  return {.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          .column = static_cast<int>(before.size() - line_start) + 1};
}

/// Makes nodes of what the parser meets; each event is one more of the tokens.
class NodeMaker : public nlohmann::json_sax<Json> {
 public:
  NodeMaker(Diagnostics& diags, const std::vector<Token>& tokens)
      : diags_{diags}, tokens_{tokens}, line_starts_{start_of(diags.text())} {
    for (std::size_t at = 0; at < diags.text().size(); ++at) {
      if (diags.text()[at] == '\n') line_starts_.push_back(at + 1);
    }
  }

  [[nodiscard]] YamlNode root() && { return std::move(root_); }

  bool null() override { return add(YamlKind::kEmpty) != nullptr; }
  bool boolean(bool /*value*/) override { return add_word(); }
  bool number_integer(number_integer_t /*value*/) override { return add_word(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return add_word(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return add_word(); }
  bool string(string_t& value) override {
    YamlNode* node = add(YamlKind::kScalar);
    if (node == nullptr) return false;
    node->text = value;
    node->quoted = true;
    return true;
  }
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*size*/) override { return open(YamlKind::kMap); }
  bool start_array(std::size_t /*size*/) override { return open(YamlKind::kList); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    const SourcePos pos = next_place();
    Open& map = open_.back();
    if (!map.keys.insert(value).second) {
      diags_.error(pos, fmt::format("key '{}' is given twice", value));
      return false;
    }
    map.node->entries.push_back({value, pos, {}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT"
    const std::string_view what{error.what()};
    const std::size_t colon = what.find(": ");
    diags_.error(
        place_in(diags_.text(), position > 0 ? position - 1 : 0),
        fmt::format("not JSON: {}", colon == std::string_view::npos ? what : what.substr(colon + 2)));
    return false;
  }

 private:
  /// A list or a map that has not ended.
  struct Open {
    YamlNode* node = nullptr;
    std::unordered_set<std::string> keys;  ///< So far, of a map.
  };

  [[nodiscard]] SourcePos next_place() {
    const std::size_t start = tokens_[token_++].start;
    const auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), start) - 1;
    return {.line = static_cast<int>(line - line_starts_.begin()) + 1,
            .column = static_cast<int>(start - *line) + 1};
  }

  /// A new node where the next value goes; null, and an error, if there are too many.
  YamlNode* add(YamlKind kind) {
    const SourcePos pos = next_place();
    if (token_ > kMaxYamlNodes) {
      diags_.error(pos, "more than 300,000 keys and values");
      return nullptr;
    }
    YamlNode* node = &root_;
    if (!open_.empty()) {
      YamlNode& parent = *open_.back().node;
      node = parent.kind == YamlKind::kList ? &parent.items.emplace_back() : &parent.entries.back().value;
    }
    node->kind = kind;
    node->pos = pos;
    return node;
  }

  bool add_word() {
    YamlNode* node = add(YamlKind::kScalar);
    if (node == nullptr) return false;
    const Token& token = tokens_[token_ - 1];
    node->text = diags_.text().substr(token.start, token.size);
    return true;
  }

  bool open(YamlKind kind) {
    YamlNode* node = add(kind);
    if (node == nullptr) return false;
    if (open_.size() >= kMaxDepth) {
      diags_.error(node->pos, fmt::format("values nest deeper than {}", kMaxDepth));
      return false;
    }
    open_.push_back({.node = node, .keys = {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Diagnostics& diags_;
  const std::vector<Token>& tokens_;
  std::size_t token_ = 0;
  std::vector<std::size_t> line_starts_;
  YamlNode root_;
  std::vector<Open> open_;  ///< Around what comes next; these nodes do not move meanwhile.
};

}  // namespace

std::optional<YamlNode> parse_json(Diagnostics& diags) {
  if (diags.text().size() > kMaxYamlBytes) {
    diags.error({}, "larger than 16 MiB");
    return std::nullopt;
  }
  const std::vector<Token> tokens = tokens_of(diags.text());
  NodeMaker maker{diags, tokens};
  const std::string text = without_literals(diags.text(), tokens);
  if (!Json::sax_parse(text, &maker)) return std::nullopt;
  return std::move(maker).root();
}

}  // namespace fusescape
