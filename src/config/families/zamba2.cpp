#include <fmt/format.h>

#include "fusescape/config/families/zamba2_table.hpp"

namespace fusescape {
namespace {

void complete_zamba2(Zamba2File& file, Binding& binding) {
  file.d_ff = file.hidden.value_or(4 * file.d_model);
  file.cache_tokens = cached_tokens(file.cached, file.phase);
  const YamlNode& blamed = binding.blamed({"n_head", "d_model"}, binding.at("n_head"));
  if (2 * file.d_model % file.n_head != 0) {
    binding.errors().at(
        blamed, fmt::format("n_head: {} heads do not divide 2 x d_model, {}", file.n_head, 2 * file.d_model));
  } else if (file.rope && 2 * file.d_model / file.n_head % 2 != 0) {
    binding.errors().at(blamed, fmt::format("n_head: RoPE turns pairs of channels, and heads have {}",
                                            2 * file.d_model / file.n_head));
  }
}

Loaded<Workload> bind_zamba2(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<Zamba2File, Zamba2> kMake{complete_zamba2, zamba2_block, zamba2_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec zamba2_family() {
  return {&kZamba2Table, "Zamba2's transformer block on hidden state and embedding, with adapters",
          check_family<Zamba2File, kZamba2Table>, bind_zamba2};
}

}  // namespace fusescape
