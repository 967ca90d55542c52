// Which designs does one accelerator file give where only its clock, its on-chip capacity and its DRAM
// bandwidth vary? The same as binding the file each time, a hundred times as fast.
#pragma once

#include <span>
#include <string_view>

#include "fusescape/config/load.hpp"
#include "fusescape/search/sweep_binding.hpp"

namespace fusescape {

/// `clock`, `sram.capacity`, `dram.bandwidth`.
[[nodiscard]] bool varies_quickly(std::string_view key);

/// The designs of `input` under `settings` and then one of each of `values`, which set one such key each.
/// Null where these keys are derived. What a series refuses, bind_design refuses too, and says why.
[[nodiscard]] DesignSeries design_series(const InputFile& input, std::span<const Setting> settings,
                                         std::span<const std::span<const AxisValue>> values,
                                         Technologies& technologies);

}  // namespace fusescape
