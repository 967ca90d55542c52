#include <fmt/format.h>

#include "fusescape/config/families/opt_table.hpp"

namespace fusescape {
namespace {

void complete_opt(OptFile& file, Binding& binding) {
  file.cache_tokens = cached_tokens(file.cached, file.phase);
  if (file.d_model % file.n_head == 0) return;
  const bool by_width = !binding.at("n_head").set_by && binding.at("d_model").set_by;
  binding.errors().at(binding.at(by_width ? "d_model" : "n_head"),
                      fmt::format("n_head: {} heads do not divide d_model, {}", file.n_head, file.d_model));
}

Loaded<Workload> bind_opt(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<OptFile, Opt> kMake{complete_opt, opt_block, opt_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec opt_family() {
  return {&kOptTable, "OPT blocks (Zhang et al., arXiv 2205.01068): attention over a KV cache, MLP",
          check_family<OptFile, kOptTable>, bind_opt};
}

}  // namespace fusescape
