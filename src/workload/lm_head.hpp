// What does a model compute after its last block? A norm, and the head that scores every word of the
// vocabulary.
//
// Only the token that a sequence ends with has a next one to predict: B rows in both phases, L does not
// matter.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/support/data_type.hpp"
#include "fusescape/workload/cascade.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Ranks B, E and V, the vocabulary.
struct LmHead {
  std::string model;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;
  std::int64_t d_model = 0;
  std::int64_t vocab = 0;
  FinalNorm norm = FinalNorm::kRms;
};

[[nodiscard]] CheckedCascade cascade_of(const LmHead& head);

/// The head of a family's shape, which names its members as every family does.
template <class Shape>
[[nodiscard]] LmHead lm_head_of(const Shape& shape, FinalNorm norm) {
  return {shape.name, shape.dtype, shape.batch, shape.d_model, shape.vocab, norm};
}

}  // namespace fusescape
