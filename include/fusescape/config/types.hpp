// Which scalar values do our files have, and what do their texts look like? The types that every table uses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fusescape/config/field.hpp"
#include "fusescape/support/data_type.hpp"
#include "fusescape/support/op_kind.hpp"
#include "fusescape/support/ratio.hpp"
#include "fusescape/support/time.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// A word with its place, for names that are looked up after reading.
struct Word {
  std::string text;
  const YamlNode* node = nullptr;
};

/// A transfer rate as written; per second it depends on a clock. No bits: unlimited.
struct Bandwidth {
  std::int64_t bits = 0;
  bool per_second = false;
};

/// An area in whole um2, so that it stays exact.
struct SquareMicrometres {
  std::int64_t value = 0;
};

/// Whole bits per cycle of `clock_hz`, rounded down.
[[nodiscard]] std::int64_t bits_per_cycle(Bandwidth bandwidth, std::int64_t clock_hz);

// Units, each list with its base unit first.
inline constexpr std::array kByteUnits{Unit{"B", 1},
                                       Unit{"KiB", 1LL << 10},
                                       Unit{"MiB", 1LL << 20},
                                       Unit{"GiB", 1LL << 30},
                                       Unit{"TiB", 1LL << 40},
                                       Unit{"KB", 1000},
                                       Unit{"MB", 1000LL * 1000},
                                       Unit{"GB", 1000LL * 1000 * 1000}};
inline constexpr std::array kCycleRateUnits{Unit{"bit/cycle", 1}, Unit{"B/cycle", 8}};
inline constexpr std::array kSecondRateUnits{
    Unit{"Mbit/s", 1000LL * 1000}, Unit{"Gbit/s", 1000LL * 1000 * 1000}, Unit{"MB/s", 8000LL * 1000},
    Unit{"GB/s", 8000LL * 1000 * 1000}, Unit{"TB/s", 8000LL * 1000 * 1000 * 1000}};
inline constexpr std::array kRateUnits{Unit{"bit/cycle"}, Unit{"B/cycle"}, Unit{"Mbit/s"}, Unit{"Gbit/s"},
                                       Unit{"MB/s"},      Unit{"GB/s"},    Unit{"TB/s"}};
inline constexpr std::array kClockUnits{Unit{"Hz", 1}, Unit{"kHz", 1000}, Unit{"MHz", 1000LL * 1000},
                                        Unit{"GHz", 1000LL * 1000 * 1000}};
inline constexpr std::array kCycleUnits{Unit{"cycles"}, Unit{"cycle"}};
inline constexpr std::array kBitUnits{Unit{"bit"}};
inline constexpr std::array kNodeUnits{Unit{"nm"}};
inline constexpr std::array kAreaUnits{Unit{"mm2"}, Unit{"um2", 1, 1000LL * 1000}};
inline constexpr std::array kExactAreaUnits{Unit{"um2"}, Unit{"mm2", 1000LL * 1000}};
inline constexpr std::array kDensityUnits{Unit{"mm2/MiB"}};
inline constexpr std::array kEnergyUnits{Unit{"pJ"}, Unit{"fJ", 1, 1000}, Unit{"nJ", 1000}};
inline constexpr std::array kBitEnergyUnits{Unit{"pJ/bit"}, Unit{"fJ/bit", 1, 1000}};
inline constexpr std::array kWireEnergyUnits{Unit{"pJ/bit/mm"}, Unit{"fJ/bit/mm", 1, 1000}};
inline constexpr std::array kPowerUnits{Unit{"W"}, Unit{"mW", 1, 1000}, Unit{"uW", 1, 1000LL * 1000}};

inline constexpr std::array<std::string_view, 2> kOperandLoadWords{"serial", "concurrent"};
inline constexpr std::array<std::string_view, 1> kUnlimited{"unlimited"};

// Readers of scalars; each reports a fault and leaves `out`.
void read_text(const Slot& slot, InputErrors& errors, std::string& out);
void read_name(const Slot& slot, InputErrors& errors, std::string& out);
void read_word(const Slot& slot, InputErrors& errors, Word& out);
void read_boolean(const Slot& slot, InputErrors& errors, bool& out);
void read_integer(const Slot& slot, InputErrors& errors, std::int64_t& out, std::int64_t min,
                  std::int64_t max);
void read_ratio(const Slot& slot, InputErrors& errors, Ratio& out);
/// A ratio in (0, 1].
void read_share(const Slot& slot, InputErrors& errors, Ratio& out);
void read_bandwidth(const Slot& slot, InputErrors& errors, Bandwidth& out);

/// A whole number of base units from `min`.
struct WholeQuantity {
  std::string_view name;
  std::string_view example;
  std::span<const Unit> units;
  std::int64_t min = 1;
  std::int64_t max = std::int64_t{1} << 50U;
};
[[nodiscard]] std::optional<std::int64_t> read_whole(const Slot& slot, InputErrors& errors,
                                                     const WholeQuantity& quantity);
/// Position in `words`.
[[nodiscard]] std::optional<std::size_t> read_choice(const Slot& slot, InputErrors& errors,
                                                     std::span<const std::string_view> words);

