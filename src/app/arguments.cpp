#include "fusescape/app/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>

#include "completion.hpp"
#include "fusescape/support/version.hpp"
#include "help_text.hpp"
#include "options.hpp"

namespace fusescape {
namespace {

constexpr std::array<Wording<bool>, 2> kModels{
    {{"closed", false, "the closed form"}, {"sim", true, "the simulator"}}};
constexpr std::int64_t kMostPrefetchDepth = 64;
constexpr std::int64_t kMostTraceEvents = 1'000'000'000;

/// Every command's struct, its options bound to it while CLI11 parses.
struct CommandSlots {
  EvaluateArguments evaluate;
  CompareArguments compare;
  VerifyArguments verify;
  SimulateArguments simulate;
  RooflineArguments roofline;
  SweepArguments sweep;
  MergeArguments merge;
  SensitivityArguments sensitivity;
  ParetoArguments pareto;
  ReportArguments report;
  ListArguments list;
  ValidateArguments validate;
  ImportArguments imported;
  CoreyReproduceArguments corey_reproduce;
  CoreyEntropyArguments corey_entropy;
  CoreyRotateArguments corey_rotate;
  std::string completion;
  OutputArguments none;
};

void add_input_options(CLI::App& command, InputArguments& input) {
  command.add_option("--arch", input.arch, "Accelerator: a file, or a name of 'list archs'")
      ->type_name("A")
      ->required();
  command.add_option("--workload", input.workload, "Workload: a file, or a name of 'list workloads'")
      ->type_name("W")
      ->required();
  add_settings(command, input.settings);
}

void add_entropy_option(CLI::App& command, InputArguments& input) {
  must_name(command.add_option("--entropy", input.entropy,
                               "What --strategy corey reads: FILE.csv, synthetic[:SEED] (default), constant, "
                               "random[:SEED], shuffled:SEED[:FILE.csv]"))
      ->type_name("WHAT");
}

void add_plan_options(CLI::App& command, std::string& strategy, std::string& plan_file) {
  CLI::Option* named =
      command.add_option("--strategy", strategy, "A name of 'list strategies'")->type_name("S");
  command.add_option("--plan", plan_file, "A plan file instead of a strategy")
      ->type_name("FILE")
      ->excludes(named);
}

/// An option whose value is one of a few words, which its help lists after `what`.
template <class Value, std::size_t Size>
CLI::Option* add_choice(CLI::App& command, const char* name, const std::array<Wording<Value>, Size>& choices,
                        Value& value, std::string_view what) {
  std::vector<std::string> words;
  std::vector<std::string> meanings;
  for (const Wording<Value>& choice : choices) {
    words.emplace_back(choice.name);
    meanings.push_back(choice.note.empty() ? words.back() : fmt::format("{} ({})", choice.name, choice.note));
  }
  const auto choose = [&choices, &value](const std::string& given) {
    for (const Wording<Value>& choice : choices) {
      if (given == choice.name) value = choice.value;
    }
  };
  return must_be_one_of(command.add_option_function<std::string>(
                            name, choose, fmt::format("{}: {}", what, fmt::join(meanings, ", "))),
                        std::move(words));
}

void add_model_option(CLI::App& command, bool& simulated) {
  add_choice(command, "--model", kModels, simulated, "Which model")->type_name("MODEL");
}

void add_evaluate(CLI::App& app, EvaluateArguments& arguments) {
  CLI::App* command = app.add_subcommand("evaluate", "Cost of one strategy or plan on one accelerator");
  add_input_options(*command, arguments.input);
  add_plan_options(*command, arguments.strategy, arguments.plan_file);
  add_entropy_option(*command, arguments.input);
  add_search_options(*command, arguments.input);
  CLI::Option* pareto =
      command
          ->add_option_function<std::string>(
              "--pareto", [&arguments](const std::string&) { arguments.pareto = true; },
              "Of --strategy optimal, the plans that none beats in both: latency_s,energy_pj")
          ->type_name("a,b");
  must_be_one_of(pareto, {"latency_s,energy_pj", "latency_cycles,energy_pj"});
  add_model_option(*command, arguments.simulated);
  CLI::Option* explain = command->add_flag("--explain", arguments.explain,
                                           "Say what bounds each group, why, and what would help");
  CLI::Option* print_plan = command->add_flag("--print-plan", arguments.print_plan,
                                              "Print the plan as YAML that --plan reads back");
  CLI::Option* measured =
      command->add_option("--measured", arguments.measured_file, "A profile's CSV, set beside each group");
  must_name(measured)->type_name("FILE")->excludes(pareto)->excludes(print_plan);
  add_output_options(*command, arguments.output);
  for (const char* other : {"--json", "--csv"}) {
    explain->excludes(command->get_option(other));
    print_plan->excludes(command->get_option(other));
  }
  print_plan->excludes(explain)->excludes(pareto)->excludes(command->get_option("--format"));
  command->footer(kEvaluateExamples);
}

void add_compare(CLI::App& app, CompareArguments& arguments) {
  CLI::App* command = app.add_subcommand("compare", "Strategies side by side; an infeasible one is a row");
  add_input_options(*command, arguments.input);
  command->add_option("--strategies", arguments.strategies, "Which ones, and in which order (default: all)")
      ->type_name("a,b,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_entropy_option(*command, arguments.input);
  add_search_options(*command, arguments.input);
  add_model_option(*command, arguments.simulated);
  add_output_options(*command, arguments.output);
  command->footer(kCompareExamples);
}

void add_verify(CLI::App& app, VerifyArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("verify", "Run a plan on numbers and compare what it moves with the closed form");
  add_input_options(*command, arguments.input);
  add_plan_options(*command, arguments.strategy, arguments.plan_file);
  add_entropy_option(*command, arguments.input);
  add_search_options(*command, arguments.input);
  add_output_options(*command, arguments.output);
  command->footer(kVerifyExamples);
}

void add_simulate(CLI::App& app, SimulateArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("simulate", "Run a plan tile by tile: waits, memory over time, a trace");
  SimOptions& options = arguments.options;
  add_input_options(*command, arguments.input);
  add_plan_options(*command, arguments.strategy, arguments.plan_file);
  add_entropy_option(*command, arguments.input);
  add_search_options(*command, arguments.input);
  CLI::Option* allocation =
      add_choice(*command, "--allocation", kAllocations, options.allocation, "Which core runs what")
          ->type_name("HOW");
  CLI::Option* core_of =
      command
          ->add_option(
              "--core-of", arguments.core_of,
              "With --allocation given: cores of single operators; all others run on the first that can")
          ->type_name("OP=CORE,...")
          ->delimiter(',')
          ->allow_extra_args(false);
  CLI::Option* eviction =
      add_choice(*command, "--eviction", kEvictions, options.eviction, "What leaves a full memory")
          ->type_name("POLICY")
          ->excludes(allocation)
          ->excludes(core_of);
  add_choice(*command, "--keep", kKeeps, options.keep, "What may stay on chip between groups")
      ->type_name("WHAT")
      ->needs(eviction);
  command->add_flag("--prefetch", options.prefetch,
                    "A group's first loads may come while the one before runs");
  command
      ->add_option("--prefetch-depth", options.prefetch_depth,
                   "How many tiles ahead of its use an input may be loaded; 0: on demand (default: 1)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, kMostPrefetchDepth));
  command->add_flag_callback(
      "--unroll", [&options] { options.steady_state = false; }, "Run every period, also those that repeat");
  must_name(command->add_option("--trace", arguments.trace,
                                "Write a trace for ui.perfetto.dev or chrome://tracing ('-' needs -o FILE)"))
      ->type_name("FILE");
  command
      ->add_option("--trace-events", arguments.trace_events, "The most events of a trace (default: 1000000)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, kMostTraceEvents));
  add_output_options(*command, arguments.output);
  command->footer(kSimulateExamples);
}

void add_roofline(CLI::App& app, RooflineArguments& arguments) {
  CLI::App* command = app.add_subcommand(
      "roofline", "Each operator alone: its operational intensity and the roof that stops it");
  add_input_options(*command, arguments.input);
  add_output_options(*command, arguments.output);
  command->footer(kRooflineExamples);
}

void add_list_and_validate(CLI::App& app, CommandSlots& slots) {
  CLI::App* list = app.add_subcommand("list", "What there is to choose from");
  must_be_one_of(list->add_option("what", slots.list.what, fmt::format("{}", fmt::join(kListable, " | "))),
                 {kListable.begin(), kListable.end()})
      ->required();
  list->add_option("--arch", slots.list.arch, "Of 'keys': the accelerator (default: marca)")->type_name("A");
  list->add_option("--workload", slots.list.workload, "Of 'keys': the workload (default: mamba-2.8b)")
      ->type_name("W");
  add_output_options(*list, slots.list.output);
  list->footer(kListExamples);

  CLI::App* validate = app.add_subcommand("validate", "Check input files and nothing else");
  validate->add_option("files", slots.validate.files, "YAML files")->type_name("FILE...")->required();
  add_output_options(*validate, slots.validate.output);
  validate->footer(kValidateExamples);

  CLI::App* completion =
      app.add_subcommand("completion", "Print a completion script for a shell, or the manual page");
  must_be_one_of(
      completion->add_option("shell", slots.completion, fmt::format("{}", fmt::join(kCompletions, " | "))),
      {kCompletions.begin(), kCompletions.end()})
      ->required();
  add_output_options(*completion, slots.none);
  completion->footer(kCompletionExamples);
}

OptionShape shape_of(const CLI::Option& option) {
  OptionShape shape{.names = {}, .value = option.get_type_name(), .help = option.get_description()};
  for (const std::string& name : option.get_lnames()) shape.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) shape.names.push_back("-" + name);
  if (shape.names.empty()) shape.value = option.get_name(true);
  return shape;
}

/// Adds those of `command`'s options that are not there yet.
void add_options_of(const CLI::App& command, std::vector<OptionShape>& options) {
  for (const CLI::Option* option : command.get_options()) {
    OptionShape shape = shape_of(*option);
    const bool known = std::any_of(options.begin(), options.end(), [&](const OptionShape& other) {
      return other.names == shape.names && other.value == shape.value;
    });
    if (!known) options.push_back(std::move(shape));
  }
}

std::vector<CommandShape> shape_of(const CLI::App& app) {
  std::vector<CommandShape> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandShape& shape = commands.emplace_back(
        CommandShape{command->get_name(), command->get_description(), {}, {}, command->get_footer()});
    add_options_of(*command, shape.options);
    for (const CLI::App* below : command->get_subcommands([](const CLI::App*) { return true; })) {
      shape.commands.push_back(below->get_name());
      add_options_of(*below, shape.options);
    }
  }
  return commands;
}

UsageError wrong_use(const std::string& name, std::string_view message) {
  return {fmt::format("error: {}\nRun 'fusescape {} --help' for help.\n", message, name)};
}

/// The command, if it says which plan it is about.
template <class Arguments>
expected<Command, UsageError> with_plan(const std::string& name, const Arguments& arguments) {
  if (arguments.strategy.empty() && arguments.plan_file.empty()) {
    return unexpected{wrong_use(name, fmt::format("{} needs --strategy S or --plan FILE", name))};
  }
  return Command{arguments};
}

expected<Command, UsageError> with_cores(const std::string& name, const SimulateArguments& arguments) {
  if (!arguments.core_of.empty() && arguments.options.allocation != CoreAllocation::kGiven) {
    return unexpected{wrong_use(name, "--core-of needs --allocation given")};
  }
  return with_plan(name, arguments);
}

expected<Command, UsageError> command_of(const CLI::App& app, CommandSlots& slots) {
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "evaluate") return with_plan(name, slots.evaluate);
  if (name == "verify") return with_plan(name, slots.verify);
  if (name == "simulate") return with_cores(name, slots.simulate);
  if (name == "compare") return Command{slots.compare};
  if (name == "roofline") return Command{slots.roofline};
  if (name == "sweep") return Command{slots.sweep};
  if (name == "merge") return Command{slots.merge};
  if (name == "sensitivity") return Command{slots.sensitivity};
  if (name == "pareto") return Command{slots.pareto};
  if (name == "report") return Command{slots.report};
  if (name == "list") return Command{slots.list};
  if (name == "validate") return Command{slots.validate};
  if (name == "import") return Command{slots.imported};
  if (name == "corey") {
    const std::string below = app.get_subcommands().front()->get_subcommands().front()->get_name();
    if (below == "reproduce") return Command{slots.corey_reproduce};
    if (below == "entropy") return Command{slots.corey_entropy};
    return Command{slots.corey_rotate};
  }
  return Command{PrintArguments{completion_text(slots.completion, shape_of(app)), slots.none}};
}

/// The innermost command that was named, for the line that points to its --help.
std::string named_command(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? app.get_name() : app.get_name() + " " + named_command(*named.front());
}

UsageError usage_error(const CLI::App& app, std::string_view message) {
  return {fmt::format("error: {}\nRun '{} --help' for help.\n", message, named_command(app))};
}

}  // namespace

expected<Command, UsageError> parse_arguments(int argc, const char* const* argv) {
  CLI::App app{
      "fusescape: which accelerator and fusion schedule is best for a state-space model, by how much, and "
      "why",
      "fusescape"};
  const std::string version = fmt::format("fusescape {}", kVersion);
  app.set_version_flag("--version", version, "Print the version");
  app.require_subcommand(1);
  app.footer(kExamples);
  CommandSlots slots;
  add_evaluate(app, slots.evaluate);
  add_compare(app, slots.compare);
  add_verify(app, slots.verify);
  add_simulate(app, slots.simulate);
  add_roofline(app, slots.roofline);
  add_sweep(app, slots.sweep);
  add_merge(app, slots.merge);
  add_sensitivity(app, slots.sensitivity);
  add_pareto(app, slots.pareto);
  add_report(app, slots.report);
  add_list_and_validate(app, slots);
  add_import(app, slots.imported);
  add_corey(app, slots.corey_reproduce, slots.corey_entropy, slots.corey_rotate);
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    command->set_version_flag("--version", version, "Print the version");
  }
  if (argc < 2) return unexpected{usage_error(app, "a command is missing")};
  if (const auto error = unknown_command(app, argv[1])) return unexpected{usage_error(app, *error)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    return Command{PrintArguments{text.str(), {}}};
  } catch (const CLI::ParseError& error) {
    return unexpected{usage_error(app, unknown_word(app).value_or(error.what()))};
  }
  return command_of(app, slots);
}

}  // namespace fusescape
