#include "fusescape/app/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fusescape::output_test {
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

/// Whether files without names can be made in `folder`.
bool has_unnamed_files(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

TEST_CASE("A process that is killed while a file grows leaves nothing of it") {
  const Scratch scratch;
  if (!has_unnamed_files(scratch.path(""))) return;  // Then a temporary file stays.
  REQUIRE_FALSE(write_file(scratch.path("result"), "old"));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    GrowingFile file{scratch.path("result")};
    file.append(std::string(3'000'000, 'x'));  // More than is gathered before it is written.
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(content_of(scratch.path("result")) == "old");
  CHECK(scratch.files() == 1);
}

TEST_CASE("A new file has the mode that the umask leaves") {
  const Scratch scratch;
  const mode_t before = ::umask(027);
  CHECK_FALSE(write_file(scratch.path("result"), "new"));
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat(scratch.path("result").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640U);
}

TEST_CASE(
    "Of outputs that are one file, however it is named, all are refused; null devices take any number") {
  const Scratch scratch;
  const auto clash = [](const std::string& a, const std::string& b) {
    return clash_of({{"--trace", a}, {"-o", b}}).has_value();
  };
  CHECK(clash("-", "-"));
  CHECK(clash(scratch.path("new"), scratch.path("./new")));
  CHECK_FALSE(clash(scratch.path("new"), scratch.path("other")));
  REQUIRE_FALSE(write_file(scratch.path("old"), "x"));
  std::filesystem::create_symlink(scratch.path("old"), scratch.path("link"));
  CHECK(clash(scratch.path("old"), scratch.path("link")));
  CHECK_FALSE(clash(scratch.path("old"), scratch.path("new")));
  CHECK_FALSE(clash("/dev/null", "/dev/null"));
  CHECK(clash_of({{"--trace", "same"}, {"-o", "same"}})->code == ExitCode::kUsage);
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
}  // namespace fusescape::output_test
