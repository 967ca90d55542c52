#include "fusescape/config/yaml_document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "fusescape/config/yaml_text.hpp"
#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kNoAliases = "aliases (*name) are not supported; write the value out";

SourcePos pos_of(const YAML::Mark& mark) {
  return mark.is_null() ? SourcePos{} : SourcePos{mark.line + 1, mark.column + 1};
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kReasons{{
    {"end of map not found", "expected another key, or the end of the mapping; is the indentation right?"},
    {"illegal map value",
     "a second ':' on this line, or a key that is indented too far; put texts with ': ' in quotes"},
    {"end of sequence flow not found", "expected ',' or the ']' of this list"},
    {"end of map flow not found", "expected ',' or the '}' of this mapping"},
}};

/// yaml-cpp's reason in our words, where ours say more.
Diagnostic explain(const YAML::Exception& error, std::string_view text) {
  if (error.msg == "illegal EOF in scalar") {
    return {find_open_quote(text).value_or(pos_of(error.mark)), "this quote is never closed"};
  }
  if (error.msg == "the referenced anchor is not defined")
    return {pos_of(error.mark), std::string{kNoAliases}};
  for (const auto& [theirs, ours] : kReasons) {
    if (error.msg == theirs) return {pos_of(error.mark), "not YAML: " + std::string{ours}};
  }
  return {pos_of(error.mark), "not YAML: " + error.msg};
}

/// Builds the tree from yaml-cpp's events, which keep duplicate keys and never expand an alias.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Diagnostics& diags) : diags_{diags}, text_{without_byte_order_mark(diags.text())} {}

  [[nodiscard]] YamlNode take() { return std::move(root_); }
  [[nodiscard]] bool usable() const { return usable_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const bool announced =
        !mark.is_null() && text_.substr(std::min(offset_of(mark), text_.size()), 3) == "---";
    refuse(mark, announced ? "a second document; a file holds one"
                           : "not YAML: the document has ended, and this is no part of it");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_properties(mark, "", anchor);
    attach(node_at(mark, YamlKind::kEmpty));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, std::string{kNoAliases});
    attach(node_at(mark, YamlKind::kScalar));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const char first = char_at(mark);
    const bool quoted = first == '"' || first == '\'';
    const bool block = first == '|' || first == '>';
    check_properties(mark, tag == "!" && (quoted || block) ? "" : tag, anchor);
    if (quoted && !is_closed_quote(text_, offset_of(mark))) refuse(mark, "this quote is never closed");
    if (value.find('\0') != std::string::npos)
      refuse(mark, "the character NUL, which no name or path can hold");
    YamlNode node = node_at(mark, YamlKind::kScalar);
    node.text = value;
    node.quoted = quoted || block;
    attach(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check_properties(mark, tag, anchor);
    open_.push_back({node_at(mark, YamlKind::kList), {}});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check_properties(mark, tag, anchor);
    open_.push_back({node_at(mark, YamlKind::kMap), {}});
  }
  void OnMapEnd() override {
    report_duplicates(open_.back().node);
    close();
  }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlEntry> entry;  ///< Of a map: its key has been read, its value has not.
  };

  YamlNode node_at(const YAML::Mark& mark, YamlKind kind) {
    if (++nodes_ > kMaxYamlNodes) {
      const std::string why = fmt::format("the file has more than {} keys and values", kMaxYamlNodes);
      if (nodes_ == kMaxYamlNodes + 1) refuse(mark, why);
      throw YAML::Exception(mark, why);  // The only way to end the parser early.
    }
    YamlNode node;
    node.kind = kind;
    node.pos = pos_of(mark);
    return node;
  }

  [[nodiscard]] static std::size_t offset_of(const YAML::Mark& mark) {
    return static_cast<std::size_t>(mark.pos);
  }
  [[nodiscard]] char char_at(const YAML::Mark& mark) const {
    return mark.is_null() || offset_of(mark) >= text_.size() ? '\0' : text_[offset_of(mark)];
  }

  void refuse(const YAML::Mark& mark, std::string message) {
    usable_ = false;
    diags_.error(pos_of(mark), std::move(message));
  }

  void check_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors (&name) are not supported");
    if (!tag.empty() && tag != "?") refuse(mark, "tags (!name) are not supported");
  }

  void attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlKind::kList) {
      if (node.kind == YamlKind::kEmpty) diags_.error(node.pos, "an empty list entry");
      parent.node.items.push_back(std::move(node));
    } else if (!parent.entry) {
      if (node.kind != YamlKind::kScalar) diags_.error(node.pos, "a key must be a word");
      const bool merges = node.text == "<<" && !node.quoted;
      if (merges) diags_.error(node.pos, "merge keys (<<) are not supported");
      usable_ = usable_ && node.kind == YamlKind::kScalar && !merges;
      parent.entry = YamlEntry{std::move(node.text), node.pos, {}};
    } else {
      if (node.kind == YamlKind::kEmpty) node.pos = parent.entry->pos;  // yaml-cpp gives what follows.
      parent.entry->value = std::move(node);
      parent.node.entries.push_back(std::move(*parent.entry));
      parent.entry.reset();
    }
  }

  void close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    attach(std::move(node));
  }

  void report_duplicates(const YamlNode& map) {
    std::unordered_set<std::string_view> seen;
    for (const YamlEntry& entry : map.entries) {
      if (!seen.insert(entry.key).second)
        diags_.error(entry.pos, fmt::format("key '{}' is given twice", printable(entry.key)));
    }
  }

  Diagnostics& diags_;
  std::string_view text_;
  std::vector<Open> open_;
  YamlNode root_;
  int documents_ = 0;
  std::size_t nodes_ = 0;
  bool usable_ = true;
};

}  // namespace

const YamlNode* find_value(const YamlNode& map, std::string_view key) {
  for (const YamlEntry& entry : map.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlNode* find_value(YamlNode& map, std::string_view key) {
  return const_cast<YamlNode*>(find_value(std::as_const(map), key));  // NOLINT: the map itself is not const.
}

std::optional<YamlNode> parse_yaml(Diagnostics& diags) {
  if (!check_yaml_text(diags)) return std::nullopt;
  TreeBuilder builder{diags};
  std::istringstream in{diags.text()};
  try {
    YAML::Parser parser{in};
    // Once it is refused, no further: on a stray ',' yaml-cpp finds empty documents for ever.
    while (builder.usable() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    if (diags.ok() || builder.usable()) {  // Otherwise the cause has already been named.
      Diagnostics only{diags.file(), diags.text()};
      Diagnostic reason = explain(error, without_byte_order_mark(diags.text()));
      only.error(reason.pos, std::move(reason.message));
      diags = std::move(only);
    }
    return std::nullopt;
  }
  YamlNode root = builder.take();
  if (builder.usable() && root.kind == YamlKind::kEmpty) {
    diags.error({}, "the file is empty");
    return std::nullopt;
  }
  return builder.usable() ? std::optional{std::move(root)} : std::nullopt;
}

}  // namespace fusescape
