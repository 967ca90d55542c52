#include "folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "fusescape/support/printable.hpp"
#include "write_fault.hpp"

namespace fusescape {
namespace {

constexpr std::string_view kLockName = ".lock";

/// Whether the file behind `descriptor` still has this name: who held it before may have taken it away.
bool is_still(int descriptor, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

std::string holder_of(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
  std::string holder{text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
  return holder.empty() ? "another process" : holder;
}

std::string own_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

}  // namespace

expected<FolderLock, Failure> FolderLock::take(const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, kLockName);
  while (true) {
    constexpr mode_t kAll = 0666;
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kAll);
    if (descriptor < 0) return unexpected{cannot_write(folder, errno)};
    FolderLock lock{path, descriptor};
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      lock.path_.clear();  // It is not ours to take away.
      if (error != EWOULDBLOCK) return unexpected{cannot_write(path, error)};
      return unexpected{
          Failure{ExitCode::kFileAccess, fmt::format("{}: error: another run writes into this folder ({})\n",
                                                     printable(folder), printable(holder_of(descriptor)))}};
    }
    if (!is_still(descriptor, path)) {
      lock.path_.clear();
      continue;
    }
    const std::string name = own_name();
    const bool named = ::ftruncate(descriptor, 0) == 0 &&
                       ::pwrite(descriptor, name.data(), name.size(), 0) == static_cast<ssize_t>(name.size());
    static_cast<void>(named);  // A full disk does not hinder the lock: it only does not say whose it is.
    return lock;
  }
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : path_{std::exchange(other.path_, {})}, descriptor_{std::exchange(other.descriptor_, -1)} {}

void FolderLock::release() {
  if (descriptor_ < 0) return;
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace fusescape
