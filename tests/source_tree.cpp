#include "source_tree.hpp"

namespace fusescape {

std::string in_source_tree(const std::string& file) {
  return FUSESCAPE_SOURCE_DIR "/" + file;
}

}  // namespace fusescape
