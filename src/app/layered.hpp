// How does a command print what it found for each kind of a stack's layers, one after another?
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/layers.hpp"

namespace fusescape {

/// The three forms of a result.
template <class Result>
struct ResultWriters {
  std::string (*json)(const Result& result);
  Table (*table)(const Result& result);
  std::string (*text)(const Result& result, TextStyle style);
};

template <class Result>
[[nodiscard]] std::string printed_result(const Result& result, const ResultWriters<Result>& writers,
                                         const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return writers.json(result);
    case Format::kCsv:
      return csv(writers.table(result));
    case Format::kText:
      break;
  }
  return writers.text(result, text_style(output));
}

/// Same, once for each kind.
template <class Result>
[[nodiscard]] std::string printed_layers(const std::vector<OfKind<Result>>& results,
                                         const ResultWriters<Result>& writers,
                                         const OutputArguments& output) {
  std::vector<OfKind<std::string>> objects;
  std::vector<OfKind<Table>> tables;
  std::string text;
  for (const auto& [kind, result] : results) {
    switch (output.format) {
      case Format::kJson:
        objects.push_back({kind, writers.json(result)});
        break;
      case Format::kCsv:
        tables.push_back({kind, writers.table(result)});
        break;
      case Format::kText:
        if (!text.empty()) text += '\n';
        text += writers.text(result, text_style(output));
    }
  }
  if (output.format == Format::kJson) return layers_json(objects);
  return output.format == Format::kCsv ? csv(layers_table(tables)) : text;
}

}  // namespace fusescape
