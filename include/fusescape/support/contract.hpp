// Checks for mistakes in the program itself. Mistakes in a user's input go to Diagnostics.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace fusescape::detail {
[[noreturn]] inline void contract_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: expected %s\n", file, line, what);
  std::abort();
}
}  // namespace fusescape::detail

// The one macro of the project: it needs the text and the place of its argument.
#define FUSESCAPE_EXPECTS(condition) \
  ((condition) ? void(0) : ::fusescape::detail::contract_failed(#condition, __FILE__, __LINE__))
