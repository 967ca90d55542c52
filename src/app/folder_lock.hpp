// Does another process write into this folder?
#pragma once

#include <string>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// While it lives, no other process of this program has it. The kernel holds it, so that it ends with its
/// process however that ends; a file that is left behind is no lock.
class FolderLock {
 public:
  /// Refused at once, naming the process, if another one has it. Expects that the folder exists.
  [[nodiscard]] static expected<FolderLock, Failure> take(const std::string& folder);

  FolderLock(const FolderLock&) = delete;
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(const FolderLock&) = delete;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() { release(); }

  void release();

 private:
  FolderLock(std::string path, int descriptor) : path_{std::move(path)}, descriptor_{descriptor} {}

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace fusescape
