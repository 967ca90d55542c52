#include "fusescape/app/arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>

#include "completion.hpp"
#include "fusescape/config/scalars.hpp"
#include "fusescape/support/version.hpp"

namespace fusescape {
namespace {

constexpr const char* kExamples = R"(Examples:
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy fuse-all --explain
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy unfused --set L=1024 --json
  fusescape compare --arch marca --workload mamba-130m --set phase=decode
  fusescape sweep configs/sweeps/marca-iso-area.yaml --out out/iso-area
  fusescape list strategies

Exit codes: 0 ok, 1 internal error, 2 usage, 3 bad input file, 4 infeasible, 5 sweep incomplete,
6 file missing, unreadable or unwritable, 130 interrupted. docs/cli.md has the rest.)";

constexpr const char* kEvaluateExamples = R"(Examples:
  fusescape evaluate --arch marca --workload mamba-2.8b --strategy fuse-all --set L=64 --explain
  fusescape evaluate --arch edge --workload mamba-130m --strategy unfused --set sram.capacity="2 MiB" --json
  fusescape evaluate --arch marca --workload mamba-130m --strategy fuse-all --print-plan -o plan.yaml
  fusescape evaluate --arch marca --workload mamba-130m --plan plan.yaml)";

constexpr const char* kVerifyExamples = R"(Examples:
  fusescape verify --arch marca --workload mamba-2.8b --strategy fuse-all --set L=64
  fusescape verify --arch marca --workload mamba-130m --plan plan.yaml --csv

Large ranks are scaled down so that every tiling case of the plan stays. Exit code 0: all equal; 1: something differs,
which is a bug; 4: the plan does not fit.)";

constexpr const char* kSweepExamples = R"(Examples:
  fusescape sweep marca-iso-area --out out/iso-area        writes points.csv, pareto.csv, summary.json, resolved.yaml
  fusescape sweep my-sweep.yaml --jobs 1 --csv -o points.csv)";

constexpr const char* kSimulateExamples = R"(Examples:
  fusescape simulate --arch marca --workload mamba-2.8b --strategy fuse-all --set L=64
  fusescape simulate --arch marca --workload mamba-130m --strategy fuse-all --set L=16 --unroll --trace fused.json
  fusescape simulate --arch marca --workload mamba-2.8b --strategy fuse-all --set sram.capacity="2 MiB" --eviction furthest
  fusescape simulate --arch three-units --workload mamba-2.8b --strategy fuse-all --allocation searched
  fusescape simulate --arch three-units --workload mamba-2.8b --strategy fuse-all --core-of dA=matrix,silu=exponential)";

/// Words of an option and what they mean.
template <class Value, std::size_t Size>
using Choices = std::array<std::pair<std::string_view, Value>, Size>;

constexpr Choices<bool, 2> kModels{{{"closed", false}, {"sim", true}}};
constexpr Choices<CoreAllocation, 3> kAllocations{{{"given", CoreAllocation::kGiven},
                                                   {"round-robin", CoreAllocation::kRoundRobin},
                                                   {"searched", CoreAllocation::kSearched}}};
constexpr Choices<Eviction, 3> kEvictions{
    {{"none", Eviction::kNone}, {"lru", Eviction::kLru}, {"furthest", Eviction::kFurthestNextUse}}};
constexpr Choices<Keep, 3> kKeeps{
    {{"none", Keep::kNone}, {"fused", Keep::kFusedGroups}, {"all", Keep::kAll}}};
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
  ParetoArguments pareto;
  ListArguments list;
  ValidateArguments validate;
  std::string shell;
  OutputArguments none;
};

/// A file's or folder's name: an empty one is what a script leaves of a variable that it forgot to set.
CLI::Option* must_name(CLI::Option* option) {
  const auto fault_of = [](const std::string& given) {
    return given.empty() ? std::string{"expected a name, got an empty one"} : std::string{};
  };
  return option->check(CLI::Validator{fault_of, ""});
}

void add_output_options(CLI::App& command, OutputArguments& output) {
  CLI::Option* json = command.add_flag_callback(
      "--json", [&output] { output.format = Format::kJson; }, "Print JSON");
  CLI::Option* csv = command.add_flag_callback(
      "--csv", [&output] { output.format = Format::kCsv; }, "Print CSV");
  json->excludes(csv);
  must_name(
      command.add_option("-o,--output", output.file, "Write the result to FILE, '-' for standard output"))
      ->type_name("FILE");
  command.add_flag("-q,--quiet", output.quiet, "No progress and no notes on standard error");
  command.add_flag("--no-color", output.no_color, "No colours, as with NO_COLOR set");
}

