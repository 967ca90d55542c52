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

int write_and_close(int descriptor, std::string_view content, bool sync) {
  int error = write_all(descriptor, content);
  if (error == 0 && sync && ::fsync(descriptor) != 0) error = errno;
  if (::close(descriptor) != 0 && error == 0) error = errno;
  return error;
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

int replace_file(const std::string& path, std::string_view content) {
  const std::string target = target_of(path);
  const mode_t mode = mode_for(target);
  std::string temporary = fmt::format("{}.XXXXXX", target);
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return errno;
  int error = ::fchmod(descriptor, mode) == 0 ? 0 : errno;
  const int write_error = write_and_close(descriptor, content, true);
  if (error == 0) error = write_error;
  if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(temporary.c_str());
  return error;
}

}  // namespace

std::optional<Failure> write_file(const std::string& path, std::string_view content) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  int error = 0;
  if (exists && S_ISDIR(status.st_mode)) {
    error = EISDIR;
  } else if (exists && !S_ISREG(status.st_mode)) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    error = descriptor < 0 ? errno : write_and_close(descriptor, content, false);
  } else if (exists && ::access(path.c_str(), W_OK) != 0) {
    error = errno;  // A rename would replace a write-protected file.
  } else {
    error = replace_file(path, content);
  }
  if (error != 0) return cannot_write(path, error);
  return std::nullopt;
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
