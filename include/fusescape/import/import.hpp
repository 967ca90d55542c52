// Which model does a config.json describe? Published configurations become model files of ours.
//
// To add a dialect: a file in src/import, and its row in src/import/import.cpp (docs/model/workloads.md).
#pragma once

#include <string>
#include <vector>

#include "fusescape/config/load.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// A model file that reads back, and what became of each key of the configuration.
struct ImportedModel {
  std::string yaml;
  Model model;                         ///< What `yaml` says.
  std::vector<std::string> read;       ///< "hidden_size = 4096"
  std::vector<std::string> defaulted;  ///< "conv_kernel = 4", or why an absent key means something.
  std::vector<std::string> ignored;    ///< Keys that change neither shape nor work here.
};

/// `file` is shown in messages and named as the source; `name` is the model's, or empty: one is made.
/// kBadFile, with places, if the text is no JSON, names no architecture that there is, or describes no model.
[[nodiscard]] Loaded<ImportedModel> import_config(const std::string& file, std::string text,
                                                  const std::string& name = {});

/// Words of `model_type` that are understood, for people.
[[nodiscard]] std::vector<std::string_view> imported_architectures();

}  // namespace fusescape
