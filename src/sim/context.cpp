#include "context.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fusescape/plan/spatial.hpp"

namespace fusescape {
namespace {

class ContextBuilder {
 public:
  ContextBuilder(const Cascade& cascade, const Plan& plan, const Layout& layout,
                 const Accelerator& accelerator, const Machine& machine)
      : made_{.cascade = cascade,
              .plan = plan,
              .layout = layout,
              .accelerator = accelerator,
              .machine = machine} {}

  expected<SimContext, SimFailure> run(const std::vector<std::uint32_t>& core_of) {
    if (!widen_scale()) return unexpected{SimFailure{.reason = SimFailure::Reason::kOverflow}};
    if (!(core_of.empty() ? share_cores() : place(core_of))) {
      return unexpected{SimFailure{.reason = SimFailure::Reason::kUnsupported}};
    }
    made_.core_count = static_cast<int>(made_.resources.size());
    add_ports();
    add_links();
    return std::move(made_);
  }

 private:
  bool widen_scale();
  bool share_cores();
  bool place(const std::vector<std::uint32_t>& core_of);
  [[nodiscard]] bool has_whole_chains() const;
  void add_ports();
  void add_links();
  int add(SimResourceKind kind, std::string name) {
    made_.resources.push_back({.kind = kind, .name = std::move(name)});
    return static_cast<int>(made_.resources.size()) - 1;
  }

  SimContext made_;
};

/// Links take part in the common base of all times.
bool ContextBuilder::widen_scale() {
  Machine& machine = made_.machine;
  const std::int64_t before = machine.scale.ticks_per_cycle();
  if (!machine.scale.include(made_.accelerator.links.bandwidth)) return false;
  const std::int64_t finer = machine.scale.ticks_per_cycle() / before;
  machine.dram_ticks_per_byte *= finer;
  machine.sram_read_ticks_per_byte *= finer;
  machine.sram_write_ticks_per_byte *= finer;
  made_.link_ticks_per_byte = machine.scale.ticks_per_byte(made_.accelerator.links.bandwidth);
  made_.link_latency = machine.scale.ticks(made_.accelerator.links.latency);
  return true;
}

bool ContextBuilder::share_cores() {
  for (std::uint32_t i = 0; i < made_.accelerator.cores.size(); ++i) {
    add(SimResourceKind::kCore, core_name(made_.accelerator, i));
  }
  for (const Operator& op : made_.cascade.operators) {
    const auto core = core_for(made_.accelerator, op.kind);
    made_.core_of.push_back(core ? static_cast<int>(*core) : -1);
    made_.engine_of.push_back(made_.machine.engines[static_cast<std::size_t>(op.kind)]);
  }
  for (const GroupLayout& group : made_.layout.groups) {
    for (const OpId op : group.operators) {
      if (made_.core_of[index_of(op)] < 0) return false;
    }
  }
  return has_whole_chains();
}

bool ContextBuilder::place(const std::vector<std::uint32_t>& core_of) {
  const std::vector<SingleCore> singles = single_cores(made_.accelerator);
  for (const SingleCore& single : singles) {
    const std::string name = core_name(made_.accelerator, single.core);
    const bool alone = made_.accelerator.cores[single.core].count == 1;
    add(SimResourceKind::kCore, alone ? name : fmt::format("{}.{}", name, single.instance));
  }
  for (std::size_t i = 0; i < made_.cascade.operators.size(); ++i) {
    if (core_of[i] >= singles.size()) return false;
    const Core& core = made_.accelerator.cores[singles[core_of[i]].core];
    const std::int64_t cycles = core.cycles_per_op[static_cast<std::size_t>(made_.cascade.operators[i].kind)];
    made_.core_of.push_back(static_cast<int>(core_of[i]));
    made_.engine_of.push_back({.count = 1, .rows = core.rows, .cols = core.cols, .cycles_per_op = cycles});
  }
  for (const GroupLayout& group : made_.layout.groups) {
    for (const OpId op : group.operators) {
      if (made_.engine_of[index_of(op)].cycles_per_op == 0) return false;
    }
  }
  return has_whole_chains();
}

/// What a chain hands on is in the registers of one core.
bool ContextBuilder::has_whole_chains() const {
  for (std::size_t n = 0; n < made_.plan.nodes.size(); ++n) {
    if (made_.plan.nodes[n].kind != NodeKind::kChain) continue;
    const std::vector<OpId> members = operators_below(made_.plan, NodeId{static_cast<std::uint16_t>(n)});
    const int core = made_.core_of[index_of(members.front())];
    if (std::any_of(members.begin(), members.end(),
                    [&](OpId op) { return made_.core_of[index_of(op)] != core; })) {
      return false;
    }
  }
  return true;
}

void ContextBuilder::add_ports() {
  const bool split_dram = made_.machine.dram_ports == Ports::kSeparate;
  made_.dram_read = add(SimResourceKind::kDramRead, split_dram ? "dram read" : "dram");
  made_.dram_write = split_dram ? add(SimResourceKind::kDramWrite, "dram write") : made_.dram_read;
  const bool split_sram = made_.machine.sram_ports == Ports::kSeparate;
  made_.sram_read = add(SimResourceKind::kOnChipRead, split_sram ? "sram read" : "sram");
  made_.sram_write = split_sram ? add(SimResourceKind::kOnChipWrite, "sram write") : made_.sram_read;
}

void ContextBuilder::add_links() {
  made_.first_link = static_cast<int>(made_.resources.size());
  if (made_.core_count < 2) return;
  if (made_.accelerator.links.topology == Topology::kBus) {
    add(SimResourceKind::kLink, "bus");
    return;
  }
  for (int from = 0; from < made_.core_count; ++from) {
    for (int to = 0; to < made_.core_count; ++to) {
      if (from == to) continue;
      add(SimResourceKind::kLink,
          fmt::format("{} -> {}", made_.resources[static_cast<std::size_t>(from)].name,
                      made_.resources[static_cast<std::size_t>(to)].name));
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
  return ContextBuilder{cascade, plan, layout, accelerator, machine}.run(core_of);
}

}  // namespace fusescape
