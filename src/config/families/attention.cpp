#include <fmt/format.h>

#include "fusescape/config/families/attention_table.hpp"

namespace fusescape {
namespace {

/// Reports channels that RoPE cannot turn.
void check_rotation(const AttentionFile& file, Binding& binding) {
  const auto at = [&](std::initializer_list<std::string_view> keys) -> const YamlNode& {
    return binding.blamed(keys, binding.at(*keys.begin()));
  };
  if (file.turned && !file.rope) {
    binding.errors().at(at({"rotary_dim", "rope"}), "rotary_dim: without RoPE no channels are turned");
  } else if (file.turned && *file.turned > file.d_head) {
    binding.errors().at(at({"rotary_dim", "d_head", "n_head", "d_model"}),
                        fmt::format("rotary_dim: {} of a head's {} channels", *file.turned, file.d_head));
  } else if (file.turned && *file.turned % 2 != 0) {
    binding.errors().at(at({"rotary_dim"}),
                        fmt::format("rotary_dim: RoPE turns pairs of channels, and {} is odd", *file.turned));
  } else if (!file.turned && file.rope && file.d_head % 2 != 0) {
    binding.errors().at(at({"d_head", "n_head", "d_model"}),
                        fmt::format("d_head: RoPE turns pairs of channels, and {} is odd", file.d_head));
  }
}

Loaded<Workload> bind_attention(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<AttentionFile, GroupedAttention> kMake{complete_attention, attention_block,
                                                               attention_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

void complete_attention(AttentionFile& file, Binding& binding) {
  file.n_kv_head = file.kv_heads.value_or(file.n_head);
  file.d_head = file.head_width.value_or(file.d_model / file.n_head);
  file.rotary_dim = file.turned.value_or(0);
  file.cache_tokens = cached_tokens(file.cached, file.phase);
  if (!file.head_width && file.d_model % file.n_head != 0) {
    binding.errors().at(binding.blamed({"n_head", "d_model"}, binding.at("n_head")),
                        fmt::format("n_head: {} heads do not divide d_model, {}, and there is no d_head",
                                    file.n_head, file.d_model));
  } else {
    check_rotation(file, binding);
  }
  if (file.n_head % file.n_kv_head != 0) {
    binding.errors().at(
        binding.blamed({"n_kv_head", "n_head"}, binding.at("n_kv_head")),
        fmt::format("n_kv_head: {} heads do not divide n_head, {}", file.n_kv_head, file.n_head));
  }
}

FamilySpec attention_family() {
  return {&kAttentionTable, "grouped-query attention sub-blocks over a KV cache, with RoPE",
          check_family<AttentionFile, kAttentionTable>, bind_attention};
}

}  // namespace fusescape
