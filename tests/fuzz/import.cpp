// Does any text crash the importer, or become a model file that does not read back?
#include "fusescape/import/import.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fusescape;
  const auto imported = import_config("config.json", std::string(reinterpret_cast<const char*>(data), size));
  if (!imported) {
    if (imported.error().text.find("error: ") == std::string::npos) std::abort();
    return 0;
  }
  const auto again = parse_input("model.yaml", imported->yaml);
  if (!again) std::abort();
  const auto model = bind_model(*again);
  if (!model || model->whole.params != imported->model.whole.params) std::abort();
  return 0;
}
