#include "fusescape/report/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace fusescape {
namespace {

double share_of(Ticks part, Ticks whole) {
  return whole > Ticks{} ? static_cast<double>(part.value()) / static_cast<double>(whole.value()) : 0.0;
}

/// The longest time that a resource of one of these kinds is busy.
Ticks busiest(const SimResult& result, std::initializer_list<SimResourceKind> kinds) {
  Ticks most;
  for (const SimResource& resource : result.resources) {
    if (std::find(kinds.begin(), kinds.end(), resource.kind) != kinds.end()) {
      most = std::max(most, resource.busy);
    }
  }
  return most;
}

/// Ties go to the first, as in the closed form.
Bound bound_of(const SimResult& result) {
  const std::array<std::pair<Bound, Ticks>, 4> times{
      {{Bound::kCompute, busiest(result, {SimResourceKind::kCore})},
       {Bound::kDram, busiest(result, {SimResourceKind::kDramRead, SimResourceKind::kDramWrite})},
       {Bound::kOnChip, busiest(result, {SimResourceKind::kOnChipRead, SimResourceKind::kOnChipWrite})},
       {Bound::kLink, busiest(result, {SimResourceKind::kLink})}}};
  return std::max_element(times.begin(), times.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

Bytes all_read(const SimTraffic& traffic) {
  return traffic.read + traffic.reloaded;
}

Bytes all_written(const SimTraffic& traffic) {
  return traffic.written + traffic.evicted;
}

/// The bytes that the simulation moved, for the tensors of the closed form and those that only eviction
/// moves.
void replace_traffic(const Workload& workload, const SimResult& result, std::uint32_t index,
                     GroupReport& group) {
  for (TensorReport& tensor : group.tensors) tensor.bytes_read = tensor.bytes_written = Bytes{};
  for (const SimTraffic& traffic : result.traffic) {
    if (traffic.group != index) continue;
    const std::string& name = workload.block.tensor(traffic.tensor).name;
    auto tensor = std::find_if(group.tensors.begin(), group.tensors.end(),
                               [&](const TensorReport& known) { return known.name == name; });
    if (tensor == group.tensors.end()) {
      const int bits = bits_of(workload.block.tensor(traffic.tensor).type);
      group.tensors.push_back({.name = name,
                               .bytes_read = {},
                               .bytes_written = {},
                               .residency = BufferRole::kExchanged,
                               .bits = bits,
                               .size = bytes_of(elements_of(workload.block, traffic.tensor), bits),
                               .crossing = Crossing::kWithinGroup});
      tensor = std::prev(group.tensors.end());
    }
    tensor->bytes_read += all_read(traffic);
    tensor->bytes_written += all_written(traffic);
  }
}

/// The cause for which cores waited longest, over all of them; nothing if none waited. For on-chip ports they
/// wait in the closed form, too.
std::optional<std::pair<Stall, Ticks>> longest_stall(const SimResult& result) {
  std::array<Ticks, kStallCount> sums{};
  for (const SimResource& resource : result.resources) {
    for (std::size_t cause = 0; cause < kStallCount; ++cause) sums[cause] += resource.stall[cause];
  }
  sums[static_cast<std::size_t>(Stall::kOnChip)] = Ticks{};
  const auto most = std::max_element(sums.begin(), sums.end());
  if (*most == Ticks{}) return std::nullopt;
  return std::pair{static_cast<Stall>(most - sums.begin()), *most};
}

std::string signed_cycles(std::int64_t cycles) {
  return fmt::format("{}{}", cycles < 0 ? "-" : "+", with_thousands(std::abs(cycles)));
}

std::int64_t excess(const SimGroupReport& group) {
  return (group.end - group.start).value() - group.closed_latency.value();
}

Bytes evicted_bytes(const SimResult& result) {
  Bytes all;
  for (const SimTraffic& traffic : result.traffic) all += traffic.evicted + traffic.reloaded;
  return all;
}

std::string why_of(const SimulatedPlan& simulated, const SimulationDetails& details) {
  const SimResult& result = simulated.result;
  if (details.latency == details.closed_latency)
    return "no difference: every wait is one that the closed form counts";
  const auto most = std::max_element(details.groups.begin(), details.groups.end(),
                                     [](const SimGroupReport& a, const SimGroupReport& b) {
                                       return std::abs(excess(a)) < std::abs(excess(b));
                                     });
  std::string line;
  if (most != details.groups.end() && excess(*most) != 0) {
    line = fmt::format("most of it in {}: {} cycles", most->name, signed_cycles(excess(*most)));
  } else {
    line = "groups overlap, which the closed form rules out";
  }
  if (const Bytes moved = evicted_bytes(result); moved > Bytes{0}) {
    line += fmt::format("; {} B left for want of room or came back", with_thousands(moved.value()));
  }
  if (const auto stall = longest_stall(result)) {
    line += fmt::format("; in the whole run cores waited longest for {}: {} cycles", name_of(stall->first),
                        with_thousands(result.scale.whole_cycles(stall->second).value()));
  }
  return line;
}

std::vector<ResourceReport> resources_of(const SimResult& result) {
  std::vector<ResourceReport> reports;
  for (const SimResource& resource : result.resources) {
    // Among n cores there are n(n-1) links, most of which nothing uses.
    if (resource.kind == SimResourceKind::kLink && resource.bytes == Bytes{}) continue;
    ResourceReport& report = reports.emplace_back();
    report.name = resource.name;
    report.kind = resource.kind;
    report.busy = result.scale.whole_cycles(resource.busy);
    report.utilization = share_of(resource.busy, result.latency);
    report.bytes = resource.bytes;
    for (std::size_t cause = 0; cause < kStallCount; ++cause) {
      report.stall[cause] = result.scale.whole_cycles(resource.stall[cause]);
    }
  }
  return reports;
}

/// The row of one tensor in one group, new if it is not there yet.
SimTensorReport& tensor_row(std::vector<SimTensorReport>& rows, const std::string& group,
                            const std::string& name) {
  for (SimTensorReport& row : rows) {
    if (row.group == group && row.name == name) return row;
  }
  SimTensorReport& row = rows.emplace_back();
  row.group = group;
  row.name = name;
  return row;
}

/// In the closed form's order, then what only eviction moves.
std::vector<SimTensorReport> tensors_of(const Workload& workload, const SimulatedPlan& simulated,
                                        const std::vector<SimGroupReport>& groups) {
  std::vector<SimTensorReport> rows;
  const PlanProfile& profile = simulated.closed.profile;
  for (std::size_t g = 0; g < profile.groups.size(); ++g) {
    for (const TensorTraffic& traffic : profile.groups[g].tensors) {
      SimTensorReport& row = tensor_row(rows, groups[g].name, workload.block.tensor(traffic.tensor).name);
      row.closed_read += traffic.read;
      row.closed_written += traffic.written;
    }
  }
  for (const SimTraffic& traffic : simulated.result.traffic) {
    SimTensorReport& row =
        tensor_row(rows, groups[traffic.group].name, workload.block.tensor(traffic.tensor).name);
    row.read += all_read(traffic);
    row.written += all_written(traffic);
    row.reloaded += traffic.reloaded;
    row.evicted += traffic.evicted;
  }
  return rows;
}

std::vector<SimGroupReport> groups_of(const Cascade& cascade, const Machine& machine,
                                      const SimulatedPlan& simulated) {
  const TickScale& scale = simulated.result.scale;
  std::vector<SimGroupReport> groups;
  for (std::size_t g = 0; g < simulated.result.groups.size(); ++g) {
    const SimGroup& group = simulated.result.groups[g];
    const GroupCost& closed = simulated.closed.groups[g];
    groups.push_back({.name = group_name(cascade, simulated.closed.layout.groups[g].operators),
                      .start = scale.whole_cycles(group.start),
                      .end = scale.whole_cycles(group.end),
                      .compute = scale.whole_cycles(group.compute),
                      .dram_read = group.dram_read,
                      .dram_write = group.dram_write,
                      .peak = group.peak,
                      .prefetch_depth = group.prefetch_depth,
                      .closed_latency = machine.scale.whole_cycles(closed.latency),
                      .closed_dram_read = closed.dram_read,
                      .closed_dram_write = closed.dram_write,
                      .closed_peak = closed.peak});
  }
  return groups;
}

}  // namespace

double SimulationDetails::difference_percent() const {
  constexpr double kPercent = 100.0;
  const auto closed = static_cast<double>(closed_latency.value());
  return closed > 0 ? kPercent * (static_cast<double>(latency.value()) - closed) / closed : 0.0;
}

Cost simulated_cost(const SimulatedPlan& simulated) {
  Cost cost = simulated.closed.cost;
  cost.latency = simulated.result.cycles;
  cost.total.dram_read = simulated.result.dram_read;
  cost.total.dram_write = simulated.result.dram_write;
  cost.total.peak = simulated.result.peak;
  cost.total.bound = bound_of(simulated.result);
  return cost;
}

PlanEnergy simulated_energy(const Cascade& cascade, const Design& design, const SimulatedPlan& simulated) {
  const SimResult& result = simulated.result;
  const double ticks_per_second =
      static_cast<double>(result.scale.ticks_per_cycle()) * design.accelerator.clock.value();
  EnergyOfRun run = run_of(cascade, design, simulated.closed);
  for (std::size_t g = 0; g < result.groups.size(); ++g) {
    const SimGroup& group = result.groups[g];
    EnergyCounts& counts = run.counts[g];
    counts.onchip_fill += group.dram_read - counts.dram_read;
    counts.onchip_drain += group.dram_write - counts.dram_write;
    counts.dram_read = group.dram_read;
    counts.dram_write = group.dram_write;
    run.activities[g].time =
        Seconds{static_cast<double>((group.end - group.start).value()) / ticks_per_second};
  }
  return plan_energy(run, design);
}

EvaluationOutcome simulated_outcome(const Workload& workload, const Design& design,
                                    const SimulatedPlan& simulated, const PlanEnergy& energy) {
  const SimResult& result = simulated.result;
  EvaluationOutcome outcome = outcome_of(workload, design, simulated.closed, energy);
  outcome.cost = simulated_cost(simulated);
  for (std::uint32_t g = 0; g < result.groups.size(); ++g) {
    const SimGroup& group = result.groups[g];
    GroupReport& report = outcome.groups[g];
    report.latency = result.scale.whole_cycles(group.end - group.start);
    report.dram_read = group.dram_read;
    report.dram_write = group.dram_write;
    report.peak = group.peak;
    report.utilization =
        utilization_of(simulated.closed.groups[g].pe_cycles, design.machine.pes, report.latency);
    replace_traffic(workload, result, g, report);
  }
  return outcome;
}

SimulationDetails details_of(const Workload& workload, const Design& design, const SimulatedPlan& simulated) {
  const Assessment& closed = simulated.closed;
  SimulationDetails details;
  details.latency = simulated.result.cycles;
  details.closed_latency = closed.cost.latency;
  details.closed_dram_read = closed.cost.total.dram_read;
  details.closed_dram_write = closed.cost.total.dram_write;
  details.closed_peak = closed.cost.total.peak;
  details.fits = simulated.fits;
  details.groups = groups_of(workload.block, design.machine, simulated);
  details.resources = resources_of(simulated.result);
  details.tensors = tensors_of(workload, simulated, details.groups);
  details.events = simulated.result.events;
  details.skipped = simulated.result.skipped;
  details.why = why_of(simulated, details);
  return details;
}

std::vector<Field> options_of(const SimOptions& options) {
  return {{"allocation", name_in(kAllocations, options.allocation)},
          {"eviction", name_in(kEvictions, options.eviction)},
          {"keep", name_in(kKeeps, options.keep)},
          {"prefetch", options.prefetch},
          {"prefetch_depth", options.prefetch_depth},
          {"unrolled", !options.steady_state}};
}

std::string_view name_of(SimResourceKind kind) {
  constexpr std::array<Wording<SimResourceKind>, 6> kKinds{{{"core", SimResourceKind::kCore},
                                                            {"onchip read", SimResourceKind::kOnChipRead},
                                                            {"onchip write", SimResourceKind::kOnChipWrite},
                                                            {"dram read", SimResourceKind::kDramRead},
                                                            {"dram write", SimResourceKind::kDramWrite},
                                                            {"link", SimResourceKind::kLink}}};
  return name_in(kKinds, kind);
}

std::string_view name_of(Stall stall) {
  constexpr std::array<Wording<Stall>, kStallCount> kStalls{{{"load", Stall::kLoad},
                                                             {"slot", Stall::kSlot},
                                                             {"memory", Stall::kMemory},
                                                             {"dependence", Stall::kDependence},
                                                             {"onchip", Stall::kOnChip}}};
  return name_in(kStalls, stall);
}

}  // namespace fusescape
