// What did the user ask for? One plain struct per command, filled from the command line.
//
// src/app/arguments.cpp is the only file that knows CLI11. To add a command: its struct here, its options
// there, and one file src/app/<command>.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fusescape/sim/options.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

enum class Format : unsigned char { kText, kJson, kCsv };

/// Options that several commands share.
struct OutputArguments {
  Format format = Format::kText;
  std::string file = "-";  ///< "-": standard output.
  bool quiet = false;      ///< No progress and no notes on standard error; errors stay.
  bool no_color = false;
};

/// What is evaluated; the settings are "KEY=VALUE" as given.
struct InputArguments {
  std::string arch;
  std::string workload;
  std::vector<std::string> settings;
  std::string entropy{};  ///< As given; empty: `synthetic`. For strategies that read entropies.
};

struct EvaluateArguments {
  InputArguments input;
  std::string strategy;    ///< Empty: `plan_file` is given.
  std::string plan_file;   ///< Empty: `strategy` is given.
  bool simulated = false;  ///< By the simulator instead of the closed form.
  bool explain = false;
  bool print_plan = false;
  OutputArguments output;
};

struct CompareArguments {
  InputArguments input;
  std::vector<std::string> strategies;  ///< Empty: all.
  bool simulated = false;               ///< By the simulator instead of the closed form.
  OutputArguments output;
};

struct SimulateArguments {
  InputArguments input;
  std::string strategy;                   ///< Empty: `plan_file` is given.
  std::string plan_file;                  ///< Empty: `strategy` is given.
  SimOptions options;                     ///< But `core_of`.
  std::vector<std::string> core_of;       ///< "OPERATOR=CORE" as given.
  std::string trace;                      ///< Empty: none is written.
  std::int64_t trace_events = 1'000'000;  ///< The most that it may hold.
  OutputArguments output;
};

struct VerifyArguments {
  InputArguments input;
  std::string strategy;   ///< Empty: `plan_file` is given.
  std::string plan_file;  ///< Empty: `strategy` is given.
  OutputArguments output;
};

struct RooflineArguments {
  InputArguments input;
  OutputArguments output;
};

struct SweepArguments {
  std::string file;
  std::vector<std::string> settings;
  std::string folder;  ///< Empty: the result is shown, not kept.
  int jobs = 0;        ///< 0: one per core.
  OutputArguments output;
};

struct ParetoArguments {
  std::string file;
  std::vector<std::string> minimize;
  OutputArguments output;
};

struct ListArguments {
  std::string what;
  OutputArguments output;
};

struct ValidateArguments {
  std::vector<std::string> files;
  OutputArguments output;
};

/// The command line already holds everything that is to be printed: --help, --version, a completion script.
struct PrintArguments {
  std::string text;
  OutputArguments output;
};

using Command =
    std::variant<EvaluateArguments, CompareArguments, VerifyArguments, SimulateArguments, RooflineArguments,
                 SweepArguments, ParetoArguments, ListArguments, ValidateArguments, PrintArguments>;

/// A command line that means nothing: what to say on standard error (exit code 2).
struct UsageError {
  std::string text;
};

[[nodiscard]] expected<Command, UsageError> parse_arguments(int argc, const char* const* argv);

}  // namespace fusescape
