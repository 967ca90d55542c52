// How does what a profiler measured stand beside what a group is modelled to take, in JSON?
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "fusescape/report/evaluation.hpp"

namespace fusescape {

/// `measured` and `ratio`, measured / modelled, if measurements were given.
void add_measured(const GroupReport& group, Hertz clock, nlohmann::ordered_json& object);

}  // namespace fusescape
