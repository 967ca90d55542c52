// What do two mixers side by side compute? A norm, attention and Mamba-2 on its result, and the residual.
#pragma once

#include <cstdint>
#include <string>

#include "fusescape/workload/families/attention.hpp"
#include "fusescape/workload/families/mamba2.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// Shape of parallel mixers (Falcon-H1, Zuo et al., arXiv 2507.22448).
struct ParallelMixers {
  std::string name = "parallel";
  std::int64_t n_layer = 1;
  std::int64_t d_model = 0;      ///< E
  GroupedAttention attention{};  ///< Its heads and their options; what both mixers share is taken from here.
  Mamba2 mamba{};                ///< Likewise its heads, state, convolution, options and form.
  std::int64_t vocab = 32000;    ///< Rows of the embedding, padding included.
  bool tied_embedding = true;
  bool head = true;  ///< False: neither final norm nor head.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t batch = 1;         ///< B
  std::int64_t tokens = 1;        ///< L; one in the decode phase.
  std::int64_t cache_tokens = 0;  ///< S: tokens whose keys and values are in the cache already.
};

/// The block's cascade: out = x + attention(norm(x)) + mamba(norm(x)). Expects of each mixer what its family
/// does. Its only possible problems are extents too large to count.
[[nodiscard]] CheckedCascade parallel_block(const ParallelMixers& shape);

/// Of one layer: those of both mixers as blocks of their families, less E, since they share one norm.
[[nodiscard]] Elements layer_params(const ParallelMixers& shape);

/// The block with its phase, layers, parameters and, unless `head` is false, its head. Expects a shape whose
/// cascades have no problems.
[[nodiscard]] Workload parallel_workload(const ParallelMixers& shape);

}  // namespace fusescape
