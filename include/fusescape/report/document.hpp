// What does a command tell, before anyone decides how it looks? Every command makes one Document; a row of
// report_formats() makes it JSON, CSV, text or Markdown.
//
// A new format: its function and its row in src/report/formats.cpp. `--format`, help, completion and the
// manual page read that table.
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fusescape/report/table.hpp"

namespace fusescape {

struct Member;

/// An object: its members, in the order in which JSON has them.
using Record = std::vector<Member>;

/// Whatever JSON can hold: a value, an object, or a list.
struct Data {
  std::variant<Value, Record, std::vector<Data>> content;

  Data() = default;
  Data(Record record);
  Data(std::vector<Data> list);
  template <class Of>
  requires std::convertible_to<Of, Value> Data(Of value);
  /// A list of names or of records.
  template <class Of>
  Data(const std::vector<Of>& list);
};

struct Member {
  std::string name;
  Data data;
};

template <class Of>
requires std::convertible_to<Of, Value> Data::Data(Of value) : content{Value{std::move(value)}} {}

template <class Of>
Data::Data(const std::vector<Of>& list) : content{std::vector<Data>(list.begin(), list.end())} {}

/// Fields as members; "ranks.L" becomes member L of "ranks".
[[nodiscard]] Record record_of(const std::vector<Field>& fields);

/// The member of that name; null if there is none.
[[nodiscard]] const Data* find_member(const Record& record, std::string_view name);
[[nodiscard]] Data* find_member(Record& record, std::string_view name);

/// The values of members that are values, "a.b" for member b of a record a.
[[nodiscard]] Value value_at(const Record& record, std::string_view path);

/// Adds what `more` has after the members of `record`.
void append(Record& record, Record more);

/// What a person reads of a number.
enum class ShownAs : unsigned char { kItself, kPercent, kMillijoules };

/// A column that people see of records.
struct Shown {
  std::string_view path;   ///< Where the value is, as value_at takes it.
  std::string_view title;  ///< Above the column.
  ShownAs as = ShownAs::kItself;
};

/// The columns that people see of these records, a row each.
[[nodiscard]] Table shown_table(const std::vector<Record>& records, std::span<const Shown> columns);

/// A table that people see.
struct Grid {
  std::string caption{};
  Table table;
  std::vector<std::string> notes{};  ///< Lines below it.
  /// Long names in the first column go on in lines of their own, and columns for which the terminal has no
  /// room are left out, from the last on.
  bool fits_terminal = false;
};

/// A line of text after a word that says what it is about; no word: it goes on from the line before.
struct Line {
  std::string label;
  std::string text;
};
using Lines = std::vector<Line>;

/// A sentence about something, and points below it.
struct Finding {
  std::string name;  ///< May be empty.
  std::string text;
  std::vector<std::string> points{};
};
using Findings = std::vector<Finding>;

struct Heading {
  std::string title;
  std::string subtitle{};  ///< A line below it, or none.
};

/// A sentence or more, folded to the terminal's width.
struct Paragraph {
  std::string text;
};

using Section = std::variant<Heading, Paragraph, Lines, Findings, Grid>;

/// What a command tells.
struct Document {
  std::string title{};              ///< For people. Empty: it needs none.
  std::string subtitle{};           ///< A line below it, or none.
  std::vector<Section> sections{};  ///< For people, below the title.
  Data data{};                      ///< For scripts: JSON.
  Table rows{};                     ///< For scripts: CSV.
};

/// A record per row.
[[nodiscard]] std::vector<Data> records_of(const Table& table);

/// A table and nothing else.
[[nodiscard]] Document document_of(Table table);

/// What there is of each kind of a stack's layers: JSON has a list of objects with `kind` before their own
/// members, CSV the rows of all under a column `layer_kind` and all their columns, empty where a kind lacks
/// one. Expects data that are records.
[[nodiscard]] Document layers_document(const std::vector<std::pair<std::string, Document>>& layers);

/// Which part of a document a format shows.
enum class View : unsigned char { kSections, kData, kRows };

struct ReportFormat {
  std::string_view name;
  View view{};
  std::string_view help;
  std::string (*print)(const Document& document, TextStyle style);
};

/// All of them. The first is used where none is asked for.
[[nodiscard]] std::span<const ReportFormat> report_formats();

/// Expects one of report_formats().
[[nodiscard]] const ReportFormat& report_format(std::string_view name);

[[nodiscard]] std::string text(const Document& document, TextStyle style);
[[nodiscard]] std::string markdown(const Document& document);
[[nodiscard]] std::string json(const Document& document);
[[nodiscard]] std::string csv(const Document& document);

}  // namespace fusescape
