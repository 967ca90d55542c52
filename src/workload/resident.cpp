#include "fusescape/workload/resident.hpp"

#include <algorithm>

#include "attention.hpp"
#include "families/ssd_chunks.hpp"

namespace fusescape {
namespace {

const Access& access_of(const Cascade& cascade, const Use& use) {
  return cascade.op(use.op).inputs[static_cast<std::size_t>(use.input)];
}

/// Slices that the farthest shifted read names; with `of_call` no more than the call makes. 0: none is
/// shifted.
Elements slices_behind(const Cascade& cascade, TensorId tensor, bool of_call) {
  Elements most;
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Access& access = access_of(cascade, use);
    Elements slices{1};
    bool reaches_back = false;
    for (const Index& index : access.indices) {
      const Elements extent = extent_of(cascade, index);
      const Elements back{reach(cascade, index)};
      reaches_back = reaches_back || back > Elements{0};
      slices = slices * (back == Elements{0} ? extent : of_call ? std::min(back, extent) : back);
    }
    if (reaches_back) most = std::max(most, slices);
  }
  return most;
}

/// Whether only operators of the recurrence that makes `tensor` read it earlier: then its old values are used
/// up when the new ones take their place.
bool only_update_reads_earlier(const Cascade& cascade, TensorId tensor) {
  const auto& update = cascade.recurrence_of[index_of(*cascade.producer[index_of(tensor)])];
  const auto& uses = cascade.uses[index_of(tensor)];
  return update && std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
           return !is_shifted(access_of(cascade, use)) || cascade.recurrence_of[index_of(use.op)] == update;
         });
}

}  // namespace

void keep_resident(Cascade& block) {
  for (Tensor& tensor : block.tensors) {
    if (tensor.initial == Initial::kLoaded) tensor.initial = Initial::kResident;
    if (tensor.final_value == Final::kStored) tensor.final_value = Final::kResident;
    if (!is_kv_cache(tensor) && !is_handed_on_state(tensor)) continue;
    if (tensor.kind == TensorKind::kInput) tensor.initial = Initial::kResident;
    if (tensor.kind == TensorKind::kOutput) tensor.final_value = Final::kResident;
  }
}

Elements outliving_elements(const Cascade& cascade, TensorId tensor) {
  return slices_behind(cascade, tensor, true);
}

bool is_resident(const Cascade& cascade, TensorId id) {
  const Tensor& tensor = cascade.tensor(id);
  if (!cascade.producer[index_of(id)]) return tensor.initial == Initial::kResident;
  if (tensor.final_value != Final::kResident) return false;
  if (tensor.kind == TensorKind::kOutput) return true;
  return slices_behind(cascade, id, true) == elements_of(cascade, id) &&
         only_update_reads_earlier(cascade, id);
}

Bytes resident_bytes(const Cascade& block) {
  Bytes sum;
  for (std::size_t i = 0; i < block.tensors.size(); ++i) {
    const TensorId id{static_cast<std::uint16_t>(i)};
    const Tensor& tensor = block.tensor(id);
    if (tensor.initial != Initial::kResident && tensor.final_value != Final::kResident) continue;
    const bool whole = !block.producer[i] || tensor.kind == TensorKind::kOutput;
    sum += bytes_of(whole ? elements_of(block, id) : slices_behind(block, id, false), bits_of(tensor.type));
  }
  return sum;
}

}  // namespace fusescape
