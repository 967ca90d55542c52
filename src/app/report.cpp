// fusescape report: what do results look like, as one page that a browser shows?
#include <fmt/format.h>

#include <filesystem>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/page.hpp"
#include "result_page.hpp"
#include "sweep_page.hpp"
#include "sweep_why.hpp"

namespace fusescape {
namespace {

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

/// The title of the browser's tab: what there is one of, else what all of it is.
std::string title_of(const std::vector<FinishedSweep>& sweeps, const std::vector<ResultFile>& results) {
  if (sweeps.size() == 1 && sweeps.front().summary.json.at("sweep").is_string()) {
    const OrderedJson& summary = sweeps.front().summary.json;
    return fmt::format("{}: {} on {}", summary.at("sweep").get<std::string>(),
                       summary.at("workload").get<std::string>(), summary.at("arch").get<std::string>());
  }
  if (sweeps.empty() && results.size() == 1) return results.front().file;
  return fmt::format("{} results", sweeps.size() + results.size());
}

std::string page_of(const std::vector<FinishedSweep>& sweeps, const std::vector<ResultFile>& results) {
  Page page{.title = title_of(sweeps, results), .conclusion = {}, .sections = {}, .data = {}};
  OrderedJson data{{"sweeps", OrderedJson::object()}, {"results", OrderedJson::object()}};
  for (std::size_t s = 0; s < sweeps.size(); ++s) add_sweep(sweeps[s], fmt::format("sweep{}", s), page, data);
  for (std::size_t r = 0; r < results.size(); ++r) add_result(results[r], fmt::format("r{}", r), page, data);
  const auto has_groups = [](const OrderedJson& result) {
    return result.is_object() && result.contains("groups") && !result.at("groups").empty();
  };
  const OrderedJson& drawn = data.at("results");
  if (std::count_if(drawn.begin(), drawn.end(), has_groups) > 1) {
    page.sections.push_back(
        {.title = "Two plans side by side", .charts = {"pair"}, .provenance = "modelled"});
  }
  page.data = data.dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
  return page_html(page);
}

}  // namespace

CommandResult run_command(const ReportArguments& arguments) {
  if (!has_chart_library()) {
    return unexpected{
        Failure{ExitCode::kFileAccess,
                "error: this fusescape was built without D3, which draws the figures: install the "
                "package node-d3 (scripts/setup report), then configure and build again\n"}};
  }
  std::vector<FinishedSweep> sweeps;
  std::vector<ResultFile> results;
  std::optional<Failure> failure;
  const auto gather = [&](auto read, auto& list) {
    if (read) {
      list.push_back(std::move(*read));
    } else if (!failure) {
      failure = read.error();
    } else {
      failure->text += read.error().text;
    }
  };
  for (const std::string& path : arguments.results) {
    if (is_folder(path)) {
      gather(read_sweep_folder(path), sweeps);
    } else {
      gather(read_result(path), results);
    }
  }
  for (std::size_t s = 0; arguments.explain && !failure && s < sweeps.size(); ++s) {
    expected<std::vector<ResultFile>, Failure> why = best_design_results(sweeps[s]);
    if (!why) return unexpected{why.error()};
    results.insert(results.end(), why->begin(), why->end());
  }
  if (failure) return unexpected{*failure};
  OutputArguments output = arguments.output;
  output.format = &report_format("json");  // For a browser: as it is.
  if (const auto unwritten = write_result(output, page_of(sweeps, results))) return unexpected{*unwritten};
  return ExitCode::kOk;
}

}  // namespace fusescape
