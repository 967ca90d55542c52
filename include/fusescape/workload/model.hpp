// What does a user evaluate? One block of a model in one phase, how often the model repeats it, and what
// follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

enum class Phase : unsigned char { kPrefill, kDecode };

/// A cascade with what turns "per block" into "whole model".
struct Workload {
  std::string name;
  std::string family;  ///< "mamba1", ...; "cascade" for an explicit one.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t n_layer = 1;
  Elements tokens{1};              ///< Tokens that one run of the block advances, over the whole batch.
  std::optional<Elements> params;  ///< Of the whole model; none for an explicit cascade without n_layer.
  std::vector<std::string> assumptions{};  ///< Of the family's model; shown with every result.
  Cascade block;
  std::optional<Cascade> lm_head{};  ///< Final norm and head, once after the last block. None: not modelled.
};

}  // namespace fusescape
