// What may be said on the command lines of `fusescape sweep` and `fusescape merge`?
#include <fmt/format.h>

#include <charconv>
#include <string>

#include "options.hpp"
#include "sweep_identity.hpp"

namespace fusescape {
namespace {

constexpr const char* kMergeExamples = R"(Examples:
  fusescape sweep marca-iso-area --shard 1/2 --out out/1    and 2/2 on another machine
  fusescape merge out/1 out/2 -o out/iso-area)";

constexpr const char* kSweepExamples = R"(Examples:
  fusescape sweep marca-iso-area --out out/iso-area        writes points.csv, pareto.csv, summary.json, resolved.yaml
  fusescape sweep marca-iso-area --out out/iso-area --resume    goes on after Ctrl-C, a full disk, a lost machine
  fusescape sweep my-sweep.yaml --jobs 1 --csv -o points.csv
  fusescape list sweeps)";

void read_shard(const std::string& text, SweepArguments& arguments) {
  const char* const end = text.data() + text.size();
  const auto [slash, bad_number] = std::from_chars(text.data(), end, arguments.shard);
  bool good = bad_number == std::errc{} && slash != end && *slash == '/';
  if (good) {
    const auto [rest, bad_count] = std::from_chars(slash + 1, end, arguments.shards);
    good = bad_count == std::errc{} && rest == end && arguments.shards <= kMostShards;
  }
  if (good && arguments.shard >= 1 && arguments.shard <= arguments.shards) return;
  throw CLI::ValidationError{"--shard", fmt::format("expected I/N with 1 <= I <= N, not '{}'", text)};
}

}  // namespace

void add_merge(CLI::App& app, MergeArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("merge", "Join the shards of a sweep: what one run would have given");
  command->add_option("folders", arguments.folders, "Folders of all shards, in any order")
      ->type_name("DIR")
      ->required();
  must_name(command->add_option("-o,--output", arguments.folder, "Folder for the whole"))
      ->type_name("DIR")
      ->required();
  add_format_options(*command, arguments.output);
  command->footer(kMergeExamples);
}

void add_sweep(CLI::App& app, SweepArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("sweep", "Evaluate a grid of designs and find the best of each scenario");
  command->add_option("sweep", arguments.file, "Sweep: a file, or the name of a shipped one")
      ->type_name("SWEEP")
      ->required();
  add_settings(*command, arguments.settings);
  must_name(command->add_option("--out", arguments.folder,
                                "Folder for points.csv, pareto.csv, summary.json, resolved.yaml"))
      ->type_name("DIR");
  command->add_flag("--resume", arguments.resume, "Go on from what the folder of --out holds")
      ->needs("--out");
  command
      ->add_option_function<std::string>(
          "--shard", [&arguments](const std::string& text) { read_shard(text, arguments); },
          "Run the Ith of N equal parts; 'merge' joins them")
      ->type_name("I/N")
      ->needs("--out");
  command->add_option("--jobs", arguments.jobs, "Threads (default: one per core)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_output_options(*command, arguments.output);
  command->footer(kSweepExamples);
}

}  // namespace fusescape
