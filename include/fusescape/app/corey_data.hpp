// What was recorded of COREY's prototype, and what was published? Two CSV files beside the chain
// (docs/corey.md).
#pragma once

#include <string>
#include <vector>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/corey/scheduler.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// One run of the authors' prototype: its intermediates at 17 digits. Provenance: reproduced.
struct RecordedRun {
  CoreyRun run;
  std::int64_t rows = 0;
  double average_before = 0;
  double registers = 0;  ///< The budget.
  double shared = 0;
  std::string partition;       ///< "3-4"
  std::vector<double> scores;  ///< By group.
  std::vector<double> intensity;
  std::vector<double> memory;
};

/// A number to compare with. `value` keeps the digits that were printed.
struct CoreyReference {
  std::string label;  ///< published | reproduced
  std::string quantity;
  std::string bucket;  ///< "all": the unweighted mean of the buckets' means.
  std::string method;
  std::string precision;
  double tau = 0;
  std::string value;
};

/// `operators`: names of the chain, of which the file has a column H_i_NAME, AI_i and M_i each.
[[nodiscard]] expected<std::vector<RecordedRun>, Failure> recorded_runs(
    const std::string& file, const std::vector<CoreyOperator>& operators);

[[nodiscard]] expected<std::vector<CoreyReference>, Failure> published_figures(const std::string& file);

/// The runs alone.
[[nodiscard]] std::vector<CoreyRun> runs_of(const std::vector<RecordedRun>& recorded);

}  // namespace fusescape
