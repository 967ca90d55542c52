// What did the user ask for? One plain struct per command, filled from the command line.
//
// Only src/app/*arguments.cpp and options know CLI11. To add a command: its struct here, its options there,
// and one file src/app/<command>.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/report/document.hpp"
#include "fusescape/sim/options.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// Options that several commands share.
struct OutputArguments {
  const ReportFormat* format = report_formats().data();
  std::string file = "-";  ///< "-": standard output.
  bool quiet = false;      ///< No progress and no notes on standard error; errors stay.
  bool no_color = false;
};

/// What is evaluated; the settings are "KEY=VALUE" as given.
struct InputArguments {
  std::string arch;
  std::string workload;
  std::vector<std::string> settings;
  std::string entropy{};               ///< As given; empty: `synthetic`. For strategies that read entropies.
  std::string minimize{};              ///< Of `optimal`: a metric; empty: latency_cycles.
  std::vector<std::string> without{};  ///< Of `optimal`: ingredients.
};

struct EvaluateArguments {
  InputArguments input;
  std::string strategy;    ///< Empty: `plan_file` is given.
  std::string plan_file;   ///< Empty: `strategy` is given.
  bool simulated = false;  ///< By the simulator instead of the closed form.
  bool explain = false;
  bool print_plan = false;
  bool pareto = false;          ///< Of `optimal`: latency and energy.
  std::string measured_file{};  ///< Empty: none.
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
  bool resume = false;
  std::size_t shard = 1;   ///< Which part of it is run, from 1,
  std::size_t shards = 1;  ///< of how many.
  OutputArguments output;
};

struct MergeArguments {
  std::vector<std::string> folders;
  std::string folder;  ///< Where the whole goes.
  OutputArguments output;
};

/// What moves the answer of a sweep that is done.
struct SensitivityArguments {
  std::string folder;                ///< That `sweep --out` wrote.
  std::vector<std::string> factors;  ///< As given; empty: the usual ones.
  std::string change;                ///< As given: a share in (0, 1); empty: 0.2.
  std::int64_t designs = 8;          ///< That are tried again in each scenario, on either side of its limits.
  std::int64_t schedules = 3;        ///< Of each of them: its best.
  int jobs = 0;                      ///< 0: one per core.
  OutputArguments output;
};

struct ParetoArguments {
  std::string file;
  std::vector<std::string> minimize;
  bool knee = false;  ///< Only the row at the knee.
  OutputArguments output;
};

/// What `list` knows.
inline constexpr std::array<std::string_view, 8> kListable{"strategies", "workloads", "archs",   "techs",
                                                           "families",   "sweeps",    "metrics", "keys"};

struct ListArguments {
  std::string what;                     ///< One of kListable.
  std::string arch = "marca";           ///< Whose keys.
  std::string workload = "mamba-2.8b";  ///< Likewise.
  OutputArguments output;
};

struct ValidateArguments {
  std::vector<std::string> files;
  OutputArguments output;
};

/// Results of other commands become a page.
struct ReportArguments {
  std::vector<std::string> results;  ///< Folders of sweeps, and JSON files.
  bool explain = false;              ///< Evaluate a best design of each sweep again.
  OutputArguments output;
};

/// A published configuration becomes a model file.
struct ImportArguments {
  std::string config;
  std::string name;        ///< Of the model; empty: one is made.
  OutputArguments output;  ///< Of the model file.
};

/// COREY's prototype beside what was recorded and published of it.
struct CoreyReproduceArguments {
  std::string chain = "v1";  ///< A file of `kind: corey`, or a shipped name.
  std::string folder;        ///< Empty: the result is shown, not kept.
  std::int64_t runs = 10;    ///< Own runs of each length.
  std::uint64_t seed = 1;
  OutputArguments output;
};

struct CoreyEntropyArguments {
  std::vector<std::string> files;     ///< What is counted; with a workload, numbers of its block.
  std::string workload;               ///< Empty: `files` are counted, else what its block makes.
  std::vector<std::string> settings;  ///< Of the workload.
  std::uint64_t seed = 1;             ///< Of the block's numbers that no file gives.
  std::int64_t largest_rank = 64;     ///< The block's longer ranks are cut to this.
  std::int64_t bins = 256;
  RangeRule range = MinMaxRange{};
  LogBase base = LogBase::kBits;
  OutputArguments output;
};

struct CoreyRotateArguments {
  std::string file;
  std::int64_t order = 0;
  std::string rotated;  ///< Where the rotated array goes; what it did goes to standard output.
  bool pad = false;
  Paley paley = Paley::kTwo;
  bool inverse = false;
  OutputArguments output;
};

/// The command line already holds everything that is to be printed: --help, --version, a completion script.
struct PrintArguments {
  std::string text;
  OutputArguments output;
};

using Command =
    std::variant<EvaluateArguments, CompareArguments, VerifyArguments, SimulateArguments, RooflineArguments,
                 SweepArguments, MergeArguments, SensitivityArguments, ParetoArguments, ReportArguments,
                 ListArguments, ValidateArguments, ImportArguments, CoreyReproduceArguments,
                 CoreyEntropyArguments, CoreyRotateArguments, PrintArguments>;

/// A command line that means nothing: what to say on standard error (exit code 2).
struct UsageError {
  std::string text;
};

[[nodiscard]] expected<Command, UsageError> parse_arguments(int argc, const char* const* argv);

}  // namespace fusescape
