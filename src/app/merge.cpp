// fusescape merge: what is the answer of a sweep that was run in parts?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/sweep_files.hpp"
#include "fusescape/support/printable.hpp"
#include "sweep_job.hpp"
#include "write_fault.hpp"

namespace fusescape {
namespace {

struct ShardFolder {
  std::string path;
  RunFile run;
};

Failure refusal(const std::string& text) {
  return {ExitCode::kUsage, fmt::format("error: {}\n", text)};
}

/// In order; each part once, and all of one run.
expected<std::vector<ShardFolder>, Failure> shards_in(const std::vector<std::string>& folders) {
  std::vector<ShardFolder> shards;
  shards.reserve(folders.size());
  for (const std::string& folder : folders) {
    expected<RunFile, Failure> run = run_in(folder);
    if (!run) return unexpected{std::move(run.error())};
    shards.push_back({folder, std::move(*run)});
  }
  const ShardFolder& first = shards.front();
  std::vector<const ShardFolder*> by_number(first.run.shard.of, nullptr);
  for (const ShardFolder& shard : shards) {
    const std::string path = printable(shard.path);
    const std::string changes = changes_between(first.run.identity, shard.run.identity);
    if (!changes.empty()) {
      return unexpected{
          refusal(fmt::format("{} is of another run than {}: {}", path, printable(first.path), changes))};
    }
    if (shard.run.shard.of != first.run.shard.of) {
      return unexpected{refusal(fmt::format("{} is one of {} shards, {} one of {}", path, shard.run.shard.of,
                                            printable(first.path), first.run.shard.of))};
    }
    const ShardFolder*& place = by_number[shard.run.shard.number - 1];
    if (place != nullptr) {
      return unexpected{refusal(
          fmt::format("{} and {} are both shard {}", printable(place->path), path, shard.run.shard.number))};
    }
    place = &shard;
  }
  const auto missing = std::find(by_number.begin(), by_number.end(), nullptr);
  if (missing != by_number.end()) {
    return unexpected{
        refusal(fmt::format("shard {}/{} is missing", missing - by_number.begin() + 1, first.run.shard.of))};
  }
  std::sort(shards.begin(), shards.end(), [](const ShardFolder& a, const ShardFolder& b) {
    return a.run.shard.number < b.run.shard.number;
  });
  return shards;
}

bool is_same_folder(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error);
}

/// Reads all rows before any file of the job's folder is touched, which may hold a whole sweep.
std::optional<Failure> join(const std::vector<ShardFolder>& shards, SweepJob& job) {
  constexpr std::array kAllRows{SweepRowsOf::kPoints, SweepRowsOf::kBaselines};
  for (const SweepRowsOf rows : kAllRows) {
    for (const ShardFolder& shard : shards) {
      if (auto failure = job.read(shard.path, shard.run.shard, rows)) return failure;
    }
  }
  if (auto failure = job.open({}, false)) return failure;
  for (const SweepRowsOf rows : kAllRows) {
    for (const ShardFolder& shard : shards) {
      if (auto failure = job.copy(shard.path, rows)) return failure;
    }
  }
  return std::nullopt;
}

}  // namespace

CommandResult run_command(const MergeArguments& arguments) {
  const auto shards = shards_in(arguments.folders);
  if (!shards) return unexpected{shards.error()};
  for (const ShardFolder& shard : *shards) {
    if (!is_same_folder(shard.path, arguments.folder)) continue;
    return unexpected{refusal(fmt::format("-o {} is one of the shards", printable(arguments.folder)))};
  }
  SweepWatch watch{arguments.output};
  expected<SweepFolder, Failure> taken = SweepFolder::take(arguments.folder);
  if (!taken) return unexpected{std::move(taken.error())};
  std::optional<SweepFolder> folder{std::move(*taken)};
  if (auto failure = write_fault(arguments.output.file)) return unexpected{std::move(*failure)};
  expected<LoadedSweep, Failure> loaded =
      load_sweep(path_in(shards->front().path, "resolved.yaml"), {}, folder, watch);
  if (!loaded) return unexpected{std::move(loaded.error())};
  const std::string changes = changes_between(shards->front().run.identity, loaded->identity);
  if (!changes.empty()) {
    return unexpected{refusal(fmt::format("since the shards were run: {}", printable(changes)))};
  }
  std::vector<NamedOutput> outputs;
  outputs.reserve(kSweepFiles.size());
  for (const std::string_view name : kSweepFiles) outputs.push_back({"-o", path_in(arguments.folder, name)});
  if (auto clash = clash_with_inputs(outputs, loaded->files)) return unexpected{*clash};
  SweepJob job{std::move(*loaded), arguments.output, watch, std::move(folder)};
  if (auto failure = join(*shards, job)) return unexpected{std::move(*failure)};
  return job.finish();
}

}  // namespace fusescape
