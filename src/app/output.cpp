#include "fusescape/app/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "fusescape/support/printable.hpp"
#include "write_fault.hpp"

namespace fusescape {

Failure cannot_write(std::string_view what, int error) {
  return {ExitCode::kFileAccess, fmt::format("{}: error: cannot write: {}\n", printable(what),
                                             std::generic_category().message(error))};
}

namespace {

/// Zero, or the errno of what went wrong.
int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// True, and `status` is filled, if what `path` names is there.
bool status_of(const std::string& path, struct stat& status) {
  return (path == "-" ? ::fstat(STDOUT_FILENO, &status) : ::stat(path.c_str(), &status)) == 0;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_standard_output(const struct stat& status) {
  struct stat output {};
  return ::fstat(STDOUT_FILENO, &output) == 0 && is_same_file(status, output);
}

bool is_null_device(const struct stat& status) {
  struct stat null {};
  return S_ISCHR(status.st_mode) && ::stat("/dev/null", &null) == 0 && null.st_rdev == status.st_rdev;
}

/// From the root on, links followed as far as they lead; nothing where that cannot be told, as in a folder
/// that is gone.
std::optional<std::string> whole_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return std::nullopt;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(absolute, error);
  return error ? std::nullopt : std::optional{canonical.string()};
}

/// True if what is written to both paths would end in one place.
bool same_output(const std::string& a, const std::string& b) {
  if (a == "-" && b == "-") return true;
  struct stat first {};
  struct stat second {};
  const bool first_exists = status_of(a, first);
  if (first_exists != status_of(b, second)) return false;
  if (first_exists) return is_same_file(first, second) && !is_null_device(first);
  const std::optional<std::string> first_path = whole_path(a);
  const std::optional<std::string> second_path = whole_path(b);
  return first_path && second_path ? *first_path == *second_path : a == b;
}

/// The name by which an open file can be linked, also one without a name of its own.
std::string link_of(int descriptor) {
  return fmt::format("/proc/self/fd/{}", descriptor);
}

/// While one of these lives, no signal ends a process of one thread: a file is being put in its place.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld(SignalsHeld&&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  SignalsHeld& operator=(SignalsHeld&&) = delete;

 private:
  sigset_t before_{};
};

/// Gives the file behind `descriptor` a name beside `target` that nothing has. Empty, and errno, if it
/// cannot.
std::string linked_beside(int descriptor, const std::string& target) {
  constexpr int kMostTries = 1000;
  for (int i = 0; i < kMostTries; ++i) {
    std::string name = fmt::format("{}.{}-{}", target, ::getpid(), i);
    if (::linkat(AT_FDCWD, link_of(descriptor).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      return name;
    }
    if (errno != EEXIST) break;
  }
  return {};
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

/// `content` with nothing for a terminal to obey but our own styles.
std::string shown_text(std::string_view content, TextStyle style) {
  if (!style.colour) return printable_lines(content);
  std::string shown;
  while (!content.empty()) {
    const std::size_t begin = std::min({content.find(kBold), content.find(kPlain), content.size()});
    const std::size_t length = std::min(content.size() - begin, std::max(kBold.size(), kPlain.size()));
    shown += printable_lines(content.substr(0, begin));
    shown += content.substr(begin, length);
    content.remove_prefix(begin + length);
  }
  return shown;
}

/// Pieces shorter than this are gathered before they are written.
constexpr std::size_t kFlushAt = std::size_t{1} << 20U;

}  // namespace

GrowingFile::GrowingFile(std::string path) : path_{std::move(path)} {
  struct stat status {};
  const bool exists = status_of(path_, status);
  if (path_ == "-" || (exists && is_standard_output(status))) {
    descriptor_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (descriptor_ < 0) error_ = errno;
  } else if (exists && S_ISDIR(status.st_mode)) {
    error_ = EISDIR;
  } else if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) error_ = errno;
  } else if (exists && ::access(path_.c_str(), W_OK) != 0) {
    error_ = errno;  // A rename would replace a write-protected file.
  } else {
    target_ = target_of(path_);
    open_replacement();
  }
}

void GrowingFile::open_replacement() {
  const mode_t mode = mode_for(target_);
  const std::string folder = std::filesystem::path{target_}.parent_path().string();
  constexpr mode_t kOwnOnly = 0600;
  descriptor_ = ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kOwnOnly);
  if (descriptor_ >= 0 && ::access(link_of(descriptor_).c_str(), F_OK) == 0) {
    kind_ = Kind::kUnnamed;
  } else {
    if (descriptor_ >= 0) ::close(descriptor_);
    open_temporary();
  }
  if (descriptor_ >= 0 && ::fchmod(descriptor_, mode) != 0) error_ = errno;
}

