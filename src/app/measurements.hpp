// What did a profiler count and time of a plan's groups? A CSV file's rows, each added to the group it names.
#pragma once

#include <string>
#include <vector>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/support/expected.hpp"

namespace fusescape {

/// Sets `measured` of every group from the file's columns `group` and any of `dram_read_bytes`,
/// `dram_write_bytes` and `time_us`. A row names a group as reports do ("dA..y") or by its operators joined
/// by '+'; several rows of one group, its kernels, are added, and an empty cell leaves that figure of the
/// group null. All faults of the file are told at once (exit code 3).
[[nodiscard]] expected<void, Failure> add_measurements(const std::string& file,
                                                       std::vector<GroupReport>& groups);

}  // namespace fusescape
