// Which exit code does each outcome have? Scripts depend on them (docs/cli.md).
#pragma once

#include <string>

namespace fusescape {

enum class ExitCode : int {
  kOk = 0,
  kInternalError = 1,
  kUsage = 2,
  kBadInput = 3,
  kInfeasible = 4,
  kSweepIncomplete = 5,
  kFileAccess = 6,
  kInterrupted = 130,
};

/// Why a command ends early: its exit code, and what to say on standard error, newline included.
struct Failure {
  ExitCode code{};
  std::string text;
};

}  // namespace fusescape