/// For file systems without unnamed files; it also finds out why neither kind can be made.
void GrowingFile::open_temporary() {
  const std::string placeholder(6, 'X');  // What mkostemp(3) wants, and replaces.
  std::string name = fmt::format("{}.{}", target_, placeholder);
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    error_ = errno;
  } else {
    kind_ = Kind::kNamed;
    temporary_ = std::move(name);
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

/// A file without a name takes one; if the target has it already, by way of another name.
void GrowingFile::put_in_place() {
  const SignalsHeld held;
  if (kind_ == Kind::kUnnamed) {
    const std::string open = link_of(descriptor_);
    if (::linkat(AT_FDCWD, open.c_str(), AT_FDCWD, target_.c_str(), AT_SYMLINK_FOLLOW) == 0) return;
    if (errno == EEXIST) temporary_ = linked_beside(descriptor_, target_);
    if (temporary_.empty()) {
      error_ = errno;
      return;
    }
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    error_ = errno;
    ::unlink(temporary_.c_str());
  }
  temporary_.clear();
}

std::optional<Failure> GrowingFile::keep() {
  flush();
  if (error_ == 0 && kind_ != Kind::kDirect && ::fsync(descriptor_) != 0) error_ = errno;
  if (error_ == 0 && kind_ != Kind::kDirect) put_in_place();
  if (descriptor_ >= 0 && ::close(descriptor_) != 0 && error_ == 0) error_ = errno;
  descriptor_ = -1;
  if (error_ != 0) return cannot_write(path_ == "-" ? "standard output" : path_, error_);
  return std::nullopt;
}

std::optional<Failure> write_file(const std::string& path, std::string_view content) {
  GrowingFile file{path};
  file.append(content);
  return file.keep();
}

std::optional<Failure> write_fault(const std::string& path) {
  if (path == "-") return std::nullopt;
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) return cannot_write(path, EISDIR);
  if (exists && ::access(path.c_str(), W_OK) != 0) return cannot_write(path, errno);
  if (exists && !S_ISREG(status.st_mode)) return std::nullopt;
  const std::string folder = std::filesystem::path{target_of(path)}.parent_path().string();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) return cannot_write(path, errno);
  return std::nullopt;
}

std::optional<Failure> clash_of(const std::vector<NamedOutput>& outputs) {
  std::string text;
  for (auto a = outputs.begin(); a != outputs.end(); ++a) {
    for (auto b = std::next(a); b != outputs.end(); ++b) {
      if (!same_output(a->path, b->path)) continue;
      text += fmt::format("error: {} {} and {} {} write to the same place\n", a->option, printable(a->path),
                          b->option, printable(b->path));
    }
  }
  if (text.empty()) return std::nullopt;
  return Failure{ExitCode::kUsage, text};
}

std::optional<Failure> clash_with_inputs(const std::vector<NamedOutput>& outputs,
                                         const std::vector<std::string>& inputs) {
  std::string text;
  for (const NamedOutput& output : outputs) {
    struct stat written {};
    if (output.path == "-" || !status_of(output.path, written) || !S_ISREG(written.st_mode)) continue;
    const auto is_it = [&](const std::string& input) {
      struct stat read {};
      return ::stat(input.c_str(), &read) == 0 && is_same_file(read, written);
    };
    const auto input = std::find_if(inputs.begin(), inputs.end(), is_it);
    if (input == inputs.end()) continue;
    text += fmt::format("error: {} {} would overwrite {}, which this command reads\n", output.option,
                        printable(output.path), printable(*input));
  }
  if (text.empty()) return std::nullopt;
  return Failure{ExitCode::kUsage, text};
}

std::optional<Failure> make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return cannot_write(folder, error.value());
  return std::nullopt;
}

std::optional<Failure> write_result(const OutputArguments& output, std::string_view content) {
  const bool to_terminal = output.file == "-" && ::isatty(STDOUT_FILENO) == 1;
  const bool for_people = output.format->view == View::kSections || to_terminal;
  const std::string shown = for_people ? shown_text(content, text_style(output)) : std::string{content};
  if (output.file != "-") return write_file(output.file, shown);
  const int error = write_all(STDOUT_FILENO, shown);
  if (error != 0) return cannot_write("standard output", error);
  return std::nullopt;
}

CommandResult finished(const OutputArguments& output, const Document& document,
                       const std::optional<Failure>& refused) {
  const bool says_why = output.format->view != View::kSections;
  if (!refused || (refused->code == ExitCode::kInfeasible && says_why)) {
    const std::string content = output.format->print(document, text_style(output));
    if (auto failure = write_result(output, content)) return unexpected{std::move(*failure)};
  }
  if (refused) return unexpected{*refused};
  return ExitCode::kOk;
}

namespace {

/// Columns of the terminal on standard output, or as COLUMNS says; 0: no bound.
std::size_t terminal_width() {
  const char* told = std::getenv("COLUMNS");
  const std::string_view columns{told == nullptr ? "" : told};
  std::size_t width = 0;
  const auto [end, error] = std::from_chars(columns.data(), columns.data() + columns.size(), width);
  if (error == std::errc{} && end == columns.data() + columns.size() && width > 0) return width;
  struct winsize size {};
  return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

TextStyle text_style(const OutputArguments& output) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool refused = output.no_color || (no_color != nullptr && *no_color != '\0');
  const bool to_stdout = output.file == "-";
  return {.colour = !refused && to_stdout && ::isatty(STDOUT_FILENO) == 1,
          .width = to_stdout ? terminal_width() : 0};
}

void complain(std::string_view text) {
  const std::string shown = printable_lines(text);
  std::fwrite(shown.data(), 1, shown.size(), stderr);
}

void draw(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool shows_progress(const OutputArguments& output) {
  return !output.quiet && ::isatty(STDERR_FILENO) == 1;
}

}  // namespace fusescape
