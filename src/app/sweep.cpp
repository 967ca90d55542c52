// fusescape sweep: which design of a grid is best in each scenario?
#include "fusescape/search/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/search/sweep_answer.hpp"
#include "sweep_inputs.hpp"
#include "sweep_watch.hpp"

namespace fusescape {
namespace {

SweepResult run_watched(const BoundSweep& sweep, const SweepArguments& arguments, SweepWatch& watch) {
  watch.begin();
  return run_sweep(sweep, {.jobs = arguments.jobs, .stop = watch.stop(), .progress = &watch.progress()});
}

/// Rows of points that were evaluated before the run was stopped.
Table without_skipped(const Table& points, const SweepResult& result) {
  Table done{.columns = points.columns, .rows = {}};
  for (std::size_t id = 0; id < points.rows.size(); ++id) {
    if (result.points[id].status != PointOutcome::Status::kSkipped) done.rows.push_back(points.rows[id]);
  }
  return done;
}

std::string path_of(const std::string& folder, std::string_view file) {
  return fmt::format("{}/{}", folder, file);
}

struct SweepOutput {
  SweepSpec spec;
  SweepResult result;
  Table points;
  SweepAnswer answer;
};

/// The result itself may be one of the files of the folder.
std::optional<Failure> clash_of_files(const SweepArguments& arguments) {
  if (arguments.folder.empty()) return std::nullopt;
  std::vector<NamedOutput> outputs{{"-o", arguments.output.file}};
  for (const std::string_view name : kSweepFiles)
    outputs.push_back({"--out", path_of(arguments.folder, name)});
  return clash_of(outputs);
}

std::optional<Failure> write_files(const std::string& folder, const SweepOutput& output) {
  if (auto failure = make_folder(folder)) return failure;
  const std::array contents{csv(output.points), csv(pareto_table(output.points, output.answer)),
                            summary_json(output.spec, output.answer), resolved_yaml(output.spec)};
  for (std::size_t i = 0; i < kSweepFiles.size(); ++i) {
    if (auto failure = write_file(path_of(folder, kSweepFiles[i]), contents[i])) return failure;
  }
  return std::nullopt;
}

std::string printed(const SweepOutput& output, const OutputArguments& arguments) {
  switch (arguments.format) {
    case Format::kJson:
      return summary_json(output.spec, output.answer);
    case Format::kCsv:
      return csv(output.points);
    case Format::kText:
      break;
  }
  return summary_text(output.answer, text_style(arguments));
}

/// What was done is kept: its rows, but no answer, which would be about a part of the grid.
CommandResult keep_part(const SweepArguments& arguments, const SweepOutput& output) {
  const SweepCounts& counts = output.result.counts;
  complain(fmt::format("interrupted: {} of {} points were not evaluated\n", counts.skipped,
                       output.result.points.size()));
  if (arguments.folder.empty()) return ExitCode::kInterrupted;
  auto failure = make_folder(arguments.folder);
  if (!failure) {
    failure = write_file(path_of(arguments.folder, "points.csv"),
                         csv(without_skipped(output.points, output.result)));
  }
  if (!failure) {
    failure = write_file(path_of(arguments.folder, "resolved.yaml"), resolved_yaml(output.spec));
  }
  if (failure) return unexpected{*failure};
  return ExitCode::kInterrupted;
}

void complain_about_failed(const SweepOutput& output) {
  for (std::size_t id = 0; id < output.result.points.size(); ++id) {
    const PointOutcome& point = output.result.points[id];
    if (point.status != PointOutcome::Status::kFailed) continue;
    complain(fmt::format("point {} could not be evaluated: {}\n", id, point.why));
  }
}

}  // namespace

CommandResult run_command(const SweepArguments& arguments) {
  if (const auto clash = clash_of_files(arguments)) return unexpected{*clash};
  SweepWatch watch{arguments.output};  // Large files take a while to read.
  expected<LoadedSweep, Failure> loaded = load_sweep(arguments.file, arguments.settings);
  if (!loaded) return unexpected{loaded.error()};
  SweepOutput output{std::move(loaded->spec), run_watched(loaded->bound, arguments, watch), {}, {}};
  output.points = points_table(output.spec, loaded->bound, output.result);
  if (!output.result.complete) return keep_part(arguments, output);
  output.answer = answer(output.spec, loaded->bound, output.result);
  if (!arguments.folder.empty()) {
    if (const auto failure = write_files(arguments.folder, output)) return unexpected{*failure};
  }
  if (const auto failure = write_result(arguments.output, printed(output, arguments.output))) {
    return unexpected{*failure};
  }
  complain_about_failed(output);
  return output.result.counts.failed > 0 ? ExitCode::kSweepIncomplete : ExitCode::kOk;
}

}  // namespace fusescape
