#include "fusescape/config/families/mamba1_table.hpp"

namespace fusescape {
namespace {

void complete_mamba1(Mamba1File& file, Binding& binding) {
  constexpr std::int64_t kRankDivisor = 16;  // dt_rank = ceil(d_model / 16): state-spaces/mamba, "auto".
  file.d_inner = file.inner.value_or(file.expand * file.d_model);
  file.dt_rank = file.rank.value_or(ceil_div(file.d_model, kRankDivisor));
  if (file.norm_dt_b_c || !file.norm_dt_b_c_gain) return;
  binding.errors().at(binding.blamed({"norm_dt_b_c", "norm_dt_b_c_gain"}, binding.at("norm_dt_b_c_gain")),
                      "norm_dt_b_c_gain: there is no norm without norm_dt_b_c");
}

Loaded<Workload> bind_mamba1(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<Mamba1File, Mamba1> kMake{complete_mamba1, mamba1_block, mamba1_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec mamba1_family() {
  return {&kMamba1Table, "Mamba-1 blocks (Gu and Dao, arXiv 2312.00752), Falcon-Mamba included",
          check_family<Mamba1File, kMamba1Table>, bind_mamba1};
}

}  // namespace fusescape
