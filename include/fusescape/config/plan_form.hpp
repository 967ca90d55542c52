// Is a plan file well formed, whatever cascade it is for?
#pragma once

#include <optional>

#include "fusescape/config/load.hpp"

namespace fusescape {

[[nodiscard]] std::optional<InputError> check_plan_form(const InputFile& input);

}  // namespace fusescape
