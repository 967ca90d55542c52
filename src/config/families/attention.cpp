#include <fmt/format.h>

#include "fusescape/config/families/attention_table.hpp"

namespace fusescape {
namespace {

void complete_attention(AttentionFile& file, Binding& binding) {
  file.n_kv_head = file.kv_heads.value_or(file.n_head);
  file.d_head = file.head_width.value_or(file.d_model / file.n_head);
  file.cache_tokens = cached_tokens(file.cached, file.phase);
  if (!file.head_width && file.d_model % file.n_head != 0) {
    binding.errors().at(binding.blamed({"n_head", "d_model"}, binding.at("n_head")),
                        fmt::format("n_head: {} heads do not divide d_model, {}, and there is no d_head",
                                    file.n_head, file.d_model));
  } else if (file.rope && file.d_head % 2 != 0) {
    binding.errors().at(binding.blamed({"d_head", "n_head", "d_model"}, binding.at("d_head")),
                        fmt::format("d_head: RoPE turns pairs of channels, and {} is odd", file.d_head));
  }
  if (file.n_head % file.n_kv_head != 0) {
    binding.errors().at(
        binding.blamed({"n_kv_head", "n_head"}, binding.at("n_kv_head")),
        fmt::format("n_kv_head: {} heads do not divide n_head, {}", file.n_kv_head, file.n_head));
  }
}

Loaded<Workload> bind_attention(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<AttentionFile, GroupedAttention> kMake{complete_attention, attention_block,
                                                               attention_head, attention_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec attention_family() {
  return {&kAttentionTable, "grouped-query attention sub-blocks over a KV cache, with RoPE",
          check_family<AttentionFile, kAttentionTable>, bind_attention};
}

}  // namespace fusescape
