// Which texts does every page hold? Files of src/report/page and the charting library, made into code by the
// build (scripts/cmake/page.cmake).
#pragma once

#include <string_view>

namespace fusescape {

extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;
extern const std::string_view kChartLibrary;  ///< Empty: it was not there when this was built.

}  // namespace fusescape
