#include "stack_layers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "fusescape/support/suggestion.hpp"

namespace fusescape {
namespace {

/// The keys of a mapping and their values, in an order of their own. (Values of layers are no lists.)
std::string identity_of(const YamlNode& value) {
  if (value.kind != YamlKind::kMap) return value.text;
  std::set<std::string> parts;
  for (const YamlEntry& key : value.entries) {
    if (key.key == "count" || key.key == "letter") continue;
    const std::string text = identity_of(key.value);
    parts.insert(fmt::format("{}:{}={}:{}", key.key.size(), key.key, text.size(), text));
  }
  return fmt::format("{}", fmt::join(parts, "\n"));
}

class LayerList {
 public:
  LayerList(const StackFile& file, Binding& binding)
      : file_{file}, binding_{binding}, entries_{binding.at("layers").items} {}

  [[nodiscard]] ListedLayers listed() {
    if (file_.layers.empty()) errors().at(binding_.at("layers"), "layers: expected at least one");
    for (std::size_t i = 0; i < file_.layers.size(); ++i) {
      kind_of_.push_back(kind_at(i));
      if (file_.layers[i].name) kind_named_.emplace(*file_.layers[i].name, kind_of_.back());
    }
    if (!errors().ok()) return {};
    if (file_.order) {
      order_by_letters();
    } else {
      order_by_counts();
    }
    check_shared();
    name_kinds();
    return {std::move(kinds_), std::move(order_)};
  }

 private:
  [[nodiscard]] InputErrors& errors() { return binding_.errors(); }
  [[nodiscard]] static std::string path_of(std::size_t entry) { return fmt::format("layers[{}]", entry); }

  /// The kind of an entry, which may be a new one; 0 after an error.
  [[nodiscard]] std::size_t kind_at(std::size_t i) {
    const LayerFile& layer = file_.layers[i];
    if (layer.like) return kind_like(i);
    if (!layer.family) {
      errors().at(entries_[i], fmt::format("{}: missing key 'family', or 'like'", path_of(i)));
      return 0;
    }
    const auto [known, is_new] = kind_with_.emplace(identity_of(entries_[i]), kinds_.size());
    if (!is_new) return known->second;
    kinds_.push_back({.name = layer.name.value_or(""),
                      .entry = &entries_[i],
                      .family = family_named(*layer.family, path_of(i)),
                      .copies = layer.shared.value_or(0)});
    if (layer.name) check_unique(i);
    return kinds_.size() - 1;
  }

  [[nodiscard]] const FamilySpec* family_named(const Word& word, const std::string& path) {
    const auto all = families();
    const auto found = std::find_if(all.begin(), all.end(), [&](const FamilySpec& family) {
      return family.table != &kStackTable && family.table->name == word.text;
    });
    if (found != all.end()) return &*found;
    std::vector<std::string_view> words{kFamilyWords.begin(), kFamilyWords.end()};
    std::erase(words, kStackTable.name);
    errors().at(*word.node, fmt::format("{}: no family of layers is '{}'{}", path_below(path, "family"),
                                        word.text, did_you_mean(word.text, words)));
    return nullptr;
  }

  void check_unique(std::size_t i) {
    const std::string& name = *file_.layers[i].name;
    if (!kind_named_.contains(name)) return;
    errors().at(entries_[i], fmt::format("{}: another kind of layers is named '{}'", path_of(i), name));
  }

  [[nodiscard]] std::size_t kind_like(std::size_t i) {
    const Word& like = *file_.layers[i].like;
    for (const YamlEntry& key : entries_[i].entries) {
      if (key.key == "like" || key.key == "count") continue;
      errors().at_key(key, fmt::format("{}: an entry with 'like' has no other key than 'count'",
                                       path_below(path_of(i), key.key)));
    }
    if (const auto named = kind_named_.find(like.text); named != kind_named_.end()) return named->second;
    errors().at(*like.node,
                fmt::format("{}: no earlier entry is named '{}'", path_below(path_of(i), "like"), like.text));
    return 0;
  }

  void order_by_counts() {
    for (std::size_t i = 0; i < kind_of_.size(); ++i) {
      if (file_.layers[i].letter) {
        errors().at(*file_.layers[i].letter->node, fmt::format("{}: without 'order' letters mean nothing",
                                                               path_below(path_of(i), "letter")));
      }
      order_.push_back({.kind = kind_of_[i], .count = file_.layers[i].count.value_or(1)});
    }
  }

