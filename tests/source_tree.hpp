// Where is the checkout that these tests were built from?
#pragma once

#include <string>

namespace fusescape {

/// The path of `file`, which is relative to the top of the checkout. One source file knows that place, so
/// that a compiler cache serves every checkout.
[[nodiscard]] std::string in_source_tree(const std::string& file);

}  // namespace fusescape
