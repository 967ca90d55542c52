// What may be said on the command line of `fusescape report`?
#include "options.hpp"

namespace fusescape {
namespace {

constexpr const char* kReportExamples = R"(Examples:
  fusescape sweep marca-iso-area --out out/iso-area && fusescape report out/iso-area --explain -o report.html
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy optimal --json -o best.json
  fusescape report out/iso-area best.json -o report.html

The page needs no network and no server: open it in a browser, or print it. docs/report.md says what it shows.)";

}  // namespace

void add_report(CLI::App& app, ReportArguments& arguments) {
  CLI::App* command = app.add_subcommand("report", "Results as one HTML page: tables, figures, why");
  must_name(command->add_option("results", arguments.results,
                                "Folders of sweep, JSON of evaluate, simulate, compare, roofline and corey"))
      ->type_name("DIR|RESULT.json...")
      ->required();
  must_name(command->add_option("-o,--output", arguments.output.file, "Page to write (default: -, stdout)"))
      ->type_name("FILE");
  command->add_flag(
      "--explain", arguments.explain,
      "Of each sweep, evaluate the best design that gains most and its baseline again, and say why");
  command->footer(kReportExamples);
}

}  // namespace fusescape
