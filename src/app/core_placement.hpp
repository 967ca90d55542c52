// Which core does each operator run on after `--core-of exp=vector,y=pe[3]`?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fusescape/app/exit_code.hpp"
#include "fusescape/arch/accelerator.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Per operator, a position in single_cores(): the core that one of `words` ("OPERATOR=CORE") names, or the
/// first that can run it. Operators of a chain go together. All that is wrong with `words` is one usage
/// error.
[[nodiscard]] expected<std::vector<std::uint32_t>, Failure> core_placement(
    const Cascade& cascade, const Plan& plan, const Accelerator& accelerator,
    const std::vector<std::string>& words);

}  // namespace fusescape
