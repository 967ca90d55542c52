// What may be said on the command line of `fusescape corey`?
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "options.hpp"

namespace fusescape {
namespace {

constexpr const char* kCoreyExamples = R"(Examples:
  fusescape corey reproduce --out out/corey
  fusescape corey entropy x.npy delta.npy --bins 256 --range robust:0.001 --csv
  fusescape corey entropy --workload mamba-130m --set L=64 --csv -o entropies.csv
  fusescape corey entropy --workload mamba-130m --set L=8 --largest-rank 4096 x.npy W_in.npy
  fusescape corey rotate x.npy --order 5120 -o rotated.npy

docs/corey.md says what each of them is.)";

std::optional<double> number_in_word(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// "min-max", "min-max:0.05", "robust", "robust:0.001" or "LOW:HIGH".
std::optional<RangeRule> range_in(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const std::optional<double> after =
      colon == std::string_view::npos ? std::nullopt : number_in_word(text.substr(colon + 1));
  if (colon != std::string_view::npos && !after) return std::nullopt;
  if (word == "min-max") {
    if (after && *after < 0) return std::nullopt;
    return MinMaxRange{after.value_or(0), 0};
  }
  if (word == "robust") {
    if (after && (*after < 0 || *after >= 0.5)) return std::nullopt;
    return RobustRange{after.value_or(RobustRange{}.tail)};
  }
  const std::optional<double> low = number_in_word(word);
  if (!low || !after || *low >= *after) return std::nullopt;
  return FixedRange{*low, *after};
}

void add_reproduce(CLI::App& corey, CoreyReproduceArguments& arguments) {
  CLI::App* command = corey.add_subcommand(
      "reproduce", "COREY's prototype: its recorded runs and published tables beside ours, and over seeds");
  must_name(command->add_option("--out", arguments.folder, "Folder for the tables as CSV files"))
      ->type_name("DIR");
  must_name(command->add_option("--chain", arguments.chain,
                                "Chain and constants: a file, or a shipped name (default: v1)"))
      ->type_name("FILE");
  command->add_option("--runs", arguments.runs, "Own runs of each length on seeded activations (default: 10)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{2}, std::int64_t{1'000'000}));
  command->add_option("--seed", arguments.seed, "Seed of the synthetic activations (default: 1)")
      ->type_name("N");
  add_output_options(*command, arguments.output);
}

void add_entropy(CLI::App& corey, CoreyEntropyArguments& arguments) {
  CLI::App* command = corey.add_subcommand(
      "entropy", "Entropy of the values of .npy files, or of a block that is run on made-up numbers");
  command->add_option("files", arguments.files, ".npy files of numbers in C order")->type_name("FILE.npy...");
  CLI::Option* workload =
      command
          ->add_option(
              "--workload", arguments.workload,
              "Run its block on seeded numbers; files give those of the tensors they are named after")
          ->type_name("W");
  command->add_option("--set", arguments.settings, "Set a field of the workload: KEY=VALUE")
      ->type_name("KEY=VALUE")
      ->needs(workload);
  command->add_option("--seed", arguments.seed, "Of the numbers (default: 1)")
      ->type_name("N")
      ->needs(workload);
  command->add_option("--largest-rank", arguments.largest_rank, "Cut longer ranks to this (default: 64)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{65'536}))
      ->needs(workload);
  command->add_option("--bins", arguments.bins, "Equal bins of the histogram (default: 256)")
      ->type_name("K")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  const auto choose = [&arguments](const std::string& text) {
    arguments.range = range_in(text).value_or(arguments.range);
  };
  const auto fault_of = [](const std::string& text) {
    return range_in(text)
               ? std::string{}
               : fmt::format("'{}' is no range: min-max[:MARGIN], robust[:TAIL] or LOW:HIGH", text);
  };
  command
      ->add_option_function<std::string>("--range", choose,
                                         "min-max[:MARGIN] (default; each side widened by that share), "
                                         "robust[:TAIL] (between quantiles), LOW:HIGH")
      ->check(CLI::Validator{fault_of, ""})
      ->type_name("RANGE");
  command
      ->add_option_function<std::string>(
          "--base",
          [&arguments](const std::string& word) {
            arguments.base = word == "nats" ? LogBase::kNats : LogBase::kBits;
          },
          "Unit of the entropy: bits (default) or nats")
      ->type_name("BASE");
  must_be_one_of(command->get_option("--base"), {"bits", "nats"});
  command->callback([&arguments] {
    if (arguments.files.empty() && arguments.workload.empty()) {
      throw CLI::RequiredError{"FILE.npy... or --workload"};
    }
  });
  add_output_options(*command, arguments.output);
}

void add_rotate(CLI::App& corey, CoreyRotateArguments& arguments) {
  CLI::App* command = corey.add_subcommand(
      "rotate", "Rotate the rows of a .npy file by a Hadamard transform, and say what that does to them");
  command->add_option("file", arguments.file, ".npy file; its last dimension is rotated")
      ->type_name("FILE.npy")
      ->required();
  command->add_option("--order", arguments.order, "Order of the transform: 2^k, 12 2^k or 20 2^k")
      ->type_name("N")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24U));
  must_name(command->add_option("-o,--output", arguments.rotated, "Write the rotated array to OUT"))
      ->type_name("OUT")
      ->required();
  command->add_flag("--pad", arguments.pad, "Pad narrower rows with zeros to N");
  command->add_flag_callback(
      "--paley-one", [&arguments] { arguments.paley = Paley::kOne; },
      "Orders 12 2^k and 20 2^k from Paley's first construction (default: the second, symmetric)");
  CLI::Option* paley = command->get_option("--paley-one");
  command->add_flag("--inverse", arguments.inverse, "The transpose instead; differs with --paley-one only")
      ->needs(paley);
  add_format_options(*command, arguments.output);
}

}  // namespace

void add_corey(CLI::App& app, CoreyReproduceArguments& reproduce, CoreyEntropyArguments& entropy,
               CoreyRotateArguments& rotate) {
  CLI::App* corey =
      app.add_subcommand("corey", "Entropy and Hadamard rotation: COREY's prototype, .npy files");
  corey->require_subcommand(1);
  corey->footer(kCoreyExamples);
  add_reproduce(*corey, reproduce);
  add_entropy(*corey, entropy);
  add_rotate(*corey, rotate);
}

}  // namespace fusescape
