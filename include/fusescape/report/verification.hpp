// What does `verify` say? Everything that was counted while a plan ran, beside what the closed form says.
#pragma once

#include <string>

#include "fusescape/check/verification.hpp"
#include "fusescape/report/document.hpp"

namespace fusescape {

/// Who was verified, for headings.
struct VerificationSubject {
  std::string workload;
  std::string arch;
  std::string strategy;   ///< Or the plan's name.
  std::string entropy{};  ///< Where the entropies that it reads come from; empty: it reads none.
};

/// Rows, one per number: group (empty: the whole plan), quantity (bytes_read, bytes_written,
/// peak_onchip_bytes, reserved_bytes, ops, error_fp32, ...), of (a tensor or an operator kind), counted,
/// expected (the closed form's number; of an error its tolerance), equal. JSON: `passed`, `scaled_ranks`,
/// `groups` and `runs` (docs/cli.md).
[[nodiscard]] Document document_of(const VerificationSubject& subject, const Verification& verification);

}  // namespace fusescape
