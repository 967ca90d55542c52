#include "fusescape/config/families/parallel_table.hpp"

namespace fusescape {
namespace {

void complete_parallel(ParallelFile& file, Binding& binding) {
  file.attention_keys.d_model = file.d_model;
  binding.look_in("attention");
  complete_attention(file.attention_keys, binding);
  file.mamba_keys.d_model = file.d_model;
  binding.look_in("mamba");
  complete_mamba2(file.mamba_keys, binding);
  file.attention = static_cast<const GroupedAttention&>(file.attention_keys);
  file.mamba = static_cast<const Mamba2&>(file.mamba_keys);
  file.cache_tokens = cached_tokens(file.cached, file.phase);
}

Loaded<Workload> bind_parallel(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<ParallelFile, ParallelMixers> kMake{complete_parallel, parallel_block,
                                                            parallel_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec parallel_family() {
  return {&kParallelTable, "attention and Mamba-2 side by side on one normed input (Falcon-H1)",
          check_family<ParallelFile, kParallelTable>, bind_parallel};
}

}  // namespace fusescape
