// Which options do many commands have? Added to a command of CLI11's; only the files of arguments see this.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/app/arguments.hpp"

namespace fusescape {

/// A file's or folder's name: an empty one is what a script leaves of a variable that it forgot to set.
CLI::Option* must_name(CLI::Option* option);

/// An option whose value is one of these.
CLI::Option* must_be_one_of(CLI::Option* option, std::vector<std::string> words);

/// That `word` is none of the app's commands, unless it is one or no command at all; and what may have been
/// meant.
[[nodiscard]] std::optional<std::string> unknown_command(const CLI::App& app, const std::string& word);

/// Likewise of what is left after parsing: a command below the one that was named, or an option. CLI11 says
/// before that what is missing.
[[nodiscard]] std::optional<std::string> unknown_word(const CLI::App& app);

/// --minimize and --without: what `optimal` minimises, and what it may not use.
void add_search_options(CLI::App& command, InputArguments& input);

/// `--set`.
void add_settings(CLI::App& command, std::vector<std::string>& settings);

/// --json, --csv, -q and --no-color.
void add_format_options(CLI::App& command, OutputArguments& output);

/// The same and -o.
void add_output_options(CLI::App& command, OutputArguments& output);

/// `fusescape import` with its one command.
void add_import(CLI::App& app, ImportArguments& arguments);

/// `fusescape report`.
void add_report(CLI::App& app, ReportArguments& arguments);

/// `fusescape sensitivity` and `fusescape pareto`.
void add_sensitivity(CLI::App& app, SensitivityArguments& arguments);
void add_pareto(CLI::App& app, ParetoArguments& arguments);

/// `sweep` and `merge`.
void add_sweep(CLI::App& app, SweepArguments& arguments);
void add_merge(CLI::App& app, MergeArguments& arguments);

/// `fusescape corey` with its three commands.
void add_corey(CLI::App& app, CoreyReproduceArguments& reproduce, CoreyEntropyArguments& entropy,
               CoreyRotateArguments& rotate);

}  // namespace fusescape