void add_settings(CLI::App& command, std::vector<std::string>& settings) {
  command
      .add_option(
          "--set", settings,
          "Change a key of the workload or the accelerator: L=1024, dtype=fp16, sram.capacity=\"6 MiB\"")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

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

/// An option whose value is one of a few words.
template <class Value, std::size_t Size>
CLI::Option* add_choice(CLI::App& command, const char* name, const Choices<Value, Size>& choices,
                        Value& value, const char* help) {
  std::vector<std::string> words;
  for (const auto& choice : choices) words.emplace_back(choice.first);
  const auto choose = [&choices, &value](const std::string& given) {
    for (const auto& choice : choices) {
      if (given == choice.first) value = choice.second;
    }
  };
  return command.add_option_function<std::string>(name, choose, help)->check(CLI::IsMember(words));
}

void add_model_option(CLI::App& command, bool& simulated) {
  add_choice(command, "--model", kModels, simulated,
             "Which model: closed (the closed form) or sim (the simulator)")
      ->type_name("MODEL");
}

void add_evaluate(CLI::App& app, EvaluateArguments& arguments) {
  CLI::App* command = app.add_subcommand("evaluate", "Cost of one strategy or plan on one accelerator");
  add_input_options(*command, arguments.input);
  add_plan_options(*command, arguments.strategy, arguments.plan_file);
  add_entropy_option(*command, arguments.input);
  add_model_option(*command, arguments.simulated);
  CLI::Option* explain = command->add_flag("--explain", arguments.explain,
                                           "Say what bounds each group, why, and what would help");
  CLI::Option* print_plan = command->add_flag("--print-plan", arguments.print_plan,
                                              "Print the plan as YAML that --plan reads back");
  add_output_options(*command, arguments.output);
  for (const char* other : {"--json", "--csv"}) {
    explain->excludes(command->get_option(other));
    print_plan->excludes(command->get_option(other));
  }
  print_plan->excludes(explain);
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
  add_model_option(*command, arguments.simulated);
  add_output_options(*command, arguments.output);
}

void add_verify(CLI::App& app, VerifyArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("verify", "Run a plan on numbers and compare what it moves with the closed form");
  add_input_options(*command, arguments.input);
  add_plan_options(*command, arguments.strategy, arguments.plan_file);
  add_entropy_option(*command, arguments.input);
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
  CLI::Option* allocation = add_choice(*command, "--allocation", kAllocations, options.allocation,
                                       "Which core runs what: given, round-robin, searched")
                                ->type_name("HOW");
  CLI::Option* core_of =
      command
          ->add_option(
              "--core-of", arguments.core_of,
              "With --allocation given: cores of single operators; all others run on the first that can")
          ->type_name("OP=CORE,...")
          ->delimiter(',')
          ->allow_extra_args(false);
  CLI::Option* eviction = add_choice(*command, "--eviction", kEvictions, options.eviction,
                                     "What leaves a full memory: none, lru, furthest (next use)")
                              ->type_name("POLICY")
                              ->excludes(allocation)
                              ->excludes(core_of);
  add_choice(*command, "--keep", kKeeps, options.keep,
             "What may stay on chip between groups: none, fused (what fused groups exchange), all")
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
  command->add_option("--jobs", arguments.jobs, "Threads (default: one per core)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  add_output_options(*command, arguments.output);
  command->footer(kSweepExamples);
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
  add_output_options(*command, arguments.output);
}

void add_list_and_validate(CLI::App& app, CommandSlots& slots) {
  CLI::App* list = app.add_subcommand("list", "What there is to choose from");
  list->add_option("what", slots.list.what, "strategies | workloads | archs | techs | families")
      ->required()
      ->check(CLI::IsMember({"strategies", "workloads", "archs", "techs", "families"}));
  add_output_options(*list, slots.list.output);

  CLI::App* validate = app.add_subcommand("validate", "Check input files and nothing else");
  validate->add_option("files", slots.validate.files, "YAML files")->type_name("FILE...")->required();
  add_output_options(*validate, slots.validate.output);

  CLI::App* completion = app.add_subcommand("completion", "Print a completion script for a shell");
  completion->add_option("shell", slots.shell, "bash | zsh | fish")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{kShells.begin(), kShells.end()}));
  add_output_options(*completion, slots.none);
}

std::vector<CommandShape> shape_of(const CLI::App& app) {
  std::vector<CommandShape> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandShape& shape =
        commands.emplace_back(CommandShape{command->get_name(), command->get_description(), {}});
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) shape.options.push_back("--" + name);
      for (const std::string& name : option->get_snames()) shape.options.push_back("-" + name);
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
  if (name == "pareto") return Command{slots.pareto};
  if (name == "list") return Command{slots.list};
  if (name == "validate") return Command{slots.validate};
  return Command{PrintArguments{completion_script(slots.shell, shape_of(app)), slots.none}};
}

/// The innermost command that was named, for the line that points to its --help.
std::string named_command(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? "fusescape" : "fusescape " + named.front()->get_name();
}

UsageError usage_error(const CLI::App& app, std::string_view message) {
  return {fmt::format("error: {}\nRun '{} --help' for help.\n", message, named_command(app))};
}

/// CLI11 only says that an unknown command "was not expected".
std::optional<UsageError> unknown_command(const CLI::App& app, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (word.empty() || word.front() == '-' || std::find(names.begin(), names.end(), word) != names.end()) {
    return std::nullopt;
  }
  const std::vector<std::string_view> known{names.begin(), names.end()};
  return usage_error(app, fmt::format("unknown command '{}'{}", word, did_you_mean(word, known)));
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
  add_pareto(app, slots.pareto);
  add_list_and_validate(app, slots);
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    command->set_version_flag("--version", version, "Print the version");
  }
  if (argc < 2) return unexpected{usage_error(app, "a command is missing")};
  if (std::optional<UsageError> error = unknown_command(app, argv[1])) return unexpected{*error};
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    return Command{PrintArguments{text.str(), {}}};
  } catch (const CLI::ParseError& error) {
    return unexpected{usage_error(app, error.what())};
  }
  return command_of(app, slots);
}

}  // namespace fusescape
