// Is a committed results file what the code says today? FUSESCAPE_UPDATE=1 in the environment rewrites it.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "source_tree.hpp"

namespace fusescape {

/// Compares bytes. `name` is relative to results/.
inline void check_regenerated(const std::string& name, const std::string& now) {
  const std::string path = in_source_tree("results/" + name);
  if (std::getenv("FUSESCAPE_UPDATE") != nullptr) {
    std::ofstream{path} << now;
    WARN("wrote " << path);
  }
  std::ifstream file{path};
  REQUIRE(file.is_open());
  std::ostringstream committed;
  committed << file.rdbuf();
  CHECK(committed.str() == now);
}

}  // namespace fusescape
