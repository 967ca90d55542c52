// Which families of models are there, and what do their files have in common?
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fusescape/config/families/attention_table.hpp"
#include "fusescape/config/families/family.hpp"
#include "fusescape/config/families/mamba1_table.hpp"
#include "fusescape/config/families/mamba2_table.hpp"
#include "fusescape/config/families/mlp_table.hpp"
#include "fusescape/config/families/moe_table.hpp"
#include "fusescape/config/families/opt_table.hpp"
#include "fusescape/config/families/parallel_table.hpp"
#include "fusescape/config/families/stack_table.hpp"
#include "fusescape/config/families/zamba2_table.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {

std::span<const FamilySpec> families() {
  static const std::array<FamilySpec, kFamilyWords.size()> all{
      mamba1_family(), opt_family(),      mamba2_family(), attention_family(), mlp_family(),
      moe_family(),    parallel_family(), zamba2_family(), stack_family()};
  return all;
}

const FamilySpec& family_of(const YamlNode& root) {
  const YamlNode* named = find_value(root, "family");
  FUSESCAPE_EXPECTS(named != nullptr);
  const auto all = families();
  const auto family = std::find_if(all.begin(), all.end(), [&](const FamilySpec& candidate) {
    return candidate.table->name == named->text;
  });
  FUSESCAPE_EXPECTS(family != all.end());
  return *family;
}

namespace {

void check_sums(const Cascade& cascade, DataType accumulator, Binding& binding) {
  const std::optional<TensorId> unfit = unfit_sum(cascade, accumulator);
  if (!unfit || !binding.ok()) return;
  const Tensor& tensor = cascade.tensor(*unfit);
  binding.errors().at(binding.at("accumulator_dtype"),
                      fmt::format("accumulator_dtype: {} does not hold sums that become {}, those of {}",
                                  name_of(accumulator), name_of(tensor.type), tensor.name));
}

/// Whether an operator reads `tensor` earlier along a rank of several steps.
bool is_read_earlier(const Cascade& cascade, std::size_t tensor) {
  const auto& uses = cascade.uses[tensor];
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    const Index* index = shifted_index(cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)]);
    return index != nullptr && cascade.extent(index->rank) > Elements{1};
  });
}

/// A call that goes on from a state, unless it is of one token, reads it while it makes the new one.
bool continues(const Workload& workload) {
  for (std::size_t i = 0; i < workload.block.tensors.size(); ++i) {
    if (workload.block.tensors[i].initial != Initial::kLoaded) continue;
    if (workload.phase == Phase::kPrefill || is_read_earlier(workload.block, i)) return true;
  }
  return false;
}

}  // namespace

void place_states(Bytes bytes, std::span<Cascade* const> cascades, Binding& binding) {
  if (bytes == Bytes{0})
    binding.errors().at(binding.at("state"), "state: this model keeps none between calls");
  if (bytes.overflow()) binding.errors().at(binding.blamed(), "too large: resident states cannot be counted");
  for (Cascade* cascade : cascades) cascade->resident = bytes;
}

std::string resident_assumption(std::int64_t layers, Bytes bytes) {
  return fmt::format("states and caches of all {} layers stay on chip: {} B", layers, bytes.value());
}

void set_roles(const RoleFile& roles, const InputFile& input, Workload& workload, Binding& binding,
               const std::vector<bool>& typed) {
  const RoleTypes types = roles.role_types();
  std::vector<Cascade*> cascades{&workload.block};
  if (workload.lm_head) cascades.push_back(&*workload.lm_head);
  for (Cascade* cascade : cascades) {
    set_types(*cascade, types, cascade == &workload.block ? typed : std::vector<bool>{});
    if (types.accumulator) check_sums(*cascade, *types.accumulator, binding);
  }
  if (std::string text = describe(types); !text.empty())
    workload.assumptions.push_back("types by role: " + text);
  if (roles.state == StatePlace::kDram) return;
  if (continues(workload)) {
    binding.errors().at(
        binding.at("state"),
        "state: a call of several tokens from a loaded state needs that and the one that it makes at once; "
        "resident memory has one");
  }
  keep_resident(workload.block);
  const Bytes bytes = resident_bytes(workload.block) * workload.n_layer;
  if (input.settings_applied) return;  // A part of a stack.
  place_states(bytes, cascades, binding);
  workload.assumptions.push_back(resident_assumption(workload.n_layer, bytes));
}

}  // namespace fusescape
