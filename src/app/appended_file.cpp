#include "appended_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "fusescape/support/printable.hpp"

namespace fusescape {
namespace {

constexpr std::chrono::milliseconds kLongestWait{50};
constexpr std::chrono::seconds kBetweenSyncs{1};  ///< What a lost machine may cost, and a sync as much.
constexpr std::size_t kMostPending = std::size_t{1} << 20U;

Failure failure_of(std::string_view what, const std::string& path, int error) {
  return {ExitCode::kFileAccess, fmt::format("{}: error: cannot {}: {}\n", printable(path), what,
                                             std::generic_category().message(error))};
}

/// 0 also where the file system cannot sync: what it took is then as safe as it makes it.
int sync_error(int descriptor) {
  if (::fdatasync(descriptor) == 0 || errno == EINVAL || errno == ENOSYS) return 0;
  return errno;
}

}  // namespace

AppendedFile::~AppendedFile() {
  if (descriptor_ < 0) return;
  syncing_ = {};  // Stops and joins it.
  write();
  ::close(descriptor_);
}

std::optional<Failure> AppendedFile::open(std::int64_t length) {
  constexpr mode_t kAll = 0666;
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, kAll);
  if (descriptor_ < 0 || ::ftruncate(descriptor_, length) != 0) return failure_of("write", path_, errno);
  syncing_ = std::jthread{[this](const std::stop_token& over) { sync_from_time_to_time(over); }};
  return std::nullopt;
}

void AppendedFile::write() {
  std::string_view rest{pending_};
  while (error_ == 0 && !rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) error_ = errno;
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  pending_.clear();
  written_ = Clock::now();
}

void AppendedFile::sync_from_time_to_time(const std::stop_token& over) {
  std::unique_lock lock{mutex_};
  while (!over.stop_requested()) {
    woken_.wait_for(lock, over, kBetweenSyncs, [] { return false; });
    if (over.stop_requested()) return;
    lock.unlock();
    const int error = sync_error(descriptor_);
    lock.lock();
    if (error_ == 0) error_ = error;
  }
}

void AppendedFile::append(std::string_view lines) {
  const std::lock_guard lock{mutex_};
  pending_ += lines;
  if (pending_.size() >= kMostPending || Clock::now() - written_ >= kLongestWait) write();
}

void AppendedFile::flush_if_due() {
  const std::lock_guard lock{mutex_};
  if (!pending_.empty() && Clock::now() - written_ >= kLongestWait) write();
}

bool AppendedFile::failed() {
  const std::lock_guard lock{mutex_};
  return error_ != 0;
}

std::optional<Failure> AppendedFile::flush() {
  const std::lock_guard lock{mutex_};
  if (!pending_.empty()) write();
  return error_ == 0 ? std::nullopt : std::optional{failure_of("write", path_, error_)};
}

std::optional<Failure> AppendedFile::sync() {
  if (auto failure = flush()) return failure;
  const int error = sync_error(descriptor_);
  return error == 0 ? std::nullopt : std::optional{failure_of("write", path_, error)};
}

expected<std::int64_t, Failure> read_lines(const std::string& path,
                                           const std::function<bool(std::string_view)>& line) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return 0;
  if (descriptor < 0) return unexpected{failure_of("read", path, errno)};
  std::string rest;
  std::vector<char> piece(kPiece);
  std::int64_t accepted = 0;
  int error = 0;
  for (bool goes_on = true; goes_on;) {
    const ssize_t got = ::read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    rest.append(piece.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); goes_on && end != std::string::npos;
         end = rest.find('\n', begin)) {
      goes_on = line(std::string_view{rest}.substr(begin, end - begin));
      if (goes_on) accepted += static_cast<std::int64_t>(end + 1 - begin);
      begin = end + 1;
    }
    rest.erase(0, begin);
  }
  ::close(descriptor);
  if (error != 0) return unexpected{failure_of("read", path, error)};
  return accepted;
}

}  // namespace fusescape
