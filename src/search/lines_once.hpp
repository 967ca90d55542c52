// How does a list of lines have each of them once, in the order in which they first came?
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fusescape {

inline void add_once(std::vector<std::string>& lines, std::string_view line) {
  if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.emplace_back(line);
}

inline void add_once(std::vector<std::string>& lines, const std::vector<std::string>& more) {
  for (const std::string& line : more) add_once(lines, line);
}

}  // namespace fusescape
