// What do `--arch`, `--workload`, `--strategy` and `--set` mean? From the user's words to values, or to the
// reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/technology.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

struct Inputs {
  Workload workload;
  Accelerator accelerator;
  std::optional<Technology> technology;
  StrategyInputs strategy{};  ///< What `--entropy` says.
};

/// Errors of both files are reported together.
[[nodiscard]] expected<Inputs, Failure> load_inputs(const InputArguments& arguments);

/// The table that an accelerator names, if it names one.
[[nodiscard]] expected<std::optional<Technology>, Failure> technology_of(const Accelerator& accelerator);

[[nodiscard]] expected<std::vector<Setting>, Failure> parse_settings(const std::vector<std::string>& texts);

/// A usage error with the nearest name if there is none of this name.
[[nodiscard]] expected<const Strategy*, Failure> strategy_named(const std::string& name);

[[nodiscard]] Failure failure_of(const InputError& error);
/// Why there is no evaluation: infeasible, or a strategy that does not go with this workload.
[[nodiscard]] Failure failure_of(const AssessmentError& error);

/// True if the result still has something to say: a script that asked for JSON or CSV gets feasible=false
/// there; a person reads the reason once, on standard error.
[[nodiscard]] bool says_infeasible(const Failure& refused, const OutputArguments& output);

/// Which question `strategy` answers for these inputs, entropies that it reads among the assumptions.
[[nodiscard]] Subject subject_of(const Inputs& inputs, std::string_view strategy, const Silicon& silicon);

/// The report of what `assess` found, whether it runs or not.
[[nodiscard]] EvaluationReport report_of(const Inputs& inputs, std::string_view strategy,
                                         const expected<Assessment, AssessmentError>& found);

}  // namespace fusescape
