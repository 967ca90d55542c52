#include "fusescape/app/corey_data.hpp"

#include <fmt/format.h>

#include "csv_columns.hpp"

namespace fusescape {

expected<std::vector<RecordedRun>, Failure> recorded_runs(const std::string& file,
                                                          const std::vector<CoreyOperator>& operators) {
  expected<CsvColumns, Failure> columns = CsvColumns::read(file);
  if (!columns) return unexpected{columns.error()};
  std::vector<RecordedRun> runs;
  for (std::size_t row = 0; row < columns->rows(); ++row) {
    RecordedRun& one = runs.emplace_back();
    one.run.bucket = columns->text(row, "bucket");
    one.run.length = columns->integer(row, "L");
    one.run.repeat = columns->integer(row, "repeat");
    one.run.entropy_before = columns->number(row, "raw_entropy_before");
    one.run.entropy_after = columns->number(row, "raw_entropy_after");
    one.run.average_after = columns->number(row, "ema_after");
    one.run.outliers_before = columns->number(row, "outlier6_before");
    one.run.outliers_after = columns->number(row, "outlier6_after");
    one.rows = columns->integer(row, "samples");
    one.average_before = columns->number(row, "ema_before");
    one.registers = columns->number(row, "max_registers");
    one.shared = columns->number(row, "max_shared");
    one.partition = columns->text(row, "partition");
    one.scores = columns->numbers(row, "group_scores");
    for (std::size_t i = 0; i < operators.size(); ++i) {
      one.run.block_entropy.push_back(columns->number(row, fmt::format("H_{}_{}", i, operators[i].name)));
      one.intensity.push_back(columns->number(row, fmt::format("AI_{}", i)));
      one.memory.push_back(columns->number(row, fmt::format("M_{}", i)));
    }
    if (columns->ok() && one.run.length < 2) columns->fault(row, "L: expected at least 2");
  }
  if (!columns->ok()) return unexpected{columns->failure()};
  return runs;
}

expected<std::vector<CoreyReference>, Failure> published_figures(const std::string& file) {
  expected<CsvColumns, Failure> columns = CsvColumns::read(file);
  if (!columns) return unexpected{columns.error()};
  std::vector<CoreyReference> figures;
  for (std::size_t row = 0; row < columns->rows(); ++row) {
    figures.push_back({columns->text(row, "label"), columns->text(row, "quantity"),
                       columns->text(row, "bucket"), columns->text(row, "method"),
                       columns->text(row, "precision"), columns->number(row, "tau"),
                       columns->text(row, "value")});
    static_cast<void>(columns->number(row, "value"));
  }
  if (!columns->ok()) return unexpected{columns->failure()};
  return figures;
}

std::vector<CoreyRun> runs_of(const std::vector<RecordedRun>& recorded) {
  std::vector<CoreyRun> runs;
  runs.reserve(recorded.size());
  for (const RecordedRun& one : recorded) runs.push_back(one.run);
  return runs;
}

}  // namespace fusescape
