// Which options have the commands that read what a sweep left?
#include "help_text.hpp"
#include "options.hpp"

namespace fusescape {

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
  command->add_option("results", arguments.file, "CSV file with a header, such as points.csv")
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
