// Is every text that a file may hold written so that it is read back, and shown so that nothing obeys it?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "../../src/app/csv_reader.hpp"
#include "for_all.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/report/document.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/csv_formula.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/yaml_scalar.hpp"

namespace fusescape::test_plans::hostile_names_test {
namespace {

/// Words that YAML, a spreadsheet or a terminal has a meaning for; and parts of words.
// clang-format off
const std::vector<std::string>& hostile_pieces() {
  static const std::vector<std::string> kPieces{
      "a", "null", "Null", "NULL", "~", "true", "yes", "-", "--", "---", "...", ".", "- a", "? a", "a: b",
      "a:", ": a", "#", "a #b", "&a", "*a", "!a", "|", ">", "%", "@", "`", "\"", "'", "\\", "{", "}", "[",
      "]", ",", " ", "\t", "\n", "\r", "\x1b[31m", "\x7f", "\x01", "\xc2\x85", "\xc2\x9b", "\xc3\xa9",
      "=1+1", "'=1", "+1", "$x$", "-1", "1e5", "010", "0x1F", "1_000", "<<", "\\x41", "\\n",
      "\xe2\x80\xa8", "\xe2\x80\xae", "\xef\xbb\xbf", "\xf0\x9f\x98\x80"};
  return kPieces;
}
// clang-format on

std::string hostile_text(Dice& dice, std::int64_t least = 0) {
  std::string text;
  for (std::int64_t i = dice.in(least, 4); i > 0; --i) text += dice.pick(hostile_pieces());
  return text;
}

std::optional<YamlNode> parsed(const std::string& text) {
  Diagnostics diags{"t.yaml", text};
  auto root = parse_yaml(diags);
  CHECK(diags.ok());
  return root;
}

TEST_CASE("A scalar is read back as it was written: as a value, as a key, in lists and in mappings") {
  for_all(4000, [](Dice& dice) {
    const std::string text = hostile_text(dice);
    const std::string written = yaml_scalar(text);
    CAPTURE(written);
    const auto root = parsed("plain: " + written + "\nlist: [a, " + written + "]\nmap: {" + written + ": " +
                             written + "}\nblock:\n  " + written + ": 1\n");
    REQUIRE(root);
    CHECK(find_value(*root, "plain")->text == text);
    CHECK(find_value(*root, "list")->items[1].text == text);
    CHECK(find_value(*root, "map")->entries[0].key == text);
    CHECK(find_value(*root, "map")->entries[0].value.text == text);
    CHECK(find_value(*root, "block")->entries[0].key == text);
  });
}

/// What a Markdown reader shows of a line, its cells apart where '|' is not escaped; nothing if it finds
/// markup.
std::optional<std::vector<std::string>> cells_of_markdown(std::string_view line) {
  std::vector<std::string> cells(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool escapes =
        line[i] == '\\' && i + 1 < line.size() &&
        std::string_view{"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}.find(line[i + 1]) != std::string_view::npos;
    if (escapes) {
      cells.back() += line[++i];
    } else if (line[i] == '|') {
      cells.emplace_back();
    } else if (std::string_view{"`*<>[]&~#$"}.find(line[i]) != std::string_view::npos) {
      return std::nullopt;
    } else {
      cells.back() += line[i];
    }
  }
  return cells;
}

/// Blanks around it mean nothing in Markdown.
std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

TEST_CASE("Markdown shows a text as it is: in a table it is one cell, in a paragraph it is no markup") {
  for_all(4000, [](Dice& dice) {
    const std::string shown = hostile_text(dice);
    CAPTURE(shown);
    const std::string table =
        markdown(document_of(Table{.columns = {"a", "b"}, .rows = {{shown, std::int64_t{1}}}}));
    REQUIRE(std::count(table.begin(), table.end(), '\n') == 3);
    const std::size_t begin = table.rfind('\n', table.size() - 2) + 1;
    const auto cells = cells_of_markdown(std::string_view{table}.substr(begin, table.size() - 1 - begin));
    REQUIRE(cells);
    REQUIRE(cells->size() == 4);
    CHECK(trimmed((*cells)[1]) == trimmed(printable(shown)));
    CHECK(trimmed((*cells)[2]) == "1");
    const std::string line = markdown(Document{.sections = {Paragraph{shown}}});
    const auto paragraph = cells_of_markdown(std::string_view{line}.substr(0, line.size() - 1));
    REQUIRE(paragraph);
    REQUIRE(paragraph->size() == 1);
    CHECK(trimmed(paragraph->front()) == trimmed(printable(shown)));
    CHECK(std::string_view{"-+="}.find(line.front()) == std::string_view::npos);
  });
}

TEST_CASE("A number is written without an exponent, and read back to the same value") {
  for_all(4000, [](Dice& dice) {
    constexpr std::int64_t kMostDigits = 15;  // As many as a double keeps.
    const std::int64_t places = dice.in(0, kMostDigits - 1);
    std::string digits;
    for (std::int64_t i = dice.in(places + 1, kMostDigits); i > 0; --i) {
      digits += static_cast<char>('0' + dice.in(0, 9));
    }
    const auto point = digits.size() - static_cast<std::size_t>(places);
    std::string given = digits;
    if (places > 0) given.insert(point, 1, '.');
    const auto read = [](std::string_view text) {
      const auto decimal = parse_exact(text);
      return decimal ? static_cast<double>(decimal->digits) / std::pow(10.0, decimal->places) : -1.0;
    };
    const double value = read(given);
    CAPTURE(given, yaml_number(value));
    if (value >= 0) CHECK(read(yaml_number(value)) == value);  // "007" is no number.
  });
}

/// Settings of hostile words; values that nothing reads before a design is made.
std::vector<Setting> hostile_settings(Dice& dice) {
  std::vector<Setting> settings;
  for (std::int64_t i = dice.in(0, 2); i > 0; --i) {
    settings.push_back({fmt::format("{}{}", i, hostile_text(dice)), hostile_text(dice)});
  }
  return settings;
}

SweepSpec hostile_sweep(Dice& dice) {
  SweepSpec spec;
  spec.name = dice.pick(std::vector<std::string>{"a", "null", "-", "...", "1e5"});
  spec.arch = hostile_text(dice, 1) + "x";
  spec.workload = hostile_text(dice, 1) + "x";
  spec.fixed = hostile_settings(dice);
  Axis keyed{.name = "L", .values = {}};
  for (std::int64_t i = dice.in(1, 2); i > 0; --i) {
    const std::string value = hostile_text(dice);
    keyed.values.push_back({value, {{"L", value}}});
  }
  Axis cases{.name = "null", .values = {}};
  for (std::int64_t i = dice.in(1, 2); i > 0; --i) {
    cases.values.push_back({fmt::format("{}{}", i, hostile_text(dice)), hostile_settings(dice)});
  }
  spec.axes = {std::move(keyed), std::move(cases)};
  spec.scenario = {"null"};
  spec.baselines = {{"-", hostile_settings(dice)}};
  spec.budget = Budget{"-", static_cast<double>(dice.in(0, 9)) / 1e5};
  spec.published = {{hostile_text(dice, 1) + "x", static_cast<double>(dice.in(0, 99)) / 1e6, "-",
                     hostile_text(dice, 1) + "x", hostile_text(dice)}};
  return spec;
}

bool same(const std::vector<Setting>& a, const std::vector<Setting>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Setting& one, const Setting& other) {
    return one.key == other.key && one.value == other.value;
  });
}

bool same(const Axis& a, const Axis& b) {
  return a.name == b.name && std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                                        [](const AxisValue& one, const AxisValue& other) {
                                          return one.label == other.label &&
                                                 same(one.settings, other.settings);
                                        });
}