  void order_by_letters() {
    std::string letters;
    for (std::size_t i = 0; i < kind_of_.size(); ++i) letters += letter_of(i);
    std::string used;
    for (const char letter : file_.order->text) {
      if (letter == ' ' || letter == '\n' || letter == '\t') continue;
      const std::size_t entry = letters.find(letter);
      if (entry == std::string::npos) {
        errors().at(*file_.order->node, fmt::format("order: no layer has the letter '{}'", letter));
        return;
      }
      order_.push_back({.kind = kind_of_[entry], .count = 1});
      used += letter;
    }
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] == kNoLetter || used.find(letters[i]) != std::string::npos) continue;
      errors().at(binding_.blamed({"order"}, *file_.layers[i].letter->node),
                  fmt::format("{}: 'order' has no '{}'", path_below(path_of(i), "letter"), letters[i]));
    }
  }

  /// kNoLetter after an error.
  [[nodiscard]] char letter_of(std::size_t i) {
    const LayerFile& layer = file_.layers[i];
    if (layer.count) {
      errors().at(*find_value(entries_[i], "count"),
                  fmt::format("{}: 'order' says how many", path_below(path_of(i), "count")));
    }
    if (!layer.letter) {
      errors().at(entries_[i], fmt::format("{}: missing key 'letter', which 'order' needs", path_of(i)));
      return kNoLetter;
    }
    const std::string& text = layer.letter->text;
    const bool is_letter = text.size() == 1 && text.front() > ' ' && text.front() < '\x7f';
    const auto [first, is_new] = entry_with_.emplace(text, i);
    if (!is_new) {
      errors().at(*layer.letter->node,
                  fmt::format("{}: '{}' stands for {} already", path_below(path_of(i), "letter"), text,
                              path_of(first->second)));
      return kNoLetter;
    }
    if (is_letter) return text.front();
    errors().at(*layer.letter->node, fmt::format("{}: expected one visible ASCII character, got '{}'",
                                                 path_below(path_of(i), "letter"), text));
    return kNoLetter;
  }

  /// More sets of weights than layers would be sets that no layer uses.
  void check_shared() {
    std::vector<std::int64_t> layers(kinds_.size());
    for (const LayerRun& run : order_) layers[run.kind] += run.count;
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
      if (kinds_[k].copies <= layers[k]) continue;
      errors().at(*find_value(*kinds_[k].entry, "shared"),
                  fmt::format("{}: {} sets of weights for {} layers",
                              path_below(path_of(static_cast<std::size_t>(kinds_[k].entry - entries_.data())),
                                         "shared"),
                              kinds_[k].copies, layers[k]));
    }
  }

  /// A kind without a name has that of its family, with a number where that is taken.
  void name_kinds() {
    std::set<std::string> taken;
    for (const ListedKind& kind : kinds_) taken.insert(kind.name);
    std::map<std::string_view, int> last_number;
    for (ListedKind& kind : kinds_) {
      if (!kind.name.empty()) continue;
      const std::string_view family = kind.family->table->name;
      int& number = last_number[family];
      do {
        ++number;
        kind.name = number == 1 ? std::string{family} : fmt::format("{}-{}", family, number);
      } while (taken.contains(kind.name));
      taken.insert(kind.name);
    }
  }

  static constexpr char kNoLetter = '\0';

  const StackFile& file_;
  Binding& binding_;
  const std::vector<YamlNode>& entries_;
  std::vector<std::size_t> kind_of_;                         ///< Per entry.
  std::unordered_map<std::string, std::size_t> kind_with_;   ///< Of an identity: equal ones are one kind.
  std::unordered_map<std::string, std::size_t> kind_named_;  ///< Of the name of an entry so far.
  std::unordered_map<std::string, std::size_t> entry_with_;  ///< The first with a letter.
  std::vector<ListedKind> kinds_;
  std::vector<LayerRun> order_;
};

}  // namespace

ListedLayers listed_layers(const StackFile& file, Binding& binding) {
  return LayerList{file, binding}.listed();
}

}  // namespace fusescape
