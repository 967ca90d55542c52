// Which values does `{from: 64 KiB, to: 24 MiB, factor: 2}` hold?
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "fusescape/config/range_table.hpp"

namespace fusescape {
namespace {

/// Units that measure the same thing. A range may mix those of one row.
constexpr std::array<std::span<const Unit>, 7> kFamilies{
    kByteUnits, kCycleRateUnits, kSecondRateUnits, kClockUnits, kExactAreaUnits, kCycleUnits, kBitUnits};

/// Null: none of them has that name.
const Unit* find_unit(std::span<const Unit> family, std::string_view name) {
  const auto found =
      std::find_if(family.begin(), family.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == family.end() ? nullptr : &*found;
}

/// One unit of `of` in units of `in`; none if they do not measure the same thing.
std::optional<Ratio> ratio_of_units(std::string_view of, std::string_view in) {
  if (of == in) return Ratio{1};
  for (const std::span<const Unit> family : kFamilies) {
    const Unit* first = find_unit(family, of);
    const Unit* second = find_unit(family, in);
    if (first == nullptr || second == nullptr) continue;
    return Ratio::of(Int128{first->numerator} * second->denominator,
                     Int128{first->denominator} * second->numerator);
  }
  return std::nullopt;
}

/// "0.125": at most 18 digits, none if there are more.
std::optional<std::string> decimal_text(const Ratio& number) {
  constexpr int kMostPlaces = 17;
  Ratio scaled = number;
  for (int places = 0; places <= kMostPlaces; ++places) {
    if (scaled.denominator() == 1) {
      std::string digits = fmt::format("{:0{}}", scaled.numerator(), places + 1);
      if (digits.size() > 18) return std::nullopt;
      if (places > 0) digits.insert(digits.size() - static_cast<std::size_t>(places), 1, '.');
      return digits;
    }
    const auto next = product(scaled, Ratio{10});
    if (!next) return std::nullopt;
    scaled = *next;
  }
  return std::nullopt;
}

/// A clause that names a unit in which an amount of so many `unit` has few enough digits, if one does.
std::string hint_of_unit(const Ratio& amount, std::string_view unit) {
  for (const std::span<const Unit> family : kFamilies) {
    if (find_unit(family, unit) == nullptr) continue;
    for (const Unit& other : family) {
      const auto scale = ratio_of_units(unit, other.name);
      const auto scaled = scale ? product(amount, *scale) : std::nullopt;
      if (scaled && decimal_text(*scaled)) return fmt::format("; write 'from' in {}", other.name);
    }
  }
  return {};
}

/// "64 KiB" as "64" and "KiB".
std::pair<std::string_view, std::string_view> number_and_unit(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of(".0123456789"), text.size());
  return {text.substr(0, end), text.substr(std::min(text.find_first_not_of(' ', end), text.size()))};
}

/// Reads the amounts of one range and makes its values, all in the unit of `from`.
class Range {
 public:
  Range(const RangeFile& file, const YamlNode& node, InputErrors& errors)
      : file_{file}, node_{node}, errors_{errors} {}

  std::vector<SettingText> values() {
    const int ways = static_cast<int>(file_.step.has_value()) + static_cast<int>(file_.factor.has_value()) +
                     static_cast<int>(file_.count.has_value());
    if (ways != 1) {
      errors_.at(node_, "range: expected one of 'step', 'factor' and 'count'");
      return {};
    }
    const std::size_t before = errors_.count();
    const Ratio from = number("from", file_.from);
    const Ratio to = number("to", file_.to);
    if (file_.step) step_ = number("step", *file_.step);
    if (errors_.count() != before) return {};
    if (to < from) {
      fail("to", fmt::format("{} is less than {}", file_.to.text, file_.from.text));
    } else if (file_.step && step_ <= Ratio{0}) {
      fail("step", "expected more than 0");
    } else if (file_.factor && (*file_.factor <= Ratio{1} || from <= Ratio{0})) {
      fail(from <= Ratio{0} ? "from" : "factor",
           from <= Ratio{0} ? "a factor needs a first value above 0" : "expected more than 1");
    } else if (file_.count && (to == from || !spread(from, to))) {
      fail("count", to == from ? "there is one value only" : "too many digits");
    } else {
      add_values(from, to);
    }
    return std::move(values_);
  }

 private:
  /// The node of a key that the range has.
  void fail(std::string_view key, std::string_view why) {
    errors_.at(*find_value(node_, key), fmt::format("range.{}: {}", key, why));
  }

  /// In the unit of `from`.
  Ratio number(std::string_view key, const SettingText& value) {
    const auto [digits, unit] = number_and_unit(value.text);
    const auto parsed = parse_decimal(digits);
    if (!parsed) {
      fail(key, fmt::format("'{}' is not a number, nor a quantity such as '64 KiB'", value.text));
      return {};
    }
    if (key == "from") unit_ = unit;
    const auto scale = ratio_of_units(unit, unit_);
    const auto scaled = scale ? product(*parsed, *scale) : std::nullopt;
    if (scaled) return *scaled;
    fail(key, scale ? fmt::format("'{}' has too many digits in {}", value.text, unit_)
                    : fmt::format("'{}' does not go with '{}'", value.text, file_.from.text));
    return {};
  }

  bool spread(const Ratio& from, const Ratio& to) {
    const auto all = difference(to, from);
    const auto one = all ? quotient(*all, Ratio{*file_.count - 1}) : std::nullopt;
    step_ = one.value_or(Ratio{});
    return one.has_value();
  }

  void add_values(const Ratio& from, const Ratio& to) {
    const std::string_view key = file_.step ? "step" : file_.factor ? "factor" : "count";
    std::optional<Ratio> value = from;
    while (value && *value <= to) {
      const auto text = decimal_text(*value);
      if (!text || static_cast<std::int64_t>(values_.size()) == kMostRangeValues) {
        fail(key, text ? fmt::format("more than {} values", kMostRangeValues)
                       : fmt::format("value {} is not exact in {}{}", values_.size() + 1,
                                     unit_.empty() ? "decimals" : unit_, hint_of_unit(*value, unit_)));
        return;
      }
      values_.push_back({unit_.empty() ? *text : fmt::format("{} {}", *text, unit_), node_.pos});
      value = file_.factor ? product(*value, *file_.factor) : sum(*value, step_);
    }
    if (!value) fail(key, fmt::format("value {} has too many digits", values_.size() + 1));
  }

  const RangeFile& file_;
  const YamlNode& node_;
  InputErrors& errors_;
  std::string_view unit_;  ///< Of `from`.
  Ratio step_{};
  std::vector<SettingText> values_;
};

}  // namespace

std::string amount_of(std::string_view text) {
  const auto [digits, unit] = number_and_unit(text);
  const auto number = parse_decimal(digits);
  if (!number) return std::string{text};
  std::string_view base = unit;
  for (const std::span<const Unit> family : kFamilies) {
    if (find_unit(family, unit) != nullptr) base = family.front().name;
  }
  const auto scale = ratio_of_units(unit, base);
  const auto amount = scale ? product(*number, *scale) : std::nullopt;
  if (!amount) return std::string{text};
  return fmt::format("{}/{} {}", amount->numerator(), amount->denominator(), base);
}

std::vector<SettingText> values_of(const RangeFile& file, const YamlNode& range, InputErrors& errors) {
  return Range{file, range, errors}.values();
}

}  // namespace fusescape
