// Which figure was printed as this number? What a file of results holds, ready to be compared again.
#pragma once

#include <string_view>

#include "fusescape/cost/metrics.hpp"

namespace fusescape {

/// The figure of `metric` of a design that printed as `text`, with what it is compared by: a latency is a
/// whole number of cycles over the clock, which its digits give back exactly up to 2^50 cycles; what a
/// generation takes is not, nor its mean step. An error if `text` is no such number; empty text, too, which
/// stands for null.
[[nodiscard]] MetricValue printed_figure(const Metric& metric, std::string_view text,
                                         const Workload& workload, const Design& design);

}  // namespace fusescape
