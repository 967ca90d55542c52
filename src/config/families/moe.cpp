#include <fmt/format.h>

#include "fusescape/config/families/moe_table.hpp"

namespace fusescape {
namespace {

void complete_moe(MoeFile& file, Binding& binding) {
  if (file.top_k <= file.n_expert) return;
  binding.errors().at(
      binding.blamed({"top_k", "n_expert"}, binding.at("top_k")),
      fmt::format("top_k: a token cannot choose {} of {} experts", file.top_k, file.n_expert));
}

Loaded<Workload> bind_moe(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<MoeFile, Moe> kMake{complete_moe, moe_block, moe_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec moe_family() {
  return {&kMoeTable, "mixture-of-experts sub-blocks: router, top-k and shared experts",
          check_family<MoeFile, kMoeTable>, bind_moe};
}

}  // namespace fusescape
