#include "options.hpp"

namespace fusescape {

CLI::Option* must_name(CLI::Option* option) {
  const auto fault_of = [](const std::string& given) {
    return given.empty() ? std::string{"expected a name, got an empty one"} : std::string{};
  };
  return option->check(CLI::Validator{fault_of, ""});
}

namespace {

void add_formats(CLI::App& command, OutputArguments& output) {
  CLI::Option* json = command.add_flag_callback(
      "--json", [&output] { output.format = Format::kJson; }, "Print JSON");
  CLI::Option* csv = command.add_flag_callback(
      "--csv", [&output] { output.format = Format::kCsv; }, "Print CSV");
  json->excludes(csv);
}

void add_manners(CLI::App& command, OutputArguments& output) {
  command.add_flag("-q,--quiet", output.quiet, "No progress and no notes on standard error");
  command.add_flag("--no-color", output.no_color, "No colours, as with NO_COLOR set");
}

}  // namespace

void add_format_options(CLI::App& command, OutputArguments& output) {
  add_formats(command, output);
  add_manners(command, output);
}

void add_output_options(CLI::App& command, OutputArguments& output) {
  add_formats(command, output);
  must_name(
      command.add_option("-o,--output", output.file, "Write the result to FILE, '-' for standard output"))
      ->type_name("FILE");
  add_manners(command, output);
}

}  // namespace fusescape
