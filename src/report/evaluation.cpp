#include "fusescape/report/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "fusescape/report/energy_notes.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/support/version.hpp"
#include "fusescape/support/wording.hpp"

namespace fusescape {
namespace {

std::string bandwidth_text(const OnChipMemory& sram) {
  const BitsPerCycle read = sram.read_bandwidth();
  const BitsPerCycle write = sram.write_bandwidth();
  if (read.unlimited() && write.unlimited()) return "on-chip bandwidth unlimited";
  return fmt::format("on-chip bandwidth {} read, {} write ({} banks, {} ports)", width_text(read),
                     width_text(write), sram.bank_count(),
                     sram.ports == Ports::kShared ? "shared" : "separate");
}

std::string dram_text(const Dram& dram) {
  const BitsPerCycle width = dram.effective_bandwidth();
  return fmt::format("DRAM {}, {} port",
                     width.unlimited() ? "bandwidth unlimited" : fmt::format("{} bit/cycle", width.value),
                     dram.ports == Ports::kShared ? "shared" : "separate");
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

/// What area and energy rest on.
void add_silicon_notes(const Evaluated& evaluated, std::vector<std::string>& lines) {
  if (evaluated.design.technology == nullptr) return;
  const Technology& technology = *evaluated.design.technology;
  if (evaluated.design.area.total && evaluated.design.area.extrapolated) {
    lines.emplace_back("SRAM area extrapolated beyond the table's sizes");
  }
  if (const std::optional<Closure> closure = closure_of(technology)) {
    lines.push_back(fmt::format("the area table explains {:.0f} of the {:.0f} mm2 of {}",
                                closure->explained().value(), closure->die.value(),
                                technology.reference->name));
  }
  if (evaluated.energy == nullptr) return;
  const EnergyPrices prices = prices_of(evaluated.design.accelerator, &technology);
  for (std::string& note : energy_notes(*evaluated.energy, prices, &technology)) {
    lines.push_back(std::move(note));
  }
}

std::string cycles_text(Cycles cycles) {
  return fmt::format("{} cycle{}", with_thousands(cycles.value()), cycles == Cycles{1} ? "" : "s");
}

/// What cores of several kinds, and those that are not used, mean for the figures.
void add_core_notes(const Accelerator& accelerator, std::vector<std::string>& lines) {
  for (const Core& core : accelerator.left_out) {
    lines.push_back(fmt::format("core {} left out, all but its area: it computes in {}, not in {}", core.name,
                                name_of(core.type.value_or(accelerator.pe_type)),
                                name_of(accelerator.pe_type)));
  }
  if (accelerator.cores.size() > 1) {
    lines.emplace_back("cores take turns, operator by operator; simulated, they may also run side by side");
  }
}

std::vector<std::string> assumptions_of(const Subject& subject, const Evaluated& evaluated) {
  const Accelerator& accelerator = evaluated.design.accelerator;
  std::vector<std::string> ranks;
  for (const auto& [name, extent] : subject.ranks) ranks.push_back(fmt::format("{}={}", name, extent));
  std::vector<std::string> lines{
      fmt::format("{}, {}", fmt::join(ranks, " "), subject.phase),
      types_text(evaluated.workload, accelerator),
      fmt::format("area table {}", subject.technology.empty() ? "none" : subject.technology),
      bandwidth_text(accelerator.sram),
      dram_text(accelerator.dram),
      describe_whole_model(evaluated.workload, evaluated.layers)};
  add_core_notes(accelerator, lines);
  if (const Cycles launch = accelerator.model.launch_cycles; launch > Cycles{}) {
    lines.push_back(fmt::format("{} before each group", cycles_text(launch)));
  }
  if (const Cycles fill = accelerator.model.fill_cycles; fill > Cycles{}) {
    lines.push_back(fmt::format("{} more for each operator on each tile", cycles_text(fill)));
  }
  add_silicon_notes(evaluated, lines);
  const std::vector<std::string>& more = evaluated.workload.assumptions;
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Crossing crossing_of(const Cascade& cascade, const std::vector<OpId>& group, TensorId id, bool read) {
  switch (cascade.tensor(id).kind) {
    case TensorKind::kWeight:
      return Crossing::kWeight;
    case TensorKind::kInput:
      return Crossing::kBlockInput;
    case TensorKind::kOutput:
      return read ? Crossing::kOtherGroup : Crossing::kBlockOutput;
    case TensorKind::kState:
    case TensorKind::kIntermediate:
      break;
  }
  const auto here = [&](OpId op) { return std::find(group.begin(), group.end(), op) != group.end(); };
  const std::optional<OpId> producer = cascade.producer[index_of(id)];
  const std::vector<Use>& uses = cascade.uses[index_of(id)];
  const bool all_here = (!producer || here(*producer)) &&
                        std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return here(use.op); });
  if (!all_here) return Crossing::kOtherGroup;
  return cascade.tensor(id).kind == TensorKind::kState ? Crossing::kState : Crossing::kWithinGroup;
}

std::vector<TensorReport> tensors_of(const Cascade& cascade, const GroupProfile& group,
                                     const std::vector<OpId>& ops) {
  std::vector<TensorReport> tensors;
  for (const TensorTraffic& traffic : group.tensors) {
    tensors.push_back({.name = cascade.tensor(traffic.tensor).name,
                       .bytes_read = traffic.read,
                       .bytes_written = traffic.written,
                       .residency = traffic.residency,
                       .bits = traffic.bits,
                       .size = bytes_of(elements_of(cascade, traffic.tensor), traffic.bits),
                       .crossing = crossing_of(cascade, ops, traffic.tensor, traffic.read > Bytes{0})});
  }
  return tensors;
}

/// What is below a node, and the node.
Record loops_of(const Cascade& cascade, const Plan& plan, NodeId id) {
  constexpr std::array<std::string_view, 4> kKinds{"sequence", "loop", "chain", "operator"};  // Of NodeKind.
  const Node& node = plan.node(id);
  Record record{{"kind", kKinds.at(static_cast<std::size_t>(node.kind))}};
  if (node.kind == NodeKind::kLoop) {
    const std::int64_t extent = cascade.extent(node.rank).value();
    const std::int64_t tile = std::min(node.tile, extent);
    append(record,
           {{"rank", cascade.rank(node.rank).name}, {"tile", tile}, {"trips", ceil_div(extent, tile)}});
  }
  if (node.kind == NodeKind::kOperator) {
    record.push_back({"op", cascade.op(node.op).name});
    return record;
  }
  std::vector<Record> children;
  for (const NodeId child : node.children) children.push_back(loops_of(cascade, plan, child));
  record.push_back({"children", children});
  return record;
}

GroupReport group_of(const Workload& workload, const Machine& machine, const Assessment& assessment,
                     std::size_t index) {
  const Cascade& cascade = workload.block;
  const GroupCost& cost = assessment.groups[index];
  const GroupLayout& layout = assessment.layout.groups[index];
  const TickScale& scale = machine.scale;
  GroupReport group{.name = group_name(cascade, layout.operators),
                    .ops = {},
                    .loops = loops_of(cascade, assessment.plan, layout.node),
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
                    .onchip_fill = {},
                    .onchip_drain = {},
                    .energy_pj = {},
                    .tensors = tensors_of(cascade, assessment.profile.groups[index], layout.operators)};
  for (const OpId op : layout.operators) group.ops.push_back(cascade.op(op).name);
  group.utilization = utilization_of(cost.pe_cycles, machine.pes, group.latency);
  return group;
}

Subject subject_of(const Evaluated& evaluated, std::string_view strategy) {
  const Workload& workload = evaluated.workload;
  const Accelerator& accelerator = evaluated.design.accelerator;
  Subject subject{.workload = workload.name,
                  .arch = accelerator.name,
                  .technology = accelerator.technology,
                  .strategy = std::string{strategy},
                  .model = "closed",
                  .phase = std::string{name_of(workload.phase)},
                  .dtype = std::string{name_of(workload.dtype)},
                  .ranks = {},
                  .n_layer = workload.n_layer,
                  .is_stack = workload.family == "stack",
                  .params = {},
                  .version = std::string{kVersion},
                  .assumptions = {}};
  if (workload.params) subject.params = workload.params->value();
  for (const Rank& rank : workload.block.ranks) subject.ranks.emplace_back(rank.name, rank.extent.value());
  subject.assumptions = assumptions_of(subject, evaluated);
  return subject;
}

std::vector<EnergyPart> energy_parts(const Evaluated& evaluated) {
  std::vector<EnergyPart> parts;
  for (const EnergyComponentFacts& facts : kEnergyComponents) {
    EnergyPart& part = parts.emplace_back();
    if (evaluated.energy == nullptr) {
      part.why = why_no_block(evaluated);
    } else if (const Energy& energy = (*evaluated.energy)[facts.component]; energy) {
      part.pj = energy->value();
    } else {
      part.why = describe(energy.error(), evaluated.design.technology.get());
    }
  }
  return parts;
}

expected<WholeReport, std::string> whole_report(const Evaluated& evaluated) {
  const auto sums = whole_of(evaluated);
  if (!sums) return unexpected{sums.error()};
  WholeReport whole{.sums = *sums, .energy_pj = {}, .head = {}};
  if (const MetricValue pj = whole_energy_of(evaluated)) whole.energy_pj = magnitude(*pj);
  if (evaluated.head != nullptr) whole.head = **evaluated.head;
  return whole;
}

}  // namespace

const MetricValue& EvaluationReport::figure(std::string_view name) const {
  return figure_named(figures, name);
}

bool EvaluationReport::feasible() const {
  return outcome || (layers.size() > 1 && std::all_of(layers.begin(), layers.end(), [](const auto& layer) {
                       return layer.outcome.has_value();
                     }));
}

EvaluationReport report_of(const Evaluated& evaluated, std::string_view strategy) {
  return {.subject = subject_of(evaluated, strategy),
          .figures = figures_of(evaluated),
          .energy = energy_parts(evaluated),
          .whole = whole_report(evaluated),
          .outcome = {},
          .reason = {}};
}

EvaluationOutcome outcome_of(const Workload& workload, const Design& design, const Assessment& assessment,
                             const PlanEnergy& energy) {
  EvaluationOutcome outcome{.cost = assessment.cost, .groups = {}, .energy = energy.plan};
  for (std::size_t g = 0; g < assessment.groups.size(); ++g) {
    GroupReport& group = outcome.groups.emplace_back(group_of(workload, design.machine, assessment, g));
    group.onchip_fill = energy.groups[g].onchip_fill;
    group.onchip_drain = energy.groups[g].onchip_drain;
    if (const Energy& total = energy.groups[g].total) group.energy_pj = total->value();
  }
  return outcome;
}

std::string group_name(const Cascade& cascade, const std::vector<OpId>& operators) {
  const std::string& first = cascade.op(operators.front()).name;
  return operators.size() == 1 ? first : fmt::format("{}..{}", first, cascade.op(operators.back()).name);
}

std::string_view name_of(Bound bound) {
  constexpr std::array<Wording<Bound>, 4> kBounds{{{"compute", Bound::kCompute},
                                                   {"dram", Bound::kDram},
                                                   {"onchip", Bound::kOnChip},
                                                   {"link", Bound::kLink}}};
  return name_in(kBounds, bound);
}

std::string_view name_of(Crossing crossing) {
  constexpr std::array<Wording<Crossing>, 6> kCrossings{
      {{"weight", Crossing::kWeight},
       {"block input", Crossing::kBlockInput},
       {"block output", Crossing::kBlockOutput},
       {"state between calls", Crossing::kState},
       {"between groups", Crossing::kOtherGroup},
       {"spilled within the group", Crossing::kWithinGroup}}};
  return name_in(kCrossings, crossing);
}

std::string_view name_of(Phase phase) {
  return phase == Phase::kPrefill ? "prefill" : "decode";
}

}  // namespace fusescape