TEST_CASE("resolved.yaml is read back as the sweep that it was written from, whatever its words are") {
  for_all(1000, [](Dice& dice) {
    const SweepSpec spec = hostile_sweep(dice);
    const std::string text = resolved_yaml(spec);
    CAPTURE(text);
    const auto file = parse_input("resolved.yaml", text);
    REQUIRE(file);
    const auto again = bind_sweep_spec(*file);
    REQUIRE(again);
    CHECK(again->name == spec.name);
    CHECK(again->arch == spec.arch);
    CHECK(again->workload == spec.workload);
    CHECK(same(again->fixed, spec.fixed));
    REQUIRE(again->axes.size() == 2);
    CHECK(same(again->axes[0], spec.axes[0]));
    CHECK(same(again->axes[1], spec.axes[1]));
    CHECK(again->scenario == spec.scenario);
    CHECK(same(again->baselines.front().settings, spec.baselines.front().settings));
    CHECK(again->budget->tolerance == spec.budget->tolerance);
    const PublishedFigure& figure = again->published.front();
    CHECK(figure.name == spec.published.front().name);
    CHECK(figure.value == spec.published.front().value);
    CHECK(figure.source == spec.published.front().source);
    CHECK(figure.note == spec.published.front().note);
    CHECK(resolved_yaml(*again) == text);
  });
}

TEST_CASE("Cells of a CSV file are read back as they were written, and none of them is a formula") {
  for_all(4000, [](Dice& dice) {
    Table table{.columns = {"first" + hostile_text(dice), "second"}, .rows = {}};
    for (std::int64_t i = dice.in(0, 2); i > 0; --i) {
      table.rows.push_back({hostile_text(dice), hostile_text(dice)});
    }
    const std::string text = csv(table);
    CAPTURE(text);
    const auto rows = read_csv(text);
    REQUIRE(rows);
    REQUIRE(rows->size() == table.rows.size() + 1);
    CHECK(rows->front().cells == table.columns);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      for (std::size_t c = 0; c < 2; ++c) {
        const auto& given = std::get<std::string>(table.rows[r][c]);
        CHECK((*rows)[r + 1].cells[c] == given);
        const std::string cell = without_formula(given);
        const bool number = !given.empty() && (given[0] == '+' || given[0] == '-') &&
                            given.find_first_not_of("0123456789.", 1) == std::string::npos;
        CHECK((number || cell.empty() ||
               std::string_view{"=+-@\t\r"}.find(cell.front()) == std::string_view::npos));
      }
    }
  });
}

TEST_CASE("What is shown to a person holds nothing that a terminal obeys") {
  for_all(4000, [](Dice& dice) {
    std::string text = hostile_text(dice);
    if (dice.one_in(4)) text += '\xff';
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(1)) {
      for (const std::string& shown : {printable(rest), printable_lines(rest)}) {
        for (std::string_view left = shown; !left.empty();) {
          const bool kept = left.front() == '\n' || left.front() == '\t';
          CHECK((shown_length(left) > 0 || (kept && shown != printable(rest))));
          left.remove_prefix(std::max<std::size_t>(shown_length(left), 1));
        }
        CHECK(printable_lines(shown) == shown);
      }
    }
  });
}

}  // namespace
}  // namespace fusescape::test_plans::hostile_names_test