inline constexpr TypeOf<std::string> kText{{.form = TypeSpec::Form::kText, .name = "text"}, read_text};
inline constexpr TypeOf<std::string> kName{
    {.form = TypeSpec::Form::kText, .name = "name", .example = "mamba-2.8b"}, read_name};
inline constexpr TypeOf<Word> kWord{{.form = TypeSpec::Form::kText, .name = "name"}, read_word};
/// A text with its place.
inline constexpr TypeOf<Word> kTextAt{{.form = TypeSpec::Form::kText, .name = "text"},
                                      [](const Slot& slot, InputErrors& errors, Word& out) {
                                        read_text(slot, errors, out.text);
                                        out.node = &slot.node;
                                      }};
inline constexpr TypeOf<bool> kBoolean{{.form = TypeSpec::Form::kBoolean, .name = "true or false"},
                                       read_boolean};
inline constexpr TypeOf<Ratio> kRatio{{.form = TypeSpec::Form::kNumber, .name = "number", .example = "0.8"},
                                      read_ratio};
inline constexpr TypeOf<Ratio> kShare{kRatio.spec, read_share};
inline constexpr TypeOf<Bandwidth> kBandwidth{{.form = TypeSpec::Form::kQuantity,
                                               .name = "bandwidth",
                                               .example = "256 GB/s",
                                               .words = kUnlimited,
                                               .units = kRateUnits},
                                              read_bandwidth};

/// A whole number in [Min, Max].
template <std::int64_t Min, std::int64_t Max>
inline constexpr TypeOf<std::int64_t> kIntegerIn{
    {.form = TypeSpec::Form::kInteger, .name = "whole number", .min = Min},
    [](const Slot& slot, InputErrors& errors, std::int64_t& out) {
      read_integer(slot, errors, out, Min, Max);
    }};

inline constexpr std::int64_t kMaxExtent = 1'000'000'000'000;
inline constexpr const TypeOf<std::int64_t>& kExtent = kIntegerIn<1, kMaxExtent>;
inline constexpr const TypeOf<std::int64_t>& kSmallCount = kIntegerIn<1, 1'000'000>;

/// A whole quantity, read into a T that is made from the number.
template <class T, const WholeQuantity& Quantity>
inline constexpr TypeOf<T> kWhole{{.form = TypeSpec::Form::kQuantity,
                                   .name = Quantity.name,
                                   .example = Quantity.example,
                                   .units = Quantity.units},
                                  [](const Slot& slot, InputErrors& errors, T& out) {
                                    if (const auto value = read_whole(slot, errors, Quantity))
                                      out = T{*value};
                                  }};

inline constexpr WholeQuantity kByteQuantity{"bytes", "24 MiB", kByteUnits};
inline constexpr WholeQuantity kClockQuantity{"clock frequency", "1 GHz", kClockUnits};
inline constexpr WholeQuantity kCycleQuantity{"cycles", "2 cycles", kCycleUnits, 0, 1'000'000'000};
inline constexpr WholeQuantity kBitQuantity{"bits", "8 bit", kBitUnits, 1, 64};
inline constexpr WholeQuantity kAreaQuantity{"area", "222 mm2", kExactAreaUnits};
inline constexpr WholeQuantity kNodeQuantity{"length", "28 nm", kNodeUnits, 1, 10'000};

/// A quantity over double, above zero.
struct MeasureSpec {
  std::string_view name;
  std::string_view example;
  std::span<const Unit> units;
};
[[nodiscard]] std::optional<double> read_measure(const Slot& slot, InputErrors& errors,
                                                 const MeasureSpec& measure);

/// Such a quantity, read into a Q.
template <class Q, const MeasureSpec& Measure>
inline constexpr TypeOf<Q> kMeasure{{.form = TypeSpec::Form::kQuantity,
                                     .name = Measure.name,
                                     .example = Measure.example,
                                     .units = Measure.units},
                                    [](const Slot& slot, InputErrors& errors, Q& out) {
                                      if (const auto value = read_measure(slot, errors, Measure))
                                        out = Q{*value};
                                    }};

/// One of `Words`, whose order is that of the enumerators of E.
template <class E, const auto& Words>
inline constexpr TypeOf<E> kChoice{
    {.form = TypeSpec::Form::kWord, .name = "word", .example = Words[0], .words = Words},
    [](const Slot& slot, InputErrors& errors, E& out) {
      if (const auto position = read_choice(slot, errors, Words)) out = static_cast<E>(*position);
    }};

/// The names of a table of facts, in its order.
template <const auto& Facts>
inline constexpr auto kNamesOf = [] {
  std::array<std::string_view, std::size(Facts)> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = Facts[i].name;
  return names;
}();

inline constexpr const TypeOf<DataType>& kDataTypeWord = kChoice<DataType, kNamesOf<kDataTypes>>;
inline constexpr const TypeOf<OpKind>& kOpKindWord = kChoice<OpKind, kNamesOf<kOpKinds>>;

}  // namespace fusescape
