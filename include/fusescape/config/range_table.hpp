// Which values does an axis hold, as a list or as a range? The keys of `values`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/config/types.hpp"

namespace fusescape {

/// The value of a setting: its text is read when it is applied.
struct SettingText {
  std::string text;
  SourcePos pos;
};
void read_setting_text(const Slot& slot, InputErrors& errors, SettingText& out);
inline constexpr TypeOf<SettingText> kSettingText{
    {.form = TypeSpec::Form::kAny, .name = "value", .example = "64 KiB"}, read_setting_text};

struct RangeFile {
  SettingText from;
  SettingText to;
  std::optional<SettingText> step;
  std::optional<Ratio> factor;
  std::optional<std::int64_t> count;
};
inline constexpr std::int64_t kMostRangeValues = 1'000'000;
inline constexpr std::array kRangeFields{
    required<&RangeFile::from, kSettingText>("from",
                                             "The first value: a number, with its unit if it has one."),
    required<&RangeFile::to, kSettingText>("to", "No value is more than this."),
    optional_field<&RangeFile::step, kSettingText>("step", "`factor` or `count` is given",
                                                   "Added from each value to the next."),
    optional_field<&RangeFile::factor, kRatio>("factor", "`step` or `count` is given",
                                               "Each value times this is the next; more than 1."),
    optional_field<&RangeFile::count, kIntegerIn<2, kMostRangeValues>>(
        "count", "`step` or `factor` is given", "So many values, `from` and `to` included, evenly apart."),
};
inline constexpr SectionSpec kRangeSection{
    "range", "Numbers from `from` up to `to`, each exact in the unit of `from`: `step`, `factor` or `count`.",
    kRangeFields};

/// The values of a range, each as a text that reads back to it exactly. Reports what is wrong, and a value
/// that is no decimal of at most 18 digits, at its key in `range`.
[[nodiscard]] std::vector<SettingText> values_of(const RangeFile& file, const YamlNode& range,
                                                 InputErrors& errors);

/// A text that equal amounts share: `1 MiB` and `1024 KiB`, `0.5` and `0.50`. Any other text is its own.
[[nodiscard]] std::string amount_of(std::string_view text);

/// A list of values, or a range.
inline constexpr TypeOf<std::vector<SettingText>> kAxisValues{
    {.form = TypeSpec::Form::kListOrSection,
     .name = "list or range",
     .item = &kSettingText.spec,
     .section = &kRangeSection},
    [](const Slot& slot, InputErrors& errors, std::vector<SettingText>& out) {
      if (slot.node.kind != YamlKind::kMap) return kListOf<kSettingText>.read(slot, errors, out);
      RangeFile file;
      const std::size_t before = errors.count();
      read_section(slot, kRangeSection, errors, &file);
      if (errors.count() == before) out = values_of(file, slot.node, errors);
    }};

}  // namespace fusescape
