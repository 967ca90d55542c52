// Which words does a sweep's answer use, in text and in JSON alike?
#pragma once

#include <string>
#include <vector>

#include "fusescape/search/sweep_answer.hpp"

namespace fusescape {

/// "64x128", or "32 of 16x16" if there are several.
[[nodiscard]] std::string array_text(const DesignFigures& figures);

/// The answer in plain sentences, most important first: what the best design gains over the baseline that is
/// compared like for like (the first that leaves axes open, else the first), and what choosing on its open
/// axes gains there. None if there is nothing to compare.
[[nodiscard]] std::vector<std::string> conclusion(const SweepAnswer& answer);

}  // namespace fusescape
