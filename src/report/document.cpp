#include "fusescape/report/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "fusescape/report/figures.hpp"

namespace fusescape {
namespace {

Value shown_value(const Value& value, ShownAs as) {
  const double* number = std::get_if<double>(&value);
  if (number == nullptr || as == ShownAs::kItself) return value;
  if (as == ShownAs::kMillijoules) return *number * kMillijoulesPerPicojoule;
  return fmt::format("{:5.1f}%", 100.0 * *number);
}

std::size_t position_of(const Table& table, const std::string& column) {
  return static_cast<std::size_t>(std::find(table.columns.begin(), table.columns.end(), column) -
                                  table.columns.begin());
}

/// Adds `row` of `from`, whose columns `all` has, under the kind.
void append_row(Table& all, const std::string& kind, const Table& from, const std::vector<Value>& row) {
  std::vector<Value>& wide = all.rows.emplace_back(all.columns.size());
  wide.front() = kind;
  for (std::size_t c = 0; c < row.size(); ++c) wide[position_of(all, from.columns[c])] = row[c];
}

}  // namespace

Data::Data(Record record) : content{std::move(record)} {}
Data::Data(std::vector<Data> list) : content{std::move(list)} {}

Record record_of(const std::vector<Field>& fields) {
  Record record;
  for (const Field& field : fields) {
    const std::size_t dot = field.name.find('.');
    if (dot == std::string::npos) {
      record.push_back({field.name, field.value});
      continue;
    }
    const std::string outer = field.name.substr(0, dot);
    if (find_member(record, outer) == nullptr) record.push_back({outer, Record{}});
    std::get<Record>(find_member(record, outer)->content)
        .push_back({field.name.substr(dot + 1), field.value});
  }
  return record;
}

const Data* find_member(const Record& record, std::string_view name) {
  const auto found =
      std::find_if(record.begin(), record.end(), [&](const Member& member) { return member.name == name; });
  return found == record.end() ? nullptr : &found->data;
}

Data* find_member(Record& record, std::string_view name) {
  return const_cast<Data*>(find_member(std::as_const(record), name));
}

Value value_at(const Record& record, std::string_view path) {
  const std::size_t dot = path.find('.');
  const Data* data = find_member(record, path.substr(0, dot));
  if (data == nullptr) return {};
  if (dot == std::string_view::npos) {
    const auto* value = std::get_if<Value>(&data->content);
    return value == nullptr ? Value{} : *value;
  }
  const auto* inner = std::get_if<Record>(&data->content);
  return inner == nullptr ? Value{} : value_at(*inner, path.substr(dot + 1));
}

void append(Record& record, Record more) {
  record.insert(record.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Table shown_table(const std::vector<Record>& records, std::span<const Shown> columns) {
  Table table;
  for (const Shown& shown : columns) table.columns.emplace_back(shown.title);
  for (const Record& record : records) {
    std::vector<Value>& row = table.rows.emplace_back();
    for (const Shown& shown : columns) row.push_back(shown_value(value_at(record, shown.path), shown.as));
  }
  return table;
}

std::vector<Data> records_of(const Table& table) {
  std::vector<Data> records;
  for (const std::vector<Value>& row : table.rows) {
    Record record;
    for (std::size_t c = 0; c < row.size(); ++c) record.push_back({table.columns[c], row[c]});
    records.emplace_back(std::move(record));
  }
  return records;
}

Document document_of(Table table) {
  Document document{.data = records_of(table), .rows = table};
  document.sections.emplace_back(Grid{.table = std::move(table)});
  return document;
}

Document layers_document(const std::vector<std::pair<std::string, Document>>& layers) {
  Document all{.rows = {.columns = {"layer_kind"}, .rows = {}}};
  std::vector<Data> list;
  for (const auto& [kind, layer] : layers) {
    if (!layer.title.empty()) all.sections.emplace_back(Heading{layer.title, layer.subtitle});
    all.sections.insert(all.sections.end(), layer.sections.begin(), layer.sections.end());
    Record record{{"kind", kind}};
    append(record, std::get<Record>(layer.data.content));
    list.emplace_back(std::move(record));
    for (const std::string& column : layer.rows.columns) {
      if (position_of(all.rows, column) == all.rows.columns.size()) all.rows.columns.push_back(column);
    }
  }
  for (const auto& [kind, layer] : layers) {
    for (const std::vector<Value>& row : layer.rows.rows) append_row(all.rows, kind, layer.rows, row);
  }
  all.data = std::move(list);
  return all;
}

}  // namespace fusescape
