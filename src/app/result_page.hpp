// What does a report say of a result of evaluate, simulate, compare, roofline or corey?
#pragma once

#include <string>

#include "fusescape/report/page.hpp"
#include "result_files.hpp"

namespace fusescape {

/// Adds the result's sections to `page`, and to `data` what its scripts draw under `key`.
void add_result(const ResultFile& result, const std::string& key, Page& page, OrderedJson& data);

}  // namespace fusescape
