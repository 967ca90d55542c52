// fusescape sweep: which design of a grid is best in each scenario?
#include <fmt/format.h>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "sweep_job.hpp"
#include "write_fault.hpp"

namespace fusescape {
namespace {

/// The result, which may be one of the files of the folder, and those.
std::vector<NamedOutput> outputs_of(const SweepArguments& arguments) {
  std::vector<NamedOutput> outputs{{"-o", arguments.output.file}};
  if (arguments.folder.empty()) return outputs;
  for (const std::string_view name : kSweepFiles)
    outputs.push_back({"--out", path_in(arguments.folder, name)});
  return outputs;
}

}  // namespace

CommandResult run_command(const SweepArguments& arguments) {
  if (const auto clash = clash_of(outputs_of(arguments))) return unexpected{*clash};
  SweepWatch watch{arguments.output};
  std::optional<SweepFolder> folder;
  if (!arguments.folder.empty()) {
    expected<SweepFolder, Failure> taken = SweepFolder::take(arguments.folder);
    if (!taken) return unexpected{std::move(taken.error())};
    folder.emplace(std::move(*taken));
  }
  if (auto failure = write_fault(arguments.output.file)) return unexpected{std::move(*failure)};
  expected<LoadedSweep, Failure> loaded = load_sweep(arguments.file, arguments.settings, folder, watch);
  if (!loaded) return unexpected{std::move(loaded.error())};
  if (auto clash = clash_with_inputs(outputs_of(arguments), loaded->files)) return unexpected{*clash};
  SweepJob job{std::move(*loaded), arguments.output, watch, std::move(folder)};
  if (!arguments.folder.empty()) {
    const Shard shard{arguments.shard, arguments.shards};
    if (auto failure = job.open(shard, arguments.resume)) return unexpected{std::move(*failure)};
  }
  if (auto failure = job.evaluate(arguments.jobs)) return unexpected{std::move(*failure)};
  return job.finish();
}

}  // namespace fusescape
