// What may be said on the command lines of `fusescape sweep` and of the commands that read what it left?
#include <fmt/format.h>

#include <charconv>
#include <string>

#include "help_text.hpp"
#include "options.hpp"
#include "sweep_identity.hpp"

namespace fusescape {
namespace {

constexpr const char* kMergeExamples = R"(Examples:
  fusescape sweep marca-iso-area --shard 1/2 --out out/1    and 2/2 on another machine
  fusescape merge out/1 out/2 -o out/iso-area)";

constexpr const char* kSweepExamples = R"(Examples:
  fusescape sweep marca-iso-area --out out/iso-area        leaves summary.json and the tables there
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
  must_name(command->add_option(
                "--out", arguments.folder,
                "Folder for points.csv, baselines.csv, pareto.csv, summary.json, resolved.yaml, run.json"))
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

void add_sensitivity(CLI::App& app, SensitivityArguments& arguments) {
  CLI::App* command = app.add_subcommand(
      "sensitivity", "Which constant moves a sweep's answer, and how far it stays the same");
  must_name(command->add_option("folder", arguments.folder, "Folder of a finished sweep --out"))
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--change", arguments.change,
                   "Share by which each constant is lowered and raised for the tornado table (default: 0.2)")
      ->type_name("SHARE");
  command
      ->add_option(
          "--factors", arguments.factors,
          "What each constant is multiplied by to find how far the best design stays the best (default: "
          "0.5,0.7,0.9,1.1,1.5,2)")
      ->type_name("a,b,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--designs", arguments.designs,
                   "How many of the best designs of each scenario are evaluated again (default: 8)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}));
  command
      ->add_option("--schedules", arguments.schedules, "How many of the best schedules of each (default: 3)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}));
  command->add_option("--jobs", arguments.jobs, "Threads (default: one per core)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_output_options(*command, arguments.output);
  command->footer(kSensitivityExamples);
}

void add_pareto(CLI::App& app, ParetoArguments& arguments) {
  CLI::App* command = app.add_subcommand("pareto", "Rows of a CSV file that no other row beats");
  command
      ->add_option("results", arguments.file,
                   "CSV file with a header, such as points.csv; a row with false under feasible, in_budget "
                   "or meets_constraints takes no part")
      ->type_name("RESULTS.csv")
      ->required();
  command->add_option("--minimize", arguments.minimize, "Columns to minimise")
      ->type_name("a,b,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->required();
  command->add_flag("--knee", arguments.knee,
                    "Only the row at the knee: farthest below the plane through the ends of the trade-off");
  add_output_options(*command, arguments.output);
  command->footer(kParetoExamples);
}

}  // namespace fusescape
