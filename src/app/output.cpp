#include "fusescape/app/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace fusescape {
namespace {

Failure cannot_write(std::string_view what, int error) {
  return {ExitCode::kFileAccess,
          fmt::format("{}: error: cannot write: {}\n", what, std::generic_category().message(error))};
}

/// Zero, or the errno of what went wrong.
int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// Of a new file under the user's umask, or of the file that is replaced.
mode_t mode_for(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_mode & 07777U;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666U & ~mask;
}

/// The path that a chain of symbolic links means, so that the link itself stays.
std::string target_of(const std::string& path) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

/// Pieces shorter than this are gathered before they are written.
constexpr std::size_t kFlushAt = std::size_t{1} << 20U;

}  // namespace

GrowingFile::GrowingFile(std::string path) : path_{std::move(path)} {
  struct stat status {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    error_ = EISDIR;
  } else if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) error_ = errno;
  } else if (exists && ::access(path_.c_str(), W_OK) != 0) {
    error_ = errno;  // A rename would replace a write-protected file.
  } else {
    target_ = target_of(path_);
    const mode_t mode = mode_for(target_);
    constexpr std::string_view kUnique = ".XXXXXX";  // What mkostemp(3) wants, and replaces.
    std::string name = fmt::format("{}{}", target_, kUnique);
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ < 0) {
      error_ = errno;
      return;
    }
    temporary_ = std::move(name);
    if (::fchmod(descriptor_, mode) != 0) error_ = errno;
  }
}

GrowingFile::~GrowingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void GrowingFile::flush() {
  if (error_ == 0) error_ = write_all(descriptor_, pending_);
  pending_.clear();
}

void GrowingFile::append(std::string_view piece) {
  pending_ += piece;
  if (pending_.size() >= kFlushAt) flush();
}

std::optional<Failure> GrowingFile::keep() {
  flush();
  if (error_ == 0 && !temporary_.empty() && ::fsync(descriptor_) != 0) error_ = errno;
  if (descriptor_ >= 0 && ::close(descriptor_) != 0 && error_ == 0) error_ = errno;
  descriptor_ = -1;
  if (error_ == 0 && !temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0)
    error_ = errno;
  if (error_ != 0) return cannot_write(path_, error_);
  temporary_.clear();
  return std::nullopt;
}

std::optional<Failure> write_file(const std::string& path, std::string_view content) {
  GrowingFile file{path};
  file.append(content);
  return file.keep();
}

std::optional<Failure> make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return cannot_write(folder, error.value());
  return std::nullopt;
}

std::optional<Failure> write_result(const OutputArguments& output, std::string_view content) {
  if (output.file != "-") return write_file(output.file, content);
  const int error = write_all(STDOUT_FILENO, content);
  if (error != 0) return cannot_write("standard output", error);
  return std::nullopt;
}

TextStyle text_style(const OutputArguments& output) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool refused = output.no_color || (no_color != nullptr && *no_color != '\0');
  return {.colour = !refused && output.file == "-" && ::isatty(STDOUT_FILENO) == 1};
}

void complain(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool shows_progress(const OutputArguments& output) {
  return !output.quiet && ::isatty(STDERR_FILENO) == 1;
}

}  // namespace fusescape
