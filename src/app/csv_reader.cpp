#include "csv_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "fusescape/support/contract.hpp"
#include "fusescape/support/csv_formula.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/utf8.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{1} << 20U;
/// Of a stream: what has no line end for so long is no table.
constexpr std::size_t kLongestRow = std::size_t{16} << 20U;
/// Cells of a file that is held whole: what they become is bounded.
constexpr std::size_t kMostCells = 20'000'000;

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::uint64_t seen = 0;
  for (; text.size() >= sizeof(seen); text.remove_prefix(sizeof(seen))) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof(eight));
    seen |= eight;
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & kHighBits) == 0;
}

/// Where `text`, which starts at `start`, has its byte `offset`.
SourcePos place_in(std::string_view text, SourcePos start, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line = before.rfind('\n');
  if (line == std::string_view::npos) return {start.line, start.column + static_cast<int>(offset)};
  return {start.line + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          static_cast<int>(offset - line)};
}

std::optional<CsvFault> encoding_fault(const CsvRecord& record) {
  if (is_ascii(record.text)) return std::nullopt;
  for (std::size_t i = 0; i < record.text.size();) {
    const std::size_t length = utf8_length(record.text.substr(i, 4));
    if (length == 0) return CsvFault{place_in(record.text, record.pos, i), "not UTF-8 text"};
    i += length;
  }
  return std::nullopt;
}

CsvRow row_of(const CsvRecord& record) {
  return {record.pos.line, {record.cells.begin(), record.cells.end()}};
}

std::optional<CsvFault> repeated_name(const CsvRecord& header) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t c = 0; c < header.cells.size(); ++c) {
    if (!seen.insert(header.cells[c]).second) {
      return CsvFault{header.place_of(c), fmt::format("column '{}' is given twice", header.cells[c])};
    }
  }
  return std::nullopt;
}

}  // namespace

Failure failure_of(const std::string& file, const CsvFault& fault) {
  if (fault.unreadable) {
    return {ExitCode::kFileAccess, fmt::format("{}: error: {}\n", printable(file), fault.message)};
  }
  return {ExitCode::kBadInput, fmt::format("{}:{}:{}: error: {}\n", printable(file), fault.pos.line,
                                           fault.pos.column, printable(fault.message))};
}

SourcePos CsvRecord::place_of(std::size_t cell) const {
  return place_in(text, pos, starts[cell]);
}

expected<bool, CsvFault> CsvReader::fill() {
  if (in_ == nullptr || !*in_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadAtOnce);
  in_->read(buffer_.data() + before, static_cast<std::streamsize>(kReadAtOnce));
  buffer_.resize(before + static_cast<std::size_t>(in_->gcount()));
  if (in_->bad()) return unexpected{CsvFault{{}, "cannot read this file", true}};
  if (buffer_.find('\0', before) != std::string::npos) {
    return unexpected{CsvFault{{}, "a binary file, not CSV text"}};
  }
  return buffer_.size() > before;
}

/// Whether there is text at `at`, which may have to be read first.
expected<bool, CsvFault> CsvReader::reach(std::size_t at) {
  if (at < buffer_.size()) return true;
  return fill();
}

void CsvReader::take(std::size_t end) {
  record_.pos = {line_, 1};
  record_.text = std::string_view{buffer_}.substr(begin_, end - begin_);
  begin_ = std::min(end + 1, buffer_.size());
  line_ += static_cast<int>(std::count(record_.text.begin(), record_.text.end(), '\n'));
  if (end < buffer_.size() && buffer_[end] == '\n') ++line_;
}

// The \n of an \r\n is an empty line.
expected<bool, CsvFault> CsvReader::take_text() {
  bool quoted = false;
  for (std::size_t length = 0;; ++length) {
    const expected<bool, CsvFault> is_there = reach(begin_ + length);
    if (!is_there) return unexpected{is_there.error()};
    if (!*is_there) {
      take(buffer_.size());
      return length > 0;
    }
    const char c = buffer_[begin_ + length];
    if (c == '"') quoted = !quoted;
    if ((c == '\n' || c == '\r') && !quoted) {
      take(begin_ + length);
      return true;
    }
    if (in_ == nullptr || length < kLongestRow) continue;
    take(begin_ + length);
    const std::optional<CsvFault> fault = split();
    return unexpected{fault.value_or(CsvFault{record_.pos, "a row longer than 16 MiB"})};
  }
}

