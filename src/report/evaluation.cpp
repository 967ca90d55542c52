#include "fusescape/report/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "fusescape/support/version.hpp"

namespace fusescape {
namespace {

std::string bandwidth_text(const OnChipMemory& sram) {
  if (sram.read_bandwidth().unlimited() && sram.write_bandwidth().unlimited()) {
    return "on-chip bandwidth unlimited";
  }
  const auto port = [](BitsPerCycle width) {
    return width.unlimited() ? std::string{"unlimited"} : fmt::format("{} B/cycle", width.value / 8);
  };
  return fmt::format("on-chip bandwidth {} read, {} write ({} banks, {} ports)", port(sram.read_bandwidth()),
                     port(sram.write_bandwidth()), sram.bank_count(),
                     sram.ports == Ports::kShared ? "shared" : "separate");
}

/// Which data the PEs take, and who widens what is narrower than they are.
std::string types_text(const Workload& workload, const Accelerator& accelerator) {
  std::vector<std::string_view> narrower;
  for (const DataTypeFacts& type : kDataTypes) {
    const auto& tensors = workload.block.tensors;
    const bool used = std::any_of(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.type == type.type; });
    if (used && type.bits < bits_of(accelerator.pe_type)) narrower.push_back(type.name);
  }
  std::string text =
      fmt::format("data type {}, PEs of {}", name_of(workload.dtype), name_of(accelerator.pe_type));
  if (!narrower.empty())
    text += fmt::format(", which widen {} as they read it, in no time", fmt::join(narrower, " and "));
  return text;
}

std::vector<std::string> assumptions_of(const Subject& subject, const Workload& workload,
                                        const Accelerator& accelerator, const Silicon& silicon) {
  std::vector<std::string> ranks;
  for (const auto& [name, extent] : subject.ranks) ranks.push_back(fmt::format("{}={}", name, extent));
  std::vector<std::string> lines{
      fmt::format("{}, {}", fmt::join(ranks, " "), subject.phase),
      types_text(workload, accelerator),
      fmt::format("area table {}", subject.technology.empty() ? "none" : subject.technology),
      bandwidth_text(accelerator.sram),
      fmt::format("DRAM {} bit/cycle, {} port", accelerator.dram.effective_bandwidth().value,
                  accelerator.dram.ports == Ports::kShared ? "shared" : "separate"),
      describe_whole_model(workload)};
  lines.insert(lines.end(), silicon.notes.begin(), silicon.notes.end());
  return lines;
}

Movement movement_of(const Cascade& cascade, const std::vector<OpId>& group, TensorId id, bool read) {
  switch (cascade.tensor(id).kind) {
    case TensorKind::kWeight:
      return Movement::kWeight;
    case TensorKind::kInput:
      return Movement::kBlockInput;
    case TensorKind::kOutput:
      return read ? Movement::kOtherGroup : Movement::kBlockOutput;
    case TensorKind::kState:
    case TensorKind::kIntermediate:
      break;
  }
  const auto here = [&](OpId op) { return std::find(group.begin(), group.end(), op) != group.end(); };
  const std::optional<OpId> producer = cascade.producer[index_of(id)];
  const std::vector<Use>& uses = cascade.uses[index_of(id)];
  const bool all_here = (!producer || here(*producer)) &&
                        std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return here(use.op); });
  if (!all_here) return Movement::kOtherGroup;
  return cascade.tensor(id).kind == TensorKind::kState ? Movement::kState : Movement::kWithinGroup;
}

std::vector<TensorReport> tensors_of(const Cascade& cascade, const PlanProfile& profile,
                                     const GroupProfile& group, const std::vector<OpId>& ops) {
  std::vector<TensorReport> tensors;
  for (std::uint32_t i = 0; i < group.tensor_count; ++i) {
    const TensorTraffic& traffic = profile.tensors[group.first_tensor + i];
    tensors.push_back({.name = cascade.tensor(traffic.tensor).name,
                       .bytes_read = traffic.read,
                       .bytes_written = traffic.written,
                       .residency = traffic.residency,
                       .bits = traffic.bits,
                       .size = bytes_of(elements_of(cascade, traffic.tensor), traffic.bits),
                       .movement = movement_of(cascade, ops, traffic.tensor, traffic.read > Bytes{0})});
  }
  return tensors;
}

TreeReport tree_of(const Cascade& cascade, const Plan& plan, NodeId id) {
  const Node& node = plan.node(id);
  TreeReport tree{.kind = node.kind, .rank = {}, .tile = 0, .trips = 0, .op = {}, .children = {}};
  if (node.kind == NodeKind::kLoop) {
    const std::int64_t extent = cascade.extent(node.rank).value();
    tree.rank = cascade.rank(node.rank).name;
    tree.tile = std::min(node.tile, extent);
    tree.trips = ceil_div(extent, tree.tile);
  }
  if (node.kind == NodeKind::kOperator) tree.op = cascade.op(node.op).name;
  for (const NodeId child : node.children) tree.children.push_back(tree_of(cascade, plan, child));
  return tree;
}

GroupReport group_of(const Workload& workload, const Assessment& assessment, std::size_t index) {
  const Cascade& cascade = workload.block;
  const GroupCost& cost = assessment.groups[index];
  const GroupLayout& layout = assessment.layout.groups[index];
  const TickScale& scale = assessment.machine.scale;
  GroupReport group{
      .name = {},
      .ops = {},
      .tree = tree_of(cascade, assessment.plan, layout.node),
      .latency = scale.whole_cycles(cost.latency),
      .compute = scale.whole_cycles(cost.compute),
      .dram = scale.whole_cycles(cost.dram),
      .onchip = scale.whole_cycles(cost.onchip),
      .dram_read = cost.dram_read,
      .dram_write = cost.dram_write,
      .peak = cost.peak,
      .bound = cost.bound,
      .operations = cost.ops,
      .utilization = 0.0,
      .tensors = tensors_of(cascade, assessment.profile, assessment.profile.groups[index], layout.operators)};
  for (const OpId op : layout.operators) group.ops.push_back(cascade.op(op).name);
  group.name =
      group.ops.size() == 1 ? group.ops.front() : fmt::format("{}..{}", group.ops.front(), group.ops.back());
  group.utilization = utilization_of(cost.pe_cycles, assessment.machine.pes, group.latency);
  return group;
}

}  // namespace

