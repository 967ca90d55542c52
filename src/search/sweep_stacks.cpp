#include "sweep_stacks.hpp"

#include <fmt/format.h>

#include "fusescape/search/model_head.hpp"
#include "point_set.hpp"

namespace fusescape {
namespace {

using Status = PointOutcome::Status;

/// The sweep whose workloads are the single blocks of `sweep`, and where those of each workload begin.
struct BlockSweep {
  BoundSweep blocks;
  std::vector<std::uint32_t> first;
  std::uint32_t unfused = 0;  ///< Position of that strategy.

  [[nodiscard]] std::uint32_t count(std::size_t workload) const {
    const std::size_t end = workload + 1 < first.size() ? first[workload + 1] : blocks.workloads.size();
    return static_cast<std::uint32_t>(end) - first[workload];
  }
};

BlockSweep block_sweep(const BoundSweep& sweep) {
  BlockSweep made;
  made.blocks.designs = sweep.designs;
  made.blocks.strategies = sweep.strategies;
  made.blocks.inputs = sweep.inputs;
  made.blocks.energy = sweep.energy;
  made.unfused = static_cast<std::uint32_t>(made.blocks.strategies.size());
  made.blocks.strategies.push_back(find_strategy("unfused"));
  if (!made.blocks.inputs.empty()) made.blocks.inputs.emplace_back();
  for (std::size_t w = 0; w < sweep.workloads.size(); ++w) {
    made.first.push_back(static_cast<std::uint32_t>(made.blocks.workloads.size()));
    if (sweep.kinds[w].size() > 1) {
      made.blocks.workloads.insert(made.blocks.workloads.end(), sweep.kinds[w].begin(), sweep.kinds[w].end());
    } else {
      made.blocks.workloads.push_back(sweep.workloads[w]);
    }
  }
  return made;
}

/// What a kind came to, and whether under the strategy that was asked for.
struct KindOutcome {
  const PointOutcome* outcome = nullptr;
  bool is_replaced = false;
};

/// Of the whole stack; of a model with one block, its own.
PointOutcome combined(const std::vector<KindOutcome>& kinds, std::span<const Workload> blocks,
                      std::shared_ptr<const HeadOutcome> head) {
  PointOutcome whole;
  whole.status = Status::kFeasible;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const PointOutcome& kind = *kinds[k].outcome;
    if (!kind.feasible()) {
      PointOutcome failed = kind;
      if (kinds.size() > 1) failed.why = fmt::format("layers {}: {}", blocks[k].name, kind.why);
      return failed;
    }
    whole.layers.push_back({.kind = blocks[k].name,
                            .count = blocks[k].n_layer,
                            .is_replaced = kinds[k].is_replaced,
                            .cost = kind.cost,
                            .energy = kind.energy});
  }
  if (kinds.size() == 1) whole = *kinds.front().outcome;
  whole.head = std::move(head);
  return whole;
}

}  // namespace

std::vector<PointOutcome> evaluate_stacks(const BoundSweep& sweep, std::span<const DesignPoint> points,
                                          const SweepRun& run) {
  const BlockSweep made = block_sweep(sweep);
  PointSet asked;
  std::vector<std::vector<std::size_t>> ids(points.size());
  for (std::size_t p = 0; p < points.size(); ++p) {
    for (std::uint32_t k = 0; k < made.count(points[p].workload); ++k) {
      ids[p].push_back(
          asked.id_of({made.first[points[p].workload] + k, points[p].design, points[p].strategy}));
    }
  }
  const std::vector<PointOutcome> outcomes = evaluate_points(made.blocks, asked.points(), run);
  PointSet instead;
  std::vector<std::size_t> instead_of(asked.points().size());
  for (std::size_t id = 0; id < outcomes.size(); ++id) {
    const DesignPoint& point = asked.points()[id];
    if (outcomes[id].lacks_operators) {
      instead_of[id] = instead.id_of({point.workload, point.design, made.unfused});
    }
  }
  const std::vector<PointOutcome> unfused = evaluate_points(made.blocks, instead.points(), run);
  const SweepHeads heads{sweep, points, run.jobs};
  std::vector<PointOutcome> whole;
  for (std::size_t p = 0; p < points.size(); ++p) {
    bool some_go = false;
    for (const std::size_t id : ids[p]) some_go = some_go || !outcomes[id].lacks_operators;
    std::vector<KindOutcome> kinds;
    for (const std::size_t id : ids[p]) {
      const bool replaced = some_go && outcomes[id].lacks_operators;
      kinds.push_back({replaced ? &unfused[instead_of[id]] : &outcomes[id], replaced});
    }
    const std::span<const Workload> blocks{made.blocks.workloads};
    whole.push_back(combined(kinds, blocks.subspan(made.first[points[p].workload]), heads.of(points[p])));
  }
  return whole;
}

}  // namespace fusescape
