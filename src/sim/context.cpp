#include "context.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/plan/spatial.hpp"

namespace fusescape {
namespace {

int add(SimContext& made, SimResourceKind kind, std::string name) {
  made.resources.push_back({.kind = kind, .name = std::move(name)});
  return static_cast<int>(made.resources.size()) - 1;
}

/// Links take part in the common base of all times.
bool widen_scale(SimContext& made) {
  Machine& machine = made.machine;
  const std::int64_t before = machine.scale.ticks_per_cycle();
  if (!machine.scale.include(made.accelerator.links.bandwidth)) return false;
  const std::int64_t finer = machine.scale.ticks_per_cycle() / before;
  machine.dram_ticks_per_byte *= finer;
  machine.sram_read_ticks_per_byte *= finer;
  machine.sram_write_ticks_per_byte *= finer;
  made.link_ticks_per_byte = machine.scale.ticks_per_byte(made.accelerator.links.bandwidth);
  made.link_latency = machine.scale.ticks(made.accelerator.links.latency);
  return true;
}

/// All cores of a kind are one.
void share_cores(SimContext& made) {
  for (std::uint32_t i = 0; i < made.accelerator.cores.size(); ++i)
    add(made, SimResourceKind::kCore, core_name(made.accelerator, i));
  for (const Operator& op : made.cascade.operators) {
    const auto core = core_for(made.accelerator, op.kind);
    made.core_of.push_back(core ? static_cast<int>(*core) : -1);
    made.engine_of.push_back(made.machine.engines[static_cast<std::size_t>(op.kind)]);
  }
}

/// Expects positions of single cores.
void place(SimContext& made, const std::vector<SingleCore>& singles,
           const std::vector<std::uint32_t>& core_of) {
  for (const SingleCore& single : singles) {
    const std::string name = core_name(made.accelerator, single.core);
    const bool alone = made.accelerator.cores[single.core].count == 1;
    add(made, SimResourceKind::kCore, alone ? name : fmt::format("{}.{}", name, single.instance));
  }
  for (std::size_t i = 0; i < made.cascade.operators.size(); ++i) {
    const Core& core = made.accelerator.cores[singles[core_of[i]].core];
    const auto kind = static_cast<std::size_t>(made.cascade.operators[i].kind);
    made.core_of.push_back(static_cast<int>(core_of[i]));
    made.engine_of.push_back({.count = 1,
                              .rows = core.rows,
                              .cols = core.cols,
                              .cycles_per_op = core.cycles_per_op[kind],
                              .efficiency = core.efficiency[kind]});
  }
}

/// Each operator is on a core that can run it, and each chain on one: it hands values on in its registers.
bool is_supported(const SimContext& made) {
  for (const GroupLayout& group : made.layout.groups) {
    for (const OpId op : group.operators) {
      if (made.engine_of[index_of(op)].cycles_per_op == 0) return false;
    }
  }
  for (std::size_t n = 0; n < made.plan.nodes.size(); ++n) {
    if (made.plan.nodes[n].kind != NodeKind::kChain) continue;
    const std::vector<OpId> members = operators_below(made.plan, NodeId{static_cast<std::uint16_t>(n)});
    const int core = made.core_of[index_of(members.front())];
    if (std::any_of(members.begin(), members.end(),
                    [&](OpId op) { return made.core_of[index_of(op)] != core; }))
      return false;
  }
  return true;
}

void add_ports(SimContext& made) {
  const bool split_dram = made.machine.dram_ports == Ports::kSeparate;
  made.dram_read = add(made, SimResourceKind::kDramRead, split_dram ? "dram read" : "dram");
  made.dram_write = split_dram ? add(made, SimResourceKind::kDramWrite, "dram write") : made.dram_read;
  const bool split_sram = made.machine.sram_ports == Ports::kSeparate;
  made.sram_read = add(made, SimResourceKind::kOnChipRead, split_sram ? "sram read" : "sram");
  made.sram_write = split_sram ? add(made, SimResourceKind::kOnChipWrite, "sram write") : made.sram_read;
}

void add_links(SimContext& made) {
  made.first_link = static_cast<int>(made.resources.size());
  const bool bus = made.accelerator.links.topology == Topology::kBus;
  if (bus && made.core_count > 1) add(made, SimResourceKind::kLink, "bus");
  const auto name = [&](int core) { return made.resources[static_cast<std::size_t>(core)].name; };
  for (int from = 0; !bus && from < made.core_count; ++from) {
    for (int to = 0; to < made.core_count; ++to) {
      if (from == to) continue;
      add(made, SimResourceKind::kLink, fmt::format("{} -> {}", name(from), name(to)));
    }
  }
}

}  // namespace

std::vector<SingleCore> single_cores(const Accelerator& accelerator) {
  std::vector<SingleCore> singles;
  for (std::uint32_t core = 0; core < accelerator.cores.size(); ++core) {
    for (std::int64_t i = 0; i < accelerator.cores[core].count; ++i) singles.push_back({core, i});
  }
  return singles;
}

bool can_run(const Cascade& cascade, const Plan& plan, NodeId leaf, const Core& core) {
  const std::vector<OpId> members = operators_below(plan, leaf);
  return std::all_of(members.begin(), members.end(), [&](OpId op) {
    return core.cycles_per_op[static_cast<std::size_t>(cascade.op(op).kind)] > 0;
  });
}

expected<SimContext, SimFailure> make_context(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                              const Accelerator& accelerator, const Machine& machine,
                                              const std::vector<std::uint32_t>& core_of) {
  SimContext made{
      .cascade = cascade, .plan = plan, .layout = layout, .accelerator = accelerator, .machine = machine};
  if (!widen_scale(made)) return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow}};
  const std::vector<SingleCore> singles = single_cores(accelerator);
  const bool known =
      std::all_of(core_of.begin(), core_of.end(), [&](std::uint32_t core) { return core < singles.size(); });
  if (known) core_of.empty() ? share_cores(made) : place(made, singles, core_of);
  if (!known || !is_supported(made))
    return unexpected{SimFailure{.reason = SimFailure::Reason::kUnsupported}};
  made.core_count = static_cast<int>(made.resources.size());
  add_ports(made);
  add_links(made);
  return made;
}

}  // namespace fusescape
