#include "entropy_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "csv_reader.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/support/diagnostics.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kForms =
    "expected synthetic[:SEED], constant, random[:SEED], shuffled:SEED[:FILE.csv] or FILE.csv";

Failure wrong_word(std::string_view text) {
  return {ExitCode::kUsage, fmt::format("error: --entropy {}: {}\n", text, kForms)};
}

template <class Number>
std::optional<Number> number_in(std::string_view cell) {
  Number value{};
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

expected<std::string, Failure> text_of(const std::string& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return unexpected{
        Failure{ExitCode::kBadInput, fmt::format("{}:1:1: error: this is a directory\n", file)}};
  }
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (in.is_open() && !in.bad()) return text;
  return unexpected{Failure{ExitCode::kFileAccess, fmt::format("{}: error: cannot read this file\n", file)}};
}

/// The rows of one file as entropies, with every fault.
class EntropyTable {
 public:
  EntropyTable(const std::string& file, const std::string& text) : text_{text}, diagnostics_{file, text} {}

  std::vector<TensorEntropy> read() {
    const expected<std::vector<CsvRow>, CsvFault> rows = read_csv(text_);
    if (!rows) {
      diagnostics_.error(rows.error().pos, rows.error().message);
      return {};
    }
    const std::vector<std::string>& header = rows->front().cells;
    const std::optional<std::size_t> tensor = column_of(header, "tensor");
    const std::optional<std::size_t> bits = column_of(header, "entropy_bits");
    for (const std::string_view name : {"tensor", "entropy_bits"}) {
      if (!column_of(header, name)) diagnostics_.error({1, 1}, fmt::format("no column '{}'", name));
    }
    if (!tensor || !bits) return {};
    const std::optional<std::size_t> bins = column_of(header, "bins");
    const std::optional<std::size_t> numbers = column_of(header, "numbers");
    for (std::size_t r = 1; numbers && r < rows->size(); ++r) add_numbers((*rows)[r], *numbers);
    for (std::size_t r = 1; r < rows->size(); ++r) add((*rows)[r], *tensor, *bits, bins);
    return std::move(found_);
  }

  /// Whose numbers they are of, if the file says so.
  [[nodiscard]] const std::string& numbers() const { return numbers_; }
  [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }
  /// Where the name of row `row` is, counted from 0 below the header.
  [[nodiscard]] SourcePos name_of_row(std::size_t row) const { return places_[row]; }

 private:
  void add(const CsvRow& row, std::size_t tensor, std::size_t bits, std::optional<std::size_t> bins) {
    TensorEntropy one{.tensor = row.cells[tensor]};
    if (bins) {
      const auto count = number_in<std::int64_t>(row.cells[*bins]);
      if (count && *count >= 1) {
        one.most_bits = std::log2(static_cast<double>(*count));
      } else {
        fault(row, *bins,
              fmt::format("bins: expected a whole number of at least 1, got '{}'", row.cells[*bins]));
      }
    }
    const auto value = number_in<double>(row.cells[bits]);
    constexpr double kRounding = 1e-6;
    if (!value || !std::isfinite(*value) || *value < 0) {
      fault(row, bits,
            fmt::format("entropy_bits: expected a number of at least 0, got '{}'", row.cells[bits]));
    } else if (*value > one.most_bits + kRounding) {
      fault(row, bits,
            fmt::format("entropy_bits: {} is more than {:g}, the most there is in its bins", *value,
                        one.most_bits));
    } else {
      one.bits = *value;
    }
    const auto same = [&](const TensorEntropy& other) { return other.tensor == one.tensor; };
    if (one.tensor.empty()) {
      fault(row, tensor, "tensor: has no name");
    } else if (std::any_of(found_.begin(), found_.end(), same)) {
      fault(row, tensor, fmt::format("tensor '{}' is given twice", one.tensor));
    }
    places_.push_back(place_of_cell(text_, row, tensor));
    found_.push_back(std::move(one));
  }