Subject subject_of(const Workload& workload, const Accelerator& accelerator, std::string_view strategy,
                   const Silicon& silicon) {
  Subject subject{.workload = workload.name,
                  .arch = accelerator.name,
                  .technology = accelerator.technology,
                  .strategy = std::string{strategy},
                  .model = "closed",
                  .phase = std::string{name_of(workload.phase)},
                  .dtype = std::string{name_of(workload.dtype)},
                  .ranks = {},
                  .n_layer = workload.n_layer,
                  .params = {},
                  .tokens = workload.tokens.value(),
                  .pes = accelerator.pes(),
                  .capacity = accelerator.sram.capacity,
                  .clock = accelerator.clock,
                  .area_mm2 = silicon.area_mm2,
                  .version = std::string{kVersion},
                  .assumptions = {}};
  if (workload.params) subject.params = workload.params->value();
  for (const Rank& rank : workload.block.ranks) subject.ranks.emplace_back(rank.name, rank.extent.value());
  subject.assumptions = assumptions_of(subject, workload, accelerator, silicon);
  subject.assumptions.insert(subject.assumptions.end(), workload.assumptions.begin(),
                             workload.assumptions.end());
  return subject;
}

ModelHead model_head(const Workload& workload, const Accelerator& accelerator, const Technology* technology) {
  ModelHead head{.assessment = assess_head(workload, accelerator), .energy_pj = {}};
  if (head.assessment && *head.assessment) {
    const Cost& cost = (*head.assessment)->cost;
    head.energy_pj = silicon_of(accelerator, technology, PhyArea::kUncharged, &cost).energy_pj;
  }
  return head;
}

void add_whole(const Workload& workload, const Cost& block, const ModelHead& head,
               EvaluationOutcome& outcome) {
  std::optional<HeadCost> cost;
  if (head.assessment) cost = head_cost(*head.assessment);
  const auto sums = whole_model(workload, block, cost ? &*cost : nullptr);
  if (!sums) {
    outcome.no_whole = sums.error();
    return;
  }
  WholeReport whole{.latency = sums->latency, .dram = sums->dram(), .energy_pj = {}, .head = {}};
  if (cost) {
    const Cost& once = **cost;
    whole.head = HeadReport{.latency = once.latency,
                            .compute = once.compute,
                            .dram = once.total.dram_read + once.total.dram_write,
                            .peak = once.total.peak,
                            .bound = once.total.bound};
  }
  if (outcome.energy_pj && (!cost || head.energy_pj)) {
    whole.energy_pj =
        *outcome.energy_pj * static_cast<double>(workload.n_layer) + head.energy_pj.value_or(0.0);
  }
  outcome.whole = std::move(whole);
}

double utilization_of(Cycles pe_cycles, std::int64_t pes, Cycles latency) {
  const double offered = static_cast<double>(pes) * static_cast<double>(latency.value());
  return offered > 0 ? static_cast<double>(pe_cycles.value()) / offered : 0.0;
}

EvaluationOutcome outcome_of(const Workload& workload, const Accelerator& accelerator,
                             const Assessment& assessment, const Silicon& silicon) {
  const Cost& cost = assessment.cost;
  EvaluationOutcome outcome{
      .latency = cost.latency,
      .compute = cost.compute,
      .dram_read = cost.total.dram_read,
      .dram_write = cost.total.dram_write,
      .peak = cost.total.peak,
      .onchip_read = cost.total.onchip_read,
      .onchip_write = cost.total.onchip_write,
      .operations = cost.total.ops,
      .utilization = utilization_of(cost.total.pe_cycles, accelerator.pes(), cost.latency),
      .bound = cost.total.bound,
      .energy_pj = silicon.energy_pj,
      .power_w = silicon.power_w,
      .groups = {}};
  for (std::size_t g = 0; g < assessment.groups.size(); ++g) {
    outcome.groups.push_back(group_of(workload, assessment, g));
  }
  return outcome;
}

std::string_view name_of(Bound bound) {
  switch (bound) {
    case Bound::kCompute:
      return "compute";
    case Bound::kDram:
      return "dram";
    case Bound::kOnChip:
      return "onchip";
    case Bound::kLink:
      return "link";
  }
  return "";
}

std::string_view name_of(BufferRole role) {
  switch (role) {
    case BufferRole::kFetched:
      return "fetched";
    case BufferRole::kProduced:
      return "produced";
    case BufferRole::kExchanged:
      return "exchanged";
    case BufferRole::kCarried:
      return "carried";
  }
  return "";
}

std::string_view name_of(Movement movement) {
  switch (movement) {
    case Movement::kWeight:
      return "weight";
    case Movement::kBlockInput:
      return "block input";
    case Movement::kBlockOutput:
      return "block output";
    case Movement::kState:
      return "state between calls";
    case Movement::kOtherGroup:
      return "between groups";
    case Movement::kWithinGroup:
      return "spilled within the group";
  }
  return "";
}

std::string_view name_of(Phase phase) {
  return phase == Phase::kPrefill ? "prefill" : "decode";
}

}  // namespace fusescape
