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

/// What was given as an option and is none, and what may have been meant. CLI11 says before that what is
/// missing.
[[nodiscard]] std::optional<std::string> unknown_option(const CLI::App& app);

/// --json, --csv, -q and --no-color.
void add_format_options(CLI::App& command, OutputArguments& output);

/// The same and -o.
void add_output_options(CLI::App& command, OutputArguments& output);

/// `fusescape corey` with its three commands.
void add_corey(CLI::App& app, CoreyReproduceArguments& reproduce, CoreyEntropyArguments& entropy,
               CoreyRotateArguments& rotate);

}  // namespace fusescape
