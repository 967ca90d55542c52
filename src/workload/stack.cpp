#include "fusescape/workload/stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "fusescape/support/contract.hpp"
#include "fusescape/workload/around_blocks.hpp"

namespace fusescape {
namespace {

std::vector<std::int64_t> layers_of_kinds(std::size_t kinds, const std::vector<LayerRun>& order) {
  std::vector<std::int64_t> layers(kinds);
  for (const LayerRun& run : order) layers[run.kind] += run.count;
  return layers;
}

/// Neighbouring runs of one kind as one.
std::vector<LayerRun> joined_runs(const std::vector<LayerRun>& order) {
  std::vector<LayerRun> runs;
  for (const LayerRun& run : order) {
    if (!runs.empty() && runs.back().kind == run.kind) {
      runs.back().count += run.count;
    } else {
      runs.push_back(run);
    }
  }
  return runs;
}

/// What all kinds say of themselves, and whose weights serve several layers.
std::vector<std::string> assumptions_of(const std::vector<StackKind>& kinds,
                                        const std::vector<std::int64_t>& layers) {
  std::vector<std::string> lines;
  std::unordered_set<std::string_view> known;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    for (const std::string& line : kinds[k].layer.assumptions) {
      if (known.insert(line).second) lines.push_back(line);
    }
    if (kinds[k].copies == 0) continue;
    lines.push_back(fmt::format("the {} layers {} use {} sets of weights in turn", layers[k],
                                kinds[k].layer.name, kinds[k].copies));
  }
  return lines;
}

/// Ranks that all kinds have with one extent.
std::vector<Rank> common_ranks(const std::vector<Workload>& kinds) {
  std::vector<Rank> common = kinds.front().block.ranks;
  std::erase_if(common, [&](const Rank& rank) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const Workload& kind) {
      const std::optional<RankId> same = find_rank(kind.block, rank.name);
      return !same || kind.block.extent(*same) != rank.extent;
    });
  });
  return common;
}

}  // namespace

Elements stack_params(const Stack& stack, const std::vector<StackKind>& kinds,
                      const std::vector<LayerRun>& order) {
  Elements sum = params_of(around_blocks(stack));
  const std::vector<std::int64_t> layers = layers_of_kinds(kinds.size(), order);
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const auto& [layer, copies] = kinds[k];
    FUSESCAPE_EXPECTS(layer.layer_params.has_value());
    const std::int64_t sets = copies == 0 ? layers[k] : std::min(copies, layers[k]);
    sum += layer.own_params * layers[k] + (*layer.layer_params - layer.own_params) * sets;
  }
  return sum;
}

Model stack_model(const Stack& stack, std::vector<StackKind> kinds, const std::vector<LayerRun>& order) {
  const std::vector<std::int64_t> layers = layers_of_kinds(kinds.size(), order);
  FUSESCAPE_EXPECTS(!kinds.empty() && std::find(layers.begin(), layers.end(), 0) == layers.end());
  Model model{.whole = {.name = stack.name,
                        .family = "stack",
                        .phase = stack.phase,
                        .dtype = stack.dtype,
                        .n_layer = 0,
                        .tokens = Elements{stack.batch} * stack.tokens,
                        .params = stack_params(stack, kinds, order),
                        .assumptions = assumptions_of(kinds, layers),
                        .block = {}},
              .order = joined_runs(order)};
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    model.whole.n_layer += layers[k];
    Workload& kind = model.kinds.emplace_back(std::move(kinds[k].layer));
    kind.n_layer = layers[k];
    kind.params.reset();
    kind.lm_head.reset();
  }
  if (model.has_one_block()) {
    model.whole.block = model.kinds.front().block;
    model.whole.layer_params = model.kinds.front().layer_params;
  } else {
    model.whole.block.ranks = common_ranks(model.kinds);
  }
  if (stack.head) {
    CheckedCascade head = head_of(around_blocks(stack));
    FUSESCAPE_EXPECTS(head.problems.empty());
    model.whole.lm_head = std::move(head.cascade);
  }
  return model;
}

}  // namespace fusescape
