#include "fusescape/app/output.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fusescape {
namespace {

/// A folder that is gone when the test ends.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "fusescape-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder_}, {}));
  }

 private:
  std::filesystem::path folder_;
};

std::string content_of(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST_CASE("A written file holds the whole content, and no temporary file stays beside it") {
  const Scratch scratch;
  const std::string big(1'000'000, 'x');
  CHECK_FALSE(write_file(scratch.path("result"), "old"));
  CHECK_FALSE(write_file(scratch.path("result"), big));
  CHECK(content_of(scratch.path("result")) == big);
  CHECK(scratch.files() == 1);
}

TEST_CASE("A replaced file keeps its permissions, and a symbolic link stays one") {
  const Scratch scratch;
  REQUIRE_FALSE(write_file(scratch.path("result"), "old"));
  REQUIRE(::chmod(scratch.path("result").c_str(), 0640) == 0);
  std::filesystem::create_symlink(scratch.path("result"), scratch.path("link"));
  CHECK_FALSE(write_file(scratch.path("link"), "new"));
  CHECK(std::filesystem::is_symlink(scratch.path("link")));
  CHECK(content_of(scratch.path("result")) == "new");
  struct stat status {};
  REQUIRE(::stat(scratch.path("result").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640U);
}

TEST_CASE("A file that grows appears when it is kept, and leaves nothing if it is not") {
  const Scratch scratch;
  REQUIRE_FALSE(write_file(scratch.path("result"), "old"));
  {
    GrowingFile dropped{scratch.path("result")};
    dropped.append(std::string(3'000'000, 'x'));
    CHECK(content_of(scratch.path("result")) == "old");
  }
  CHECK(content_of(scratch.path("result")) == "old");
  CHECK(scratch.files() == 1);
  GrowingFile kept{scratch.path("result")};
  std::string whole;
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::string piece(100'000, c);
    kept.append(piece);
    whole += piece;
  }
  CHECK_FALSE(kept.keep());
  CHECK(content_of(scratch.path("result")) == whole);
  CHECK(scratch.files() == 1);
}

TEST_CASE("A path that cannot be written is a file-access failure that names it") {
  const Scratch scratch;
  for (const std::string& path : {scratch.path("no/such/folder/result"), scratch.path("")}) {
    const auto failure = write_file(path, "x");
    REQUIRE(failure);
    CHECK(failure->code == ExitCode::kFileAccess);
    CHECK(failure->text.find(path) == 0);
  }
  CHECK(scratch.files() == 0);
}

TEST_CASE("A device is written to, not replaced") {
  CHECK_FALSE(write_file("/dev/null", "x"));
  CHECK(std::filesystem::is_character_file("/dev/null"));
  const auto full = write_file("/dev/full", "x");
  REQUIRE(full);
  CHECK(full->code == ExitCode::kFileAccess);
}

}  // namespace
}  // namespace fusescape
