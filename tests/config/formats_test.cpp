// Do docs/formats.md and docs/schema say what the reader does?
#include "fusescape/config/formats.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "source_tree.hpp"

namespace fusescape::formats_test {
namespace {

const std::string kPage = in_source_tree("docs/formats.md");

constexpr FileKind kKinds[] = {FileKind::kAccelerator, FileKind::kTechnology, FileKind::kCascade,
                               FileKind::kModel,       FileKind::kPlan,       FileKind::kSweep,
                               FileKind::kCorey};

std::string schema_path(FileKind kind) {
  return in_source_tree("docs/schema/" + std::string{name_of(kind)} + ".schema.json");
}

std::string text_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// A complete file of `kind`: docs/example has one of each but of COREY's chain, of which there is one.
std::string example_path(FileKind kind) {
  if (kind == FileKind::kCorey) return in_source_tree("configs/corey/v1.yaml");
  return in_source_tree("docs/example/" + std::string{name_of(kind)} + ".yaml");
}

std::string formats_page() {
  return formats_markdown([](FileKind kind) { return text_of(example_path(kind)); });
}

/// The page up to and including the mark.
std::string introduction() {
  const std::string page = text_of(kPage);
  const std::size_t mark = page.find(kGeneratedMark);
  REQUIRE(mark != std::string::npos);
  return page.substr(0, mark + kGeneratedMark.size());
}

TEST_CASE("The formats page is what the reader's tables say") {
  CHECK(text_of(kPage) == introduction() + formats_page());
}

TEST_CASE("The JSON Schemas are what the reader's tables say") {
  for (const FileKind kind : kKinds) CHECK(text_of(schema_path(kind)) == json_schema(kind));
}

TEST_CASE("Rewrites the formats page and the schemas", "[.][regenerate]") {
  const std::string page = introduction() + formats_page();
  std::ofstream{kPage, std::ios::binary} << page;
  for (const FileKind kind : kKinds) std::ofstream{schema_path(kind), std::ios::binary} << json_schema(kind);
}

}  // namespace
}  // namespace fusescape::formats_test
