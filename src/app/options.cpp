#include "options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "fusescape/search/objective.hpp"
#include "fusescape/support/printable.hpp"
#include "fusescape/support/suggestion.hpp"

namespace fusescape {

CLI::Option* must_name(CLI::Option* option) {
  const auto fault_of = [](const std::string& given) {
    return given.empty() ? std::string{"expected a name, got an empty one"} : std::string{};
  };
  return option->check(CLI::Validator{fault_of, ""});
}

CLI::Option* must_be_one_of(CLI::Option* option, std::vector<std::string> words) {
  const std::string shown = fmt::format("{{{}}}", fmt::join(words, ","));
  const auto fault_of = [known = std::move(words)](const std::string& given) {
    if (std::find(known.begin(), known.end(), given) != known.end()) return std::string{};
    const std::vector<std::string_view> names{known.begin(), known.end()};
    return fmt::format("expected one of {}, got '{}'{}", fmt::join(known, ", "), printable(given),
                       did_you_mean(given, names));
  };
  return option->check(CLI::Validator{fault_of, shown});
}

std::optional<std::string> unknown_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  const bool known = std::find(names.begin(), names.end(), word) != names.end();
  if (known || names.empty() || word.empty() || word.front() == '-') return std::nullopt;
  return fmt::format(
      "unknown command '{}'{}", printable(word),
      did_you_mean_among(word, names, [](const std::string& n) { return std::string_view{n}; }));
}

std::optional<std::string> unknown_word(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  if (!words.empty()) {
    if (auto unknown = unknown_command(*command, words.front())) return unknown;
  }
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word.front() == '-'; };
  const auto first = std::find_if(words.begin(), words.end(), is_option);
  if (first == words.end()) return std::nullopt;
  std::vector<std::string> names;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string word = first->substr(0, first->find('='));
  return fmt::format(
      "unknown option '{}'{}", printable(word),
      did_you_mean_among(word, names, [](const std::string& n) { return std::string_view{n}; }));
}

namespace {

void add_formats(CLI::App& command, OutputArguments& output) {
  std::vector<std::string> names;
  std::vector<std::string> meanings;
  for (const ReportFormat& format : report_formats()) {
    names.emplace_back(format.name);
    meanings.push_back(fmt::format("{} ({})", format.name, format.help));
  }
  const auto choose = [&output](const std::string& name) { output.format = &report_format(name); };
  CLI::Option* json = command.add_flag_callback(
      "--json", [choose] { choose("json"); }, "Print JSON");
  CLI::Option* csv = command.add_flag_callback(
      "--csv", [choose] { choose("csv"); }, "Print CSV");
  CLI::Option* format = command
                            .add_option_function<std::string>(
                                "--format", choose, fmt::format("Print {}", fmt::join(meanings, ", ")))
                            ->type_name("FORMAT")
                            ->excludes(json)
                            ->excludes(csv);
  must_be_one_of(format, std::move(names));
  json->excludes(csv);
}

void add_manners(CLI::App& command, OutputArguments& output) {
  command.add_flag("-q,--quiet", output.quiet, "No progress and no notes on standard error");
  command.add_flag("--no-color", output.no_color, "No colours, as with NO_COLOR set");
}

}  // namespace

void add_search_options(CLI::App& command, InputArguments& input) {
  std::vector<std::string> metrics{"latency_cycles"};
  for (const ObjectiveFacts& facts : kObjectives) metrics.emplace_back(facts.metric);
  CLI::Option* minimize =
      command
          .add_option("--minimize", input.minimize,
                      fmt::format("What --strategy optimal minimises: {} (default: latency_cycles)",
                                  fmt::join(metrics, ", ")))
          ->type_name("METRIC");
  must_be_one_of(minimize, std::move(metrics));
  std::vector<std::string> ingredients;
  ingredients.reserve(std::size(kIngredients));
  for (const IngredientFacts& facts : kIngredients) ingredients.emplace_back(facts.name);
  CLI::Option* without =
      command
          .add_option("--without", input.without,
                      fmt::format("What --strategy optimal may not use: {}", fmt::join(ingredients, ", ")))
          ->type_name("a,b,...")
          ->delimiter(',')
          ->allow_extra_args(false);
  must_be_one_of(without, std::move(ingredients));
}

void add_settings(CLI::App& command, std::vector<std::string>& settings) {
  command
      .add_option(
          "--set", settings,
          "Change a key of the workload or the accelerator: L=1024, dtype=fp16, sram.capacity=\"6 MiB\"")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

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
