// How does a simulation look as JSON, CSV and text?
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fusescape/report/figures.hpp"
#include "fusescape/report/simulation.hpp"
#include "json_value.hpp"

namespace fusescape {
namespace {

Bytes sum_of(const SimulationDetails& details, Bytes SimTensorReport::*part) {
  Bytes all;
  for (const SimTensorReport& tensor : details.tensors) all += tensor.*part;
  return all;
}

Cycles stalled(const SimulationDetails& details, std::size_t cause) {
  Cycles all;
  for (const ResourceReport& resource : details.resources) all += resource.stall[cause];
  return all;
}

/// What an evaluation does not have. The same names whether there is a result or not.
std::vector<Field> fields_beside(const SimulationReport& report) {
  std::vector<Field> fields = report.options;
  const auto add = [&](std::string name, auto get) {
    fields.push_back({std::move(name), report.details ? Value{get(*report.details)} : Value{}});
  };
  using Details = SimulationDetails;
  add("closed_fits", [](const Details& d) { return d.fits; });
  add("closed_latency_cycles", [](const Details& d) { return d.closed_latency.value(); });
  add("difference_percent", [](const Details& d) { return d.difference_percent(); });
  add("closed_dram_bytes",
      [](const Details& d) { return (d.closed_dram_read + d.closed_dram_write).value(); });
  add("closed_peak_onchip_bytes", [](const Details& d) { return d.closed_peak.value(); });
  add("evicted_bytes", [](const Details& d) { return sum_of(d, &SimTensorReport::evicted).value(); });
  add("reloaded_bytes", [](const Details& d) { return sum_of(d, &SimTensorReport::reloaded).value(); });
  for (std::size_t cause = 0; cause < kStallCount; ++cause) {
    add(fmt::format("stall_{}_cycles", name_of(static_cast<Stall>(cause))),
        [&](const Details& d) { return stalled(d, cause).value(); });
  }
  add("events", [](const Details& d) { return d.events; });
  add("skipped_periods", [](const Details& d) { return d.skipped; });
  add("why", [](const Details& d) { return d.why; });
  return fields;
}

nlohmann::ordered_json resource_json(const ResourceReport& resource) {
  nlohmann::ordered_json stalls = nlohmann::ordered_json::object();
  for (std::size_t cause = 0; cause < kStallCount; ++cause) {
    stalls[std::string{name_of(static_cast<Stall>(cause))}] = resource.stall[cause].value();
  }
  nlohmann::ordered_json object{{"name", resource.name},
                                {"kind", name_of(resource.kind)},
                                {"busy_cycles", resource.busy.value()},
                                {"utilization", resource.utilization}};
  if (resource.kind == SimResourceKind::kCore) {
    object["stall_cycles"] = std::move(stalls);
  } else {
    object["bytes"] = resource.bytes.value();
  }
  return object;
}

nlohmann::ordered_json tensor_json(const SimTensorReport& tensor) {
  return {{"group", tensor.group},
          {"name", tensor.name},
          {"bytes_read", tensor.read.value()},
          {"bytes_written", tensor.written.value()},
          {"bytes_reloaded", tensor.reloaded.value()},
          {"bytes_evicted", tensor.evicted.value()},
          {"closed_bytes_read", tensor.closed_read.value()},
          {"closed_bytes_written", tensor.closed_written.value()}};
}

/// Adds what the simulation knows to a group of evaluation_json.
void extend_group(const SimGroupReport& group, nlohmann::ordered_json& object) {
  object["start_cycle"] = group.start.value();
  object["end_cycle"] = group.end.value();
  object["busy_cycles"] = group.compute.value();
  object["prefetch_depth"] = group.prefetch_depth;
  object["closed_latency_cycles"] = group.closed_latency.value();
  object["closed_dram_bytes"] = (group.closed_dram_read + group.closed_dram_write).value();
  object["closed_peak_onchip_bytes"] = group.closed_peak.value();
}

std::string percent_text(double share) {
  constexpr double kPercent = 100.0;
  return fmt::format("{:5.1f}%", kPercent * share);
}

Table group_table(const SimulationDetails& details) {
  Table table{
      .columns = {"group", "from", "cycles", "closed", "DRAM bytes", "closed", "peak bytes", "closed"},
      .rows = {}};
  for (const SimGroupReport& group : details.groups) {
    table.rows.push_back({group.name, group.start.value(), (group.end - group.start).value(),
                          group.closed_latency.value(), (group.dram_read + group.dram_write).value(),
                          (group.closed_dram_read + group.closed_dram_write).value(), group.peak.value(),
                          group.closed_peak.value()});
  }
  return table;
}

/// A core that was given nothing.
bool is_idle(const ResourceReport& core) {
  const bool waited =
      std::any_of(core.stall.begin(), core.stall.end(), [](Cycles c) { return c > Cycles{}; });
  return core.busy == Cycles{} && !waited;
}

/// Cores that run something: how long they wait, by cause.
Table core_table(const SimulationDetails& details) {
  Table table{.columns = {"core", "busy cycles", "of run"}, .rows = {}};
  for (std::size_t cause = 0; cause < kStallCount; ++cause) {
    table.columns.push_back(fmt::format("waits: {}", name_of(static_cast<Stall>(cause))));
  }
  for (const ResourceReport& resource : details.resources) {
    if (resource.kind != SimResourceKind::kCore || is_idle(resource)) continue;
    std::vector<Value>& row = table.rows.emplace_back();
    row = {resource.name, resource.busy.value(), percent_text(resource.utilization)};
    for (const Cycles stall : resource.stall) row.emplace_back(stall.value());
  }
  return table;
}

/// Ports and links: what they move.
Table port_table(const SimulationDetails& details) {
  Table table{.columns = {"port or link", "busy cycles", "of run", "bytes"}, .rows = {}};
  for (const ResourceReport& resource : details.resources) {
    if (resource.kind == SimResourceKind::kCore) continue;
    table.rows.push_back(
        {resource.name, resource.busy.value(), percent_text(resource.utilization), resource.bytes.value()});
  }
  return table;
}

std::string differing_tensors(const SimulationDetails& details, TextStyle style) {
  Table table{.columns = {"tensor", "in group", "read", "closed", "written", "closed"}, .rows = {}};
  for (const SimTensorReport& tensor : details.tensors) {
    if (!tensor.differs()) continue;
    table.rows.push_back({tensor.name, tensor.group, tensor.read.value(), tensor.closed_read.value(),
                          tensor.written.value(), tensor.closed_written.value()});
  }
  if (table.rows.empty()) return "DRAM    every tensor moves the bytes of the closed form\n";
  return fmt::format("\nDRAM bytes that differ from the closed form\n{}\n", text(table, style));
}

std::string totals_text(const EvaluationReport& report, const SimulationDetails& details) {
  const auto shown = [&](std::string_view name) { return text(value_of(report.figure(name))); };
  const std::string beside =
      details.fits ? "closed form" : "closed form, had it the memory that this plan takes:";
  std::string out =
      fmt::format("block   {} cycles; {} {} ({:+.2f}%)\n", with_thousands(details.latency.value()), beside,
                  with_thousands(details.closed_latency.value()), details.difference_percent());
  out += fmt::format("why     {}\n", details.why);
  out +=
      fmt::format("        {}-bound, PEs {:.1f}% busy; DRAM {} B read, {} B written\n",
                  name_of(report.outcome->cost.total.bound), 100.0 * magnitude(*report.figure("utilization")),
                  shown("dram_read_bytes"), shown("dram_write_bytes"));
  return out;
}

std::string idle_text(const SimulationDetails& details) {
  const auto idle = std::count_if(
      details.resources.begin(), details.resources.end(),
      [](const auto& resource) { return resource.kind == SimResourceKind::kCore && is_idle(resource); });
  return idle == 0 ? "" : fmt::format("idle    {} cores run nothing\n", idle);
}

std::string effort_text(const SimulationDetails& details) {
  std::string out = fmt::format("effort  {} tiles and transfers one by one", with_thousands(details.events));
  if (details.skipped > 0) {
    out += fmt::format("; {} periods that repeat exactly were skipped (--unroll runs them)",
                       with_thousands(details.skipped));
  }
  return out + "\n";
}

}  // namespace

std::string simulation_json(const SimulationReport& report) {
  nlohmann::ordered_json object = nlohmann::ordered_json::parse(evaluation_json(report.evaluation));
  for (const Field& field : fields_beside(report)) object[field.name] = json_value(field.value);
  for (const char* list : {"resources", "tensors"}) object[list] = nlohmann::ordered_json::array();
  if (report.details) {
    for (const ResourceReport& resource : report.details->resources) {
      object["resources"].push_back(resource_json(resource));
    }
    for (const SimTensorReport& tensor : report.details->tensors)
      object["tensors"].push_back(tensor_json(tensor));
    for (std::size_t g = 0; g < report.details->groups.size(); ++g) {
      extend_group(report.details->groups[g], object["groups"][g]);
    }
  }
  return json_text(object, 2) + "\n";
}

Table simulation_table(const SimulationReport& report) {
  std::vector<Field> row = fields_of(report.evaluation);
  for (Field& field : fields_beside(report)) row.push_back(std::move(field));
  return table_of({row});
}

std::string simulation_text(const SimulationReport& report, TextStyle style) {
  const Subject& subject = report.evaluation.subject;
  std::string out =
      bold(fmt::format("{} on {}, {}, simulated", subject.workload, subject.arch, subject.strategy), style) +
      "\n";
  if (!report.details || !report.evaluation.outcome) return out + report.evaluation.reason + "\n";
  const SimulationDetails& details = *report.details;
  std::vector<std::string> options;
  for (const Field& option : report.options)
    options.push_back(fmt::format("{} {}", option.name, text(option.value)));
  out += fmt::format("\n{}\n{}\n{}\n", text(group_table(details), style), text(core_table(details), style),
                     text(port_table(details), style));
  out += totals_text(report.evaluation, details);
  out += idle_text(details);
  out += differing_tensors(details, style);
  out += fmt::format("memory  {} of {} B at the peak; closed form {}\n",
                     text(value_of(report.evaluation.figure("peak_onchip_bytes"))),
                     text(value_of(report.evaluation.figure("onchip_capacity_bytes"))),
                     with_thousands(details.closed_peak.value()));
  out += effort_text(details);
  return out + fmt::format("\nmodelled by simulation ({}), assuming: {}\n", fmt::join(options, ", "),
                           fmt::join(subject.assumptions, "; "));
}

}  // namespace fusescape
