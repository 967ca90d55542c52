// Which keys may a mapping have, and where does each value go? The one declarative form of every file kind.
//
// A SectionSpec is a list of FieldSpecs; reading, error messages, docs/formats.md and the JSON Schemas all
// come from it. To add a key: one line in the kind's table (include/fusescape/config/*_fields.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "fusescape/config/scalars.hpp"
#include "fusescape/config/yaml_document.hpp"
#include "fusescape/support/diagnostics.hpp"

namespace fusescape {

/// An error that an override (--set) caused: which one, and why.
struct OverrideError {
  std::size_t override_index = 0;
  std::string message;
};

/// Collects what is wrong with one file. A fault in a value that an override put there is the override's.
class InputErrors {
 public:
  explicit InputErrors(Diagnostics& file) : file_{file} {}

  void at(const YamlNode& node, std::string message);
  void at_key(const YamlEntry& entry, std::string message);
  [[nodiscard]] bool ok() const { return count() == 0; }
  [[nodiscard]] std::size_t count() const { return file_.errors().size() + overrides_.size(); }
  /// True if a fault was reported at `node` or below it.
  [[nodiscard]] bool inside(const YamlNode& node) const;
  [[nodiscard]] const std::vector<OverrideError>& overrides() const { return overrides_; }

 private:
  Diagnostics& file_;
  std::vector<OverrideError> overrides_;
  std::unordered_set<const YamlNode*> faulty_;  ///< Only compared.
};

/// A value to be read, and how to name it in a message: "sram.capacity".
struct Slot {
  const YamlNode& node;
  std::string path;
};

struct SectionSpec;

/// The shape of a value, for documentation and JSON Schema.
struct TypeSpec {
  enum class Form : unsigned char {
    kText,
    kWord,  ///< One of `words`.
    kBoolean,
    kInteger,  ///< From `min`.
    kNumber,
    kQuantity,  ///< With one of `units`, or one of `words`.
    kList,      ///< Of `item`.
    kMap,       ///< From words (any if `words` is empty) to `item`.
    kSection,
    kNode,           ///< A name, or a `section`.
    kListOrSection,  ///< A list of `item`, or a `section`.
    kAny,            ///< Any single value.
  } form = Form::kText;
  std::string_view name{};     ///< "bytes"
  std::string_view example{};  ///< "24 MiB"
  std::span<const std::string_view> words{};
  std::span<const Unit> units{};
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  const TypeSpec* item = nullptr;
  const SectionSpec* section = nullptr;
};

/// A shape with the function that reads it into a T. On a fault that function reports it and leaves `out`.
template <class T>
struct TypeOf {
  using Value = T;
  TypeSpec spec;
  void (*read)(const Slot& slot, InputErrors& errors, T& out);
};

struct FieldSpec {
  std::string_view key;
  const TypeSpec* type = nullptr;
  bool required = false;
  std::string_view fallback;  ///< What an absent key means, in words.
  std::string_view doc;
  /// Reads into the struct that `owner` points to; null for a key that is checked elsewhere.
  void (*read)(const Slot& slot, InputErrors& errors, void* owner) = nullptr;
  std::string_view rank{};     ///< The rank letter that names this field in --set, if there is one.
  bool reach_through = false;  ///< --set names the keys inside this mapping without its own key.
  bool full_path = false;      ///< Inside such a mapping: --set needs the mapping's key all the same.
};

struct SectionSpec {
  std::string_view name;
  std::string_view doc;
  std::span<const FieldSpec> fields;
  bool open = false;  ///< It may hold other keys, which are read elsewhere.
};

/// Reports unknown, missing and empty keys of a mapping, and reads the others into `owner`.
void read_section(const Slot& slot, const SectionSpec& section, InputErrors& errors, void* owner);

/// The path of `key` below `path`.
[[nodiscard]] std::string path_below(const std::string& path, std::string_view key);

/// Reports unless `slot` is of `kind`; `what` completes "expected".
[[nodiscard]] bool expect_kind(const Slot& slot, YamlKind kind, std::string_view what, InputErrors& errors);

namespace detail {
template <class M>
struct MemberOf;
template <class Owner, class T>
struct MemberOf<T Owner::*> {
  using OwnerType = Owner;
};

template <class Owner, auto Member, const auto& Type>
void read_member(const Slot& slot, InputErrors& errors, void* owner) {
  auto& member = static_cast<Owner*>(owner)->*Member;
  using Value = typename std::remove_cvref_t<decltype(Type)>::Value;
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, std::optional<Value>>) {
    Type.read(slot, errors, member.emplace());
  } else {
    Type.read(slot, errors, member);
  }
}

template <auto Member>
using OwnerOf = typename MemberOf<decltype(Member)>::OwnerType;
}  // namespace detail

