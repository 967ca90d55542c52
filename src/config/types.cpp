#include "fusescape/config/types.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "fusescape/config/name.hpp"

namespace fusescape {
namespace {

bool is_scalar(const Slot& slot, std::string_view what, InputErrors& errors) {
  return expect_kind(slot, YamlKind::kScalar, what, errors);
}

/// Like is_scalar, for values that quotes would turn into text.
bool is_plain(const Slot& slot, std::string_view what, InputErrors& errors) {
  if (!is_scalar(slot, what, errors)) return false;
  if (!slot.node.quoted) return true;
  errors.at(slot.node, fmt::format("{}: expected {}, got quoted text", slot.path, what));
  return false;
}

void report(const Slot& slot, InputErrors& errors, std::string_view why, std::string_view what) {
  errors.at(slot.node, fmt::format("{}: {}; expected {}", slot.path, why, what));
}

/// Never null: at most 18 digits above a power of ten of at most 18 places.
std::optional<Ratio> ratio_of(Decimal decimal) {
  std::int64_t power = 1;
  for (int i = 0; i < decimal.places; ++i) power *= 10;
  return Ratio::of(decimal.digits, power);
}

}  // namespace

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

std::optional<std::string> fault_of_name(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= kLongestName;
  if (fits && std::all_of(text.begin(), text.end(), is_name_character)) return std::nullopt;
  return fmt::format("a name has 1 to {} letters, digits, '.', '_' and '-'", kLongestName);
}

std::int64_t bits_per_cycle(Bandwidth bandwidth, std::int64_t clock_hz) {
  return bandwidth.per_second ? bandwidth.bits / clock_hz : bandwidth.bits;
}

void read_text(const Slot& slot, InputErrors& errors, std::string& out) {
  if (!is_scalar(slot, "a text", errors)) return;
  if (slot.node.text.empty()) {
    errors.at(slot.node, slot.path + ": expected a text, got an empty one");
  } else {
    out = slot.node.text;
  }
}

void read_name(const Slot& slot, InputErrors& errors, std::string& out) {
  if (!is_scalar(slot, "a name", errors)) return;
  if (const auto fault = fault_of_name(slot.node.text)) {
    errors.at(slot.node, fmt::format("{}: {}", slot.path, *fault));
  } else {
    out = slot.node.text;
  }
}

void read_word(const Slot& slot, InputErrors& errors, Word& out) {
  read_name(slot, errors, out.text);
  out.node = &slot.node;
}

void read_boolean(const Slot& slot, InputErrors& errors, bool& out) {
  constexpr std::string_view kWhat = "true or false";
  if (!is_plain(slot, kWhat, errors)) return;
  const std::string& text = slot.node.text;
  if (text == "true" || text == "false") {
    out = text == "true";
  } else {
    errors.at(slot.node, fmt::format("{}: expected {}, got '{}'", slot.path, kWhat, text));
  }
}

void read_integer(const Slot& slot, InputErrors& errors, std::int64_t& out, std::int64_t min,
                  std::int64_t max) {
  const std::string what = fmt::format("a whole number from {}", min);
  if (!is_plain(slot, what, errors)) return;
  if (const auto value = parse_integer(slot.node.text, min, max)) {
    out = *value;
  } else {
    report(slot, errors, value.error(), what);
  }
}

void read_ratio(const Slot& slot, InputErrors& errors, Ratio& out) {
  constexpr std::string_view kWhat = "a number such as '0.8'";
  if (!is_plain(slot, kWhat, errors)) return;
  const auto value = parse_exact(slot.node.text);
  if (!value) {
    report(slot, errors, value.error(), kWhat);
  } else if (const auto ratio = ratio_of(*value)) {
    out = *ratio;
  }
}

void read_share(const Slot& slot, InputErrors& errors, Ratio& out) {
  const std::size_t before = errors.count();
  Ratio share;
  read_ratio(slot, errors, share);
  if (errors.count() != before) return;
  if (share > Ratio{0} && share <= Ratio{1}) {
    out = share;
  } else {
    errors.at(slot.node, slot.path + ": expected more than 0 and at most 1");
  }
}

void read_bandwidth(const Slot& slot, InputErrors& errors, Bandwidth& out) {
  const std::string what = fmt::format("a bandwidth {}, or 'unlimited'", such_as("256 GB/s", kRateUnits));
  if (!is_scalar(slot, what, errors)) return;
  const std::string& text = slot.node.text;
  if (text == "unlimited") {
    out = {};
    return;
  }
  const bool per_second = text.size() > 2 && text.substr(text.size() - 2) == "/s";
  const auto value =
      parse_whole(text, per_second ? std::span<const Unit>{kSecondRateUnits} : kCycleRateUnits);
  if (!value) {
    const bool in_bits = per_second && value.error().find("whole number of") != std::string::npos;
    report(slot, errors, in_bits ? fmt::format("'{}' is not a whole number of bit/s", text) : value.error(),
           what);
  } else if (*value == 0) {
    report(slot, errors, fmt::format("'{}' moves nothing", text), what);
  } else {
    out = {*value, per_second};
  }
}

std::optional<std::int64_t> read_whole(const Slot& slot, InputErrors& errors, const WholeQuantity& quantity) {
  const std::string what = fmt::format("{} {}", quantity.name, such_as(quantity.example, quantity.units));
  if (!is_scalar(slot, what, errors)) return std::nullopt;
  const auto value = parse_whole(slot.node.text, quantity.units);
  if (!value) {
    report(slot, errors, value.error(), what);
  } else if (*value < quantity.min || *value > quantity.max) {
    const bool low = *value < quantity.min;
    report(slot, errors,
           fmt::format("'{}' is {} than {} {}", slot.node.text, low ? "less" : "more",
                       low ? quantity.min : quantity.max, quantity.units.front().name),
           what);
  } else {
    return *value;
  }
  return std::nullopt;
}

std::optional<double> read_measure(const Slot& slot, InputErrors& errors, const MeasureSpec& measure) {
  const std::string what = fmt::format("{} {}", measure.name, such_as(measure.example, measure.units));
  if (!is_scalar(slot, what, errors)) return std::nullopt;
  const auto value = parse_measure(slot.node.text, measure.units);
  if (value && *value > 0.0) return *value;
  report(slot, errors,
         value ? fmt::format("'{}' is zero; leave out what has no number", slot.node.text) : value.error(),
         what);
  return std::nullopt;
}

std::optional<std::size_t> read_choice(const Slot& slot, InputErrors& errors,
                                       std::span<const std::string_view> words) {
  const std::string what = fmt::format("one of {}", fmt::join(words, ", "));
  if (!is_scalar(slot, what, errors)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), slot.node.text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  report(slot, errors, fmt::format("unknown word '{}'", slot.node.text.substr(0, 60)),
         what + did_you_mean(slot.node.text, words));
  return std::nullopt;
}

}  // namespace fusescape
