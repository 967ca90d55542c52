#include "fusescape/app/arguments.hpp"

#include <catch2/catch.hpp>

namespace fusescape::arguments_test {
namespace {

expected<Command, UsageError> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "fusescape");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

TEST_CASE("evaluate fills its struct, and --set may be given several times, also with blanks in a value") {
  const auto command =
      parse({"evaluate", "--arch", "marca", "--workload", "mamba-2.8b", "--strategy", "fuse-all", "--set",
             "L=64", "--set", "sram.capacity=6 MiB", "--json", "-o", "out.json"});
  REQUIRE(command);
  const auto* evaluate = std::get_if<EvaluateArguments>(&*command);
  REQUIRE(evaluate != nullptr);
  CHECK(evaluate->input.arch == "marca");
  CHECK(evaluate->input.workload == "mamba-2.8b");
  CHECK(evaluate->strategy == "fuse-all");
  CHECK(evaluate->input.settings == std::vector<std::string>{"L=64", "sram.capacity=6 MiB"});
  CHECK(evaluate->output.format->name == "json");
  CHECK(evaluate->output.file == "out.json");
}

TEST_CASE("verify fills its struct with a plan file") {
  const auto command =
      parse({"verify", "--arch", "marca", "--workload", "mamba-2.8b", "--plan", "plan.yaml", "--csv"});
  REQUIRE(command);
  const auto& verify = std::get<VerifyArguments>(*command);
  CHECK(verify.plan_file == "plan.yaml");
  CHECK(verify.strategy.empty());
  CHECK(verify.output.format->name == "csv");
}

TEST_CASE("The output file - means standard output") {
  const auto command = parse({"list", "archs", "-o", "-"});
  REQUIRE(command);
  CHECK(std::get<ListArguments>(*command).output.file == "-");
}

TEST_CASE("Lists of names are separated by commas and do not swallow what follows") {
  const auto command = parse({"pareto", "--minimize", "latency_cycles,area_mm2", "points.csv"});
  REQUIRE(command);
  CHECK(std::get<ParetoArguments>(*command).file == "points.csv");
  CHECK(std::get<ParetoArguments>(*command).minimize ==
        std::vector<std::string>{"latency_cycles", "area_mm2"});
}

TEST_CASE("The commands below corey fill their structs, ranges and defaults included") {
  const auto entropy =
      parse({"corey", "entropy", "a.npy", "b.npy", "--range", "robust:0.01", "--base", "nats"});
  REQUIRE(entropy);
  const auto& tensors = std::get<CoreyEntropyArguments>(*entropy);
  CHECK(tensors.files == std::vector<std::string>{"a.npy", "b.npy"});
  CHECK(std::get<RobustRange>(tensors.range).tail == 0.01);
  CHECK(tensors.base == LogBase::kNats);
  CHECK(tensors.bins == 256);
  const auto fixed = parse({"corey", "entropy", "a.npy", "--range", "-3:4.5"});
  REQUIRE(fixed);
  CHECK(std::get<FixedRange>(std::get<CoreyEntropyArguments>(*fixed).range).low == -3);
  for (const char* range : {"min-max:-1", "robust:0.5", "2:1", "1:1", "x", "min-max:", "nan:1", ""}) {
    CAPTURE(range);
    CHECK_FALSE(parse({"corey", "entropy", "a.npy", "--range", range}));
  }
  const auto rotate = parse({"corey", "rotate", "x.npy", "--order", "192", "-o", "y.npy", "--pad"});
  REQUIRE(rotate);
  CHECK(std::get<CoreyRotateArguments>(*rotate).order == 192);
  CHECK(std::get<CoreyRotateArguments>(*rotate).rotated == "y.npy");
  CHECK(std::get<CoreyRotateArguments>(*rotate).paley == Paley::kTwo);
  CHECK_FALSE(parse({"corey", "rotate", "x.npy", "--order", "192"}));
  CHECK(std::get<CoreyReproduceArguments>(*parse({"corey", "reproduce"})).chain == "v1");
}

TEST_CASE("Command lines that mean nothing are usage errors that name the help") {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {},
           {"evaluate", "--arch", "a", "--workload", "w"},
           {"evaluate", "--arch", "a", "--workload", "w", "--strategy", "s", "--plan", "p"},
           {"evaluate", "--arch", "a", "--workload", "w", "--strategy", "s", "--json", "--csv"},
           {"verify", "--arch", "a", "--workload", "w"},
           {"verify", "--arch", "a", "--workload", "w", "--strategy", "s", "--plan", "p"},
           {"evaluate", "--arch", "a", "--workload", "w", "--strategy", "s", "--print-plan", "--json"},
           {"evaluate", "--arch", "a", "--workload", "w", "--strategy", "s", "--model", "guess"},
           {"evaluate", "--arch", "a", "--arch", "b", "--workload", "w", "--strategy", "s"},
           {"sweep", "s.yaml", "--jobs", "0"},
           {"list", "nonsense"},
           {"completion", "tcsh"},
           {"validate"}}) {
    const auto command = parse(words);
    REQUIRE_FALSE(command);
    CHECK(command.error().text.find("--help' for help.\n") != std::string::npos);
  }
}

TEST_CASE("A mistyped command is answered with the nearest one") {
  const auto command = parse({"evalute"});
  REQUIRE_FALSE(command);
  CHECK(command.error().text.find("unknown command 'evalute'; did you mean 'evaluate'?") !=
        std::string::npos);
}

TEST_CASE("The options --version and --help are results, before and after a command") {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"--version"}, {"sweep", "--version"}}) {
    const auto command = parse(words);
    REQUIRE(command);
    CHECK(std::get<PrintArguments>(*command).text.rfind("fusescape ", 0) == 0);
  }
  const auto help = parse({"evaluate", "--help"});
  REQUIRE(help);
  CHECK(std::get<PrintArguments>(*help).text.find("--explain") != std::string::npos);
}

TEST_CASE("A completion script names every command and its options") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto command = parse({"completion", shell});
    REQUIRE(command);
    const std::string& script = std::get<PrintArguments>(*command).text;
    for (const char* word : {"evaluate", "compare", "sweep", "pareto", "list", "validate", "explain"}) {
      CAPTURE(shell, word);
      CHECK(script.find(word) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace fusescape::arguments_test
