// What is in the files that sweep, evaluate, simulate, compare, roofline and corey leave?
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "csv_reader.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/support/expected.hpp"
#include "result_form.hpp"

namespace fusescape {

using OrderedJson = nlohmann::ordered_json;

struct ResultFile {
  std::string file;
  ResultKind kind{};
  OrderedJson json;     ///< Holds what `checked_kind` asks for.
  std::string title{};  ///< What it is about; empty: what the result says.
};

struct FinishedSweep {
  std::string folder;
  ResultFile summary;
  SweepSpec spec;              ///< resolved.yaml
  std::vector<CsvRow> points;  ///< points.csv: its header, which has the columns of every sweep, then rows.
  std::vector<CsvRow> sensitivity{};  ///< sensitivity.csv; empty: there is none.
};

/// Of the sweep that left `folder`. The faults of all its files are told together.
[[nodiscard]] expected<FinishedSweep, Failure> read_sweep_folder(const std::string& folder);

/// Of a JSON result other than a sweep's summary, which means something only beside its points.
[[nodiscard]] expected<ResultFile, Failure> read_result(const std::string& file);

/// Position of a column in a CSV file's header; its size if there is none.
[[nodiscard]] std::size_t column_of(const std::vector<CsvRow>& rows, std::string_view name);

}  // namespace fusescape