  /// `corey entropy` says the same in all rows.
  void add_numbers(const CsvRow& row, std::size_t cell) {
    constexpr std::array<std::string_view, 3> kWords{"synthetic", "partly synthetic", "given"};
    const std::string& word = row.cells[cell];
    if (numbers_.empty()) numbers_ = word;
    if (word == numbers_ && std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return;
    fault(row, cell,
          fmt::format("numbers: expected {}, the same in all rows, got '{}'", fmt::join(kWords, ", "), word));
  }

  void fault(const CsvRow& row, std::size_t cell, std::string message) {
    diagnostics_.error(place_of_cell(text_, row, cell), std::move(message));
  }

  const std::string& text_;
  Diagnostics diagnostics_;
  std::vector<TensorEntropy> found_;
  std::string numbers_;
  std::vector<SourcePos> places_;
};

Failure failure_of(const Diagnostics& diagnostics) {
  std::ostringstream text;
  text << diagnostics;
  return {ExitCode::kBadInput, text.str()};
}

expected<EntropySource, Failure> from_file(const std::string& file) {
  const expected<std::string, Failure> text = text_of(file);
  if (!text) return unexpected{text.error()};
  EntropyTable table{file, *text};
  std::vector<TensorEntropy> tensors = table.read();
  if (!table.diagnostics().ok()) return unexpected{failure_of(table.diagnostics())};
  return EntropySource{GivenEntropy{file, std::move(tensors), table.numbers()}};
}

/// What stands before and after the first colon; none: no colon.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

expected<EntropySource, Failure> shuffled(const std::string& text, std::string_view rest) {
  const auto [seed_text, file] = split(rest);
  const auto seed = number_in<std::uint64_t>(seed_text);
  if (!seed) return unexpected{wrong_word(text)};
  expected<EntropySource, Failure> source =
      file ? from_file(std::string{*file}) : expected<EntropySource, Failure>{EntropySource{}};
  if (source) source->shuffled = *seed;
  return source;
}

}  // namespace

expected<EntropySource, Failure> entropy_source(const std::string& text) {
  const auto [word, rest] = split(text);
  if (text.ends_with(".csv") && word != "shuffled") return from_file(text);
  if (word == "shuffled" && rest) return shuffled(text, *rest);
  if (word == "constant" && !rest) return EntropySource{ConstantEntropy{}};
  const std::optional<std::uint64_t> seed =
      rest ? number_in<std::uint64_t>(*rest) : std::optional{std::uint64_t{1}};
  if (seed && (text.empty() || word == "synthetic")) return EntropySource{SyntheticEntropy{*seed}};
  if (seed && word == "random") return EntropySource{RandomEntropy{*seed}};
  return unexpected{wrong_word(text)};
}

expected<void, Failure> check_entropies(const EntropySource& source, const Cascade& cascade) {
  const auto* given = std::get_if<GivenEntropy>(&source.values);
  if (given == nullptr) return {};
  const expected<std::string, Failure> text = text_of(given->file);
  if (!text) return unexpected{text.error()};
  EntropyTable table{given->file, *text};
  const std::vector<TensorEntropy> rows = table.read();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (find_tensor(cascade, rows[r].tensor)) continue;
    const std::string hint = did_you_mean_among(
        rows[r].tensor, cascade.tensors, [](const Tensor& tensor) { return std::string_view{tensor.name}; });
    table.diagnostics().error(table.name_of_row(r),
                              fmt::format("{} has no tensor '{}'{}", cascade.name, rows[r].tensor, hint));
  }
  if (const auto all = normalised_entropies(source, cascade); !all) {
    std::string names;
    for (const TensorId tensor : all.error()) {
      names += (names.empty() ? "" : ", ") + cascade.tensor(tensor).name;
    }
    table.diagnostics().error({1, 1}, fmt::format("no row for {}, which {} makes", names, cascade.name));
  }
  if (!table.diagnostics().ok()) return unexpected{failure_of(table.diagnostics())};
  return {};
}

}  // namespace fusescape
