// Is every fault of a file found, and said where and how? Each broken/NAME.yaml has its exact output beside
// it.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "fusescape/config/load.hpp"
#include "source_tree.hpp"

namespace fusescape::broken_files_test {
namespace {

namespace fs = std::filesystem;
const fs::path kFolder = in_source_tree("tests/config/broken");

std::string text_of(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// What fusescape says about a file; a plan is read against the block of mamba-130m.
std::string complaint(const fs::path& path) {
  const auto input = parse_input(path.filename().string(), text_of(path));
  if (!input) return input.error().text;
  if (const auto error = check_input(*input)) return error->text;
  if (input->kind != FileKind::kPlan) return "";
  const auto workload = load_workload("mamba-130m");
  REQUIRE(workload);
  const auto plan = bind_plan(*input, workload->block);
  return plan ? "" : plan.error().text;
}

std::set<fs::path> broken_files() {
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator{kFolder}) {
    if (entry.path().extension() == ".yaml") files.insert(entry.path());
  }
  return files;
}

TEST_CASE("Every broken file is refused with exactly the diagnostics written beside it") {
  const std::set<fs::path> files = broken_files();
  CHECK(files.size() >= 100);
  for (const fs::path& file : files) {
    CAPTURE(file.filename().string());
    const std::string expected = text_of(fs::path{file}.replace_extension(".expected"));
    CHECK(complaint(file) == expected);
    CHECK_FALSE(expected.empty());
  }
}

TEST_CASE("A directory is refused at its first line, and a missing file differently") {
  const auto directory = read_input(kFolder.string());
  REQUIRE_FALSE(directory);
  CHECK(directory.error().cause == InputError::Cause::kBadFile);
  CHECK(directory.error().text == kFolder.string() + ":1:1: error: a directory, not a file\n  \n  ^\n");
  const auto missing = read_input((kFolder / "nowhere.yaml").string());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().cause == InputError::Cause::kUnreadable);
  CHECK(missing.error().text == (kFolder / "nowhere.yaml").string() + ": no such file\n");
}

TEST_CASE("A file larger than 16 MiB is refused before it is parsed") {
  const auto input = parse_input("big.yaml", std::string(kMaxYamlBytes + 1, '#'));
  REQUIRE_FALSE(input);
  CHECK(input.error().text.find("big.yaml:1:1: error: the file is larger than 16 MiB\n") == 0);
}

TEST_CASE("A name that is not shipped is an error with the nearest one that is") {
  const auto arch = load_accelerator("marka");
  REQUIRE_FALSE(arch);
  CHECK(arch.error().cause == InputError::Cause::kUnreadable);
  CHECK(arch.error().text ==
        "marka: no shipped accelerator of this name, and no such file; did you mean 'marca'?\n");
}

TEST_CASE("A file of another kind is refused where it says its kind") {
  const auto input = find_input(Shelf::kWorkloads, "mamba-130m");
  REQUIRE(input);
  const auto arch = bind_accelerator(*input);
  REQUIRE_FALSE(arch);
  CHECK(arch.error().text.find(":2:7: error: kind: expected 'accelerator', got 'model'\n") !=
        std::string::npos);
}

TEST_CASE("Rewrites nothing, but prints what a broken file gets", "[.][show]") {
  for (const fs::path& file : broken_files()) {
    if (fs::exists(fs::path{file}.replace_extension(".expected"))) continue;
    std::ofstream{fs::path{file}.replace_extension(".actual"), std::ios::binary} << complaint(file);
  }
}

}  // namespace
}  // namespace fusescape::broken_files_test
