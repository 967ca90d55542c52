// Do words become exactly the numbers they say, and nothing else?
#include "fusescape/config/scalars.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "fusescape/config/types.hpp"

namespace fusescape::scalars_test {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST_CASE("Whole numbers are decimal digits within bounds") {
  CHECK(*parse_integer("0", kMin, kMax) == 0);
  CHECK(*parse_integer("-3", kMin, kMax) == -3);
  CHECK(*parse_integer("9223372036854775807", kMin, kMax) == kMax);
  CHECK(parse_integer("9223372036854775808", kMin, kMax).error() ==
        "'9223372036854775808' is more than 9223372036854775807");
  CHECK(parse_integer("0", 1, 9).error() == "'0' is less than 1");
  CHECK(parse_integer("10", 1, 9).error() == "'10' is more than 9");
  CHECK(parse_integer("010", 1, 99).error() == "'010' has a leading zero");
  for (const char* text : {"", "-", "+1", "1e3", "1.0", "1_000", " 1", "1 ", "0x10", "NaN", ".inf", "one"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text, kMin, kMax));
  }
}

TEST_CASE("Quantities are exact and whole") {
  CHECK(*parse_whole("24 MiB", kByteUnits) == 25'165'824);
  CHECK(*parse_whole("24MiB", kByteUnits) == 25'165'824);
  CHECK(*parse_whole("0.1 MB", kByteUnits) == 100'000);
  CHECK(*parse_whole("6.25 MiB", kByteUnits) == 6'553'600);  // 6.25 x 2^20.
  CHECK(parse_whole("0.3 KiB", kByteUnits).error() == "'0.3 KiB' is not a whole number of B");
  CHECK(parse_whole("24", kByteUnits).error() == "'24' has no unit");
  CHECK(parse_whole("24 mib", kByteUnits).error() ==
        "'24 mib' has an unknown unit 'mib' (did you mean 'MiB'?)");
  CHECK(parse_whole("-1 B", kByteUnits).error() == "'-1' is negative");
  CHECK(parse_whole("999999999999 TiB", kByteUnits).error() == "'999999999999 TiB' is too large");
  for (const char* text :
       {"", "MiB", "nan B", "inf B", "1..2 B", "1. B", ".5 B", "1e3 B", "1 B B", "0x1 B"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_whole(text, kByteUnits));
  }
}

TEST_CASE("A measure in a smaller unit is the nearest double to its decimal") {
  CHECK(*parse_measure("4184 um2", kAreaUnits) == 0.004184);
  CHECK(*parse_measure("7.40 mm2/MiB", kDensityUnits) == 7.40);
  CHECK(*parse_measure("2.408 mW", kPowerUnits) == 0.002408);
}

TEST_CASE("A near word is suggested and a far one is not") {
  constexpr std::string_view kKnown[] = {"capacity", "bandwidth"};
  CHECK(did_you_mean("capcity", kKnown) == "; did you mean 'capacity'?");
  CHECK(did_you_mean("clock", kKnown).empty());
}

TEST_CASE(
    "Another case is nearer than an edit, a synonym as near, and a word is never suggested for itself") {
  constexpr std::string_view kModels[] = {"mamba-1.4b", "mamba-2.8b", "opt-2.7b"};
  CHECK(did_you_mean("mamba-2.8B", kModels) == "; did you mean 'mamba-2.8b'?");
  CHECK(did_you_mean("OPT-2.7B", kModels) == "; did you mean 'opt-2.7b'?");
  constexpr std::string_view kKeys[] = {"B", "L", "N", "d_model", "pes"};
  CHECK(did_you_mean("l", kKeys) == "; did you mean 'L'?");
  CHECK(did_you_mean("k", kKeys).empty());  // One letter for another says nothing.
  CHECK(did_you_mean("seq_len", kKeys) == "; did you mean 'L'?");
  CHECK(did_you_mean("hidden_size", kKeys) == "; did you mean 'd_model'?");
  CHECK(did_you_mean("pes", kKeys).empty());
  // Of a list of things, too, the nearest and not the shortest.
  const std::vector<std::string> things{"abcx", "abcdefgh"};
  CHECK(did_you_mean_among("abcdefgx", things, [](const std::string& s) { return std::string_view{s}; }) ==
        "; did you mean 'abcdefgh'?");
}

TEST_CASE("A unit of another case is named") {
  CHECK(parse_whole("6 Mib", kByteUnits).error() ==
        "'6 Mib' has an unknown unit 'Mib' (did you mean 'MiB'?)");
  CHECK(parse_whole("6 parsec", kByteUnits).error() == "'6 parsec' has an unknown unit 'parsec'");
}

TEST_CASE("Bandwidth per second rounds down to whole bits of a cycle") {
  // 256 GB/s at 700 MHz: 2.048e12 / 7e8 = 2925.71.
  CHECK(bits_per_cycle({2'048'000'000'000, true}, 700'000'000) == 2925);
  CHECK(bits_per_cycle({2048, false}, 700'000'000) == 2048);
}

}  // namespace
}  // namespace fusescape::scalars_test
