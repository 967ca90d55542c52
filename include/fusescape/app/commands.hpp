// What does each command do? One function per command; each returns the process's exit code.
#pragma once

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// The exit code of a command that ran, or why it ended early.
using CommandResult = expected<ExitCode, Failure>;

[[nodiscard]] CommandResult run_command(const EvaluateArguments& arguments);
[[nodiscard]] CommandResult run_command(const CompareArguments& arguments);
[[nodiscard]] CommandResult run_command(const VerifyArguments& arguments);
[[nodiscard]] CommandResult run_command(const SimulateArguments& arguments);
[[nodiscard]] CommandResult run_command(const RooflineArguments& arguments);
[[nodiscard]] CommandResult run_command(const SweepArguments& arguments);
[[nodiscard]] CommandResult run_command(const MergeArguments& arguments);
[[nodiscard]] CommandResult run_command(const SensitivityArguments& arguments);
[[nodiscard]] CommandResult run_command(const ParetoArguments& arguments);
[[nodiscard]] CommandResult run_command(const ReportArguments& arguments);
[[nodiscard]] CommandResult run_command(const ListArguments& arguments);
[[nodiscard]] CommandResult run_command(const ValidateArguments& arguments);
[[nodiscard]] CommandResult run_command(const ImportArguments& arguments);
[[nodiscard]] CommandResult run_command(const CoreyReproduceArguments& arguments);
[[nodiscard]] CommandResult run_command(const CoreyEntropyArguments& arguments);
[[nodiscard]] CommandResult run_command(const CoreyRotateArguments& arguments);
[[nodiscard]] CommandResult run_command(const PrintArguments& arguments);

}  // namespace fusescape
