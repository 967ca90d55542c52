// Which options do many commands have? Added to a command of CLI11's; only the files of arguments see this.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "fusescape/app/arguments.hpp"

namespace fusescape {

/// A file's or folder's name: an empty one is what a script leaves of a variable that it forgot to set.
CLI::Option* must_name(CLI::Option* option);

/// --json, --csv, -q and --no-color.
void add_format_options(CLI::App& command, OutputArguments& output);

/// The same and -o.
void add_output_options(CLI::App& command, OutputArguments& output);

/// `fusescape corey` with its three commands.
void add_corey(CLI::App& app, CoreyReproduceArguments& reproduce, CoreyEntropyArguments& entropy,
               CoreyRotateArguments& rotate);

}  // namespace fusescape
