// fusescape sweep: which design of a grid is best in each scenario?
#include <fmt/format.h>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "sweep_job.hpp"

namespace fusescape {
namespace {

/// The result itself may be one of the files of the folder.
std::optional<Failure> clash_of_files(const SweepArguments& arguments) {
  if (arguments.folder.empty()) return std::nullopt;
  std::vector<NamedOutput> outputs{{"-o", arguments.output.file}};
  for (const std::string_view name : kSweepFiles)
    outputs.push_back({"--out", path_in(arguments.folder, name)});
  return clash_of(outputs);
}

}  // namespace

CommandResult run_command(const SweepArguments& arguments) {
  if (const auto clash = clash_of_files(arguments)) return unexpected{*clash};
  SweepWatch watch{arguments.output};  // Large files take a while to read.
  expected<LoadedSweep, Failure> loaded = load_sweep(arguments.file, arguments.settings);
  if (!loaded) return unexpected{loaded.error()};
  SweepJob job{std::move(*loaded), arguments.output, watch};
  if (!arguments.folder.empty()) {
    if (auto failure = job.take(arguments.folder)) return unexpected{std::move(*failure)};
    const Shard shard{arguments.shard, arguments.shards};
    if (auto failure = job.open(shard, arguments.resume)) return unexpected{std::move(*failure)};
  }
  if (auto failure = job.evaluate(arguments.jobs)) return unexpected{std::move(*failure)};
  return job.finish();
}

}  // namespace fusescape
