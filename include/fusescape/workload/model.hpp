// What does a user evaluate? One block of a model in one phase, how often the model repeats it, and what
// follows; or, of a stack, the blocks of several kinds of layers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/workload/cascade.hpp"

namespace fusescape {

enum class Phase : unsigned char { kPrefill, kDecode };

/// The norm after a model's last block.
enum class FinalNorm : unsigned char { kRms, kRmsWithoutGain, kLayer };

/// A cascade with what turns "per block" into "whole model".
struct Workload {
  std::string name;
  std::string family;  ///< "mamba1", ...; "cascade" for an explicit one.
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::int64_t n_layer = 1;
  Elements tokens{1};              ///< Tokens that one run of the block advances, over the whole batch.
  std::optional<Elements> params;  ///< Of the whole model; none for an explicit cascade without n_layer.
  std::optional<Elements> layer_params{};  ///< Of one layer as released; none for an explicit cascade.
  Elements own_params{};  ///< Those of layer_params that a layer has alone where layers share the others.
  std::vector<std::string> assumptions{};  ///< Of the family's model; shown with every result.
  Cascade block;
  std::optional<Cascade> lm_head{};  ///< Final norm and head, once after the last block. None: not modelled.
};

/// So many layers of one kind, one after another.
struct LayerRun {
  std::size_t kind = 0;  ///< Position in Model::kinds.
  std::int64_t count = 1;
  friend bool operator==(const LayerRun&, const LayerRun&) = default;
};

/// A model whose layers may be of several kinds, in an order.
///
/// `whole` is what all of it has: name, phase, tokens, parameters, head; its n_layer counts all layers. Of a
/// model with one kind of layers it is a complete workload. Of one with more its block has no operators, only
/// the ranks that all kinds share: each of `kinds` has a block, the number of its layers as n_layer, no head.
struct Model {
  Workload whole;
  std::vector<Workload> kinds{};  ///< Of a stack, in the order in which they first appear; else none.
  std::vector<LayerRun> order{};  ///< Of a stack; no run follows one of its own kind.

  [[nodiscard]] bool has_one_block() const { return kinds.size() <= 1; }
};

}  // namespace fusescape