/// The cell whose opening quote stands at `at`, which then is where it ends.
std::optional<CsvFault> CsvReader::add_quoted(std::size_t& at) {
  const std::string_view text = record_.text;
  const std::size_t open = at;
  std::string& cell = unquoted_.emplace_back();
  while (true) {
    const std::size_t quote = text.find('"', at + 1);
    if (quote == std::string_view::npos) {
      return CsvFault{place_in(text, record_.pos, open), "a quote that is never closed"};
    }
    cell += text.substr(at + 1, quote - at - 1);
    at = quote + 1;
    if (at == text.size() || text[at] == ',') break;
    if (text[at] != '"') return CsvFault{place_in(text, record_.pos, at), "text after a closing quote"};
    cell += '"';
  }
  record_.cells.push_back(with_formula(cell));
  return std::nullopt;
}

/// The cell without quotes that begins at `at`, which then is where it ends.
std::optional<CsvFault> CsvReader::add_plain(std::size_t& at) {
  const std::string_view text = record_.text;
  const std::string_view cell = text.substr(at, text.find(',', at) - at);
  const std::size_t quote = cell.find('"');
  if (quote != std::string_view::npos) {
    return CsvFault{place_in(text, record_.pos, at + quote), "a quote inside an unquoted cell"};
  }
  record_.cells.push_back(with_formula(cell));
  at += cell.size();
  return std::nullopt;
}

std::optional<CsvFault> CsvReader::split() {
  const std::string_view text = record_.text;
  record_.cells.clear();
  record_.starts.clear();
  unquoted_.clear();
  for (std::size_t at = 0;; ++at) {
    record_.starts.push_back(at);
    const bool is_quoted = at < text.size() && text[at] == '"';
    if (auto fault = is_quoted ? add_quoted(at) : add_plain(at)) return fault;
    if (at == text.size()) return std::nullopt;
  }
}

expected<const CsvRecord*, CsvFault> CsvReader::next() {
  if (!begun_) {
    const expected<bool, CsvFault> more = fill();
    if (!more) return unexpected{more.error()};
    begin_ = buffer_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    begun_ = true;
  }
  while (true) {
    const expected<bool, CsvFault> taken = take_text();
    if (!taken) return unexpected{taken.error()};
    if (!*taken) return nullptr;
    if (record_.text.empty()) continue;
    if (auto fault = encoding_fault(record_)) return unexpected{std::move(*fault)};
    if (auto fault = split()) return unexpected{std::move(*fault)};
    if (record_.cells.size() == 1 && record_.cells.front().empty()) continue;
    if (width_ != 0 && record_.cells.size() != width_) {
      return unexpected{CsvFault{
          record_.pos, fmt::format("{} cells where the header has {}", record_.cells.size(), width_)}};
    }
    return &record_;
  }
}

expected<CsvRow, CsvFault> CsvReader::header() {
  const expected<const CsvRecord*, CsvFault> names = next();
  if (!names) return unexpected{names.error()};
  if (*names == nullptr) return unexpected{CsvFault{{}, "no header line"}};
  if (auto fault = repeated_name(**names)) return unexpected{std::move(*fault)};
  width_ = (*names)->cells.size();
  return row_of(**names);
}

expected<std::vector<CsvRow>, CsvFault> read_csv(std::string_view text) {
  CsvReader reader{std::string{text}};
  expected<CsvRow, CsvFault> header = reader.header();
  if (!header) return unexpected{header.error()};
  std::vector<CsvRow> rows{std::move(*header)};
  while (true) {
    const expected<const CsvRecord*, CsvFault> row = reader.next();
    if (!row) return unexpected{row.error()};
    if (*row == nullptr) return rows;
    rows.push_back(row_of(**row));
    if (rows.size() > kMostCells / rows.front().cells.size()) {
      return unexpected{CsvFault{(*row)->pos, fmt::format("more than {} cells", kMostCells)}};
    }
  }
}

std::optional<std::size_t> column_of(const std::vector<std::string>& header, std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.begin());
}

SourcePos place_of_cell(std::string_view text, const CsvRow& row, std::size_t cell) {
  CsvReader reader{std::string{text}};
  while (true) {
    const expected<const CsvRecord*, CsvFault> record = reader.next();
    FUSESCAPE_EXPECTS(record && *record != nullptr);
    if ((*record)->pos.line == row.line) return (*record)->place_of(cell);
  }
}

}  // namespace fusescape
