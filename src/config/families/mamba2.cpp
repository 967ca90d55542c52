#include <fmt/format.h>

#include "fusescape/config/families/mamba2_table.hpp"

namespace fusescape {
namespace {

Loaded<Workload> bind_mamba2(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<Mamba2File, Mamba2> kMake{complete_mamba2, mamba2_block, mamba2_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

void complete_mamba2(Mamba2File& file, Binding& binding) {
  const std::int64_t inner =
      file.inner.value_or(file.heads ? *file.heads * file.d_head : file.expand * file.d_model);
  file.n_head = file.heads.value_or(inner / file.d_head);
  if (file.n_head == 0 || file.n_head * file.d_head != inner) {
    binding.errors().at(
        binding.blamed({"d_inner", "d_model", "expand", "d_head", "n_head"}, binding.at("d_inner")),
        fmt::format("d_inner: {} is not n_head x d_head, {} x {}", inner, file.n_head, file.d_head));
  } else if (file.n_head % file.n_group != 0) {
    binding.errors().at(
        binding.blamed({"n_group", "n_head", "d_head", "d_inner", "d_model"}, binding.at("n_group")),
        fmt::format("n_group: {} groups do not divide n_head, {}", file.n_group, file.n_head));
  }
}

FamilySpec mamba2_family() {
  return {&kMamba2Table, "Mamba-2 blocks (Dao and Gu, arXiv 2405.21060) in recurrent or chunked form",
          check_family<Mamba2File, kMamba2Table>, bind_mamba2};
}

}  // namespace fusescape
