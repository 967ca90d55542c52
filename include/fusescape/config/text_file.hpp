// What is in a file, whatever it says?
#pragma once

#include <string>

#include "fusescape/config/load.hpp"

namespace fusescape {

/// Of a file that is too large, so much that whoever reads it refuses it. A directory is kBadFile, a missing
/// or unreadable file kUnreadable.
[[nodiscard]] Loaded<std::string> read_text_file(const std::string& path);

}  // namespace fusescape