/// A key that must be there, read into `Member`. `Owner` is the struct that is read; it may inherit the
/// member.
template <auto Member, const auto& Type, class Owner = detail::OwnerOf<Member>>
constexpr FieldSpec required(std::string_view key, std::string_view doc, std::string_view rank = {}) {
  return {key, &Type.spec, true, {}, doc, detail::read_member<Owner, Member, Type>, rank, false, false};
}

/// A key that may be absent; `fallback` says what that means.
template <auto Member, const auto& Type, class Owner = detail::OwnerOf<Member>>
constexpr FieldSpec optional_field(std::string_view key, std::string_view fallback, std::string_view doc,
                                   std::string_view rank = {}) {
  return {key,  &Type.spec, false, fallback, doc, detail::read_member<Owner, Member, Type>,
          rank, false,      false};
}

/// The fields of several arrays, one after another.
template <std::size_t... N>
constexpr auto joined(const std::array<FieldSpec, N>&... parts) {
  std::array<FieldSpec, (N + ...)> all{};
  std::size_t at = 0;
  const auto append = [&](const auto& part) {
    for (const FieldSpec& field : part) all[at++] = field;
  };
  (append(parts), ...);
  return all;
}

/// The same field, whose own keys --set names directly.
constexpr FieldSpec reached_through(FieldSpec field) {
  field.reach_through = true;
  return field;
}

/// The same field, which --set names by its full path only: alone, its key would be read as something else.
constexpr FieldSpec by_full_path(FieldSpec field) {
  field.full_path = true;
  return field;
}

/// A mapping with the keys of `Section`, read into an S.
template <class S, const SectionSpec& Section>
inline constexpr TypeOf<S> kSectionOf{
    {.form = TypeSpec::Form::kSection, .name = Section.name, .section = &Section},
    [](const Slot& slot, InputErrors& errors, S& out) { read_section(slot, Section, errors, &out); }};

/// A list whose entries are each an `Item`.
template <const auto& Item, class T = typename std::remove_cvref_t<decltype(Item)>::Value>
inline constexpr TypeOf<std::vector<T>> kListOf{
    {.form = TypeSpec::Form::kList, .name = "list", .item = &Item.spec},
    [](const Slot& slot, InputErrors& errors, std::vector<T>& out) {
      if (!expect_kind(slot, YamlKind::kList, "a list", errors)) return;
      out.clear();
      for (const YamlNode& item : slot.node.items) {
        const std::string path = slot.path + "[" + std::to_string(out.size()) + "]";
        out.emplace_back();
        if (item.kind != YamlKind::kEmpty) Item.read({item, path}, errors, out.back());  // Reported already.
      }
    }};

/// One key of a map whose keys are the user's words.
template <class T>
struct Named {
  const YamlEntry* entry = nullptr;
  T value{};
};

/// A mapping from any words to `Item`s.
template <const auto& Item, class T = typename std::remove_cvref_t<decltype(Item)>::Value>
inline constexpr TypeOf<std::vector<Named<T>>> kMapOf{
    {.form = TypeSpec::Form::kMap, .name = "mapping", .item = &Item.spec},
    [](const Slot& slot, InputErrors& errors, std::vector<Named<T>>& out) {
      if (!expect_kind(slot, YamlKind::kMap, "a mapping", errors)) return;
      out.clear();
      for (const YamlEntry& entry : slot.node.entries) {
        out.push_back({&entry, T{}});
        Item.read({entry.value, path_below(slot.path, entry.key)}, errors, out.back().value);
      }
    }};

/// Reports the keys of `map` that are not among `words`; `what` is what a word names.
void expect_words(const Slot& map, std::span<const std::string_view> words, std::string_view what,
                  InputErrors& errors);

/// Same, from `Words`; `What` is what a word names.
template <const auto& Item, const auto& Words, const std::string_view& What,
          class T = typename std::remove_cvref_t<decltype(Item)>::Value>
inline constexpr TypeOf<std::vector<Named<T>>> kMapFrom{
    {.form = TypeSpec::Form::kMap, .name = "mapping", .words = Words, .item = &Item.spec},
    [](const Slot& slot, InputErrors& errors, std::vector<Named<T>>& out) {
      kMapOf<Item>.read(slot, errors, out);
      expect_words(slot, Words, What, errors);
    }};

}  // namespace fusescape
