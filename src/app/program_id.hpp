// Which program is this, more closely than by its version?
#pragma once

#include <string_view>

namespace fusescape {

/// A digest of all the sources that it was built from (scripts/cmake/program_id.cmake).
extern const std::string_view kProgramId;

}  // namespace fusescape
