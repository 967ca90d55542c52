// How do the two kinds of workload file become a Workload? bind_workload chooses between these.
#pragma once

#include <span>

#include "fusescape/config/load.hpp"

namespace fusescape {

[[nodiscard]] Loaded<Workload> bind_model(const InputFile& input, std::span<const Setting> settings);
[[nodiscard]] Loaded<Workload> bind_cascade(const InputFile& input, std::span<const Setting> settings);

}  // namespace fusescape
