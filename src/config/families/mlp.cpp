#include "fusescape/config/families/mlp_table.hpp"

namespace fusescape {
namespace {

void complete_mlp(MlpFile& /*file*/, Binding& /*binding*/) {}

Loaded<Workload> bind_mlp(const InputFile& input, std::span<const Setting> settings) {
  constexpr FamilyMaker<MlpFile, Mlp> kMake{complete_mlp, mlp_block, mlp_workload};
  return bind_family(kMake, input, settings);
}

}  // namespace

FamilySpec mlp_family() {
  return {&kMlpTable, "MLP sub-blocks: SwiGLU, GeGLU, GELU or a squared ReLU",
          check_family<MlpFile, kMlpTable>, bind_mlp};
}

}  // namespace fusescape
