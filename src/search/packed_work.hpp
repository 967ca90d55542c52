// How are thousands of groups kept in little memory? What their operators ask of the PEs fills most of a
// profile, and most of its numbers are small.
#pragma once

#include <string>

#include "fusescape/plan/work.hpp"

namespace fusescape {

/// A table of work, a byte for each small number. Empty: there is none.
class PackedWork {
 public:
  PackedWork() = default;
  explicit PackedWork(const WorkTable& table);

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// Fills `table`, whatever it held.
  void unpack(WorkTable& table) const;

 private:
  std::string bytes_;  ///< Its numbers, as append_short writes them.
};

}  // namespace fusescape
