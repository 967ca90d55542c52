// What does a simulation tell beside what an evaluation does?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>

#include "fusescape/report/figures.hpp"
#include "fusescape/report/simulation.hpp"

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
  add("closed_latency_cycles", [](const Details& d) { return d.closed_latency; });
  add("difference_percent", [](const Details& d) { return d.difference_percent(); });
  add("closed_dram_bytes", [](const Details& d) { return d.closed_dram_read + d.closed_dram_write; });
  add("closed_peak_onchip_bytes", [](const Details& d) { return d.closed_peak; });
  add("evicted_bytes", [](const Details& d) { return sum_of(d, &SimTensorReport::evicted); });
  add("reloaded_bytes", [](const Details& d) { return sum_of(d, &SimTensorReport::reloaded); });
  for (std::size_t cause = 0; cause < kStallCount; ++cause) {
    add(fmt::format("stall_{}_cycles", name_of(static_cast<Stall>(cause))),
        [&](const Details& d) { return stalled(d, cause); });
  }
  add("events", [](const Details& d) { return d.events; });
  add("skipped_periods", [](const Details& d) { return d.skipped; });
  add("why", [](const Details& d) { return d.why; });
  return fields;
}

Record record_of(const ResourceReport& resource) {
  Record record{{"name", resource.name},
                {"kind", name_of(resource.kind)},
                {"busy_cycles", resource.busy},
                {"utilization", resource.utilization}};
  if (resource.kind != SimResourceKind::kCore) {
    record.push_back({"bytes", resource.bytes});
    return record;
  }
  Record stalls;
  for (std::size_t cause = 0; cause < kStallCount; ++cause) {
    stalls.push_back({std::string{name_of(static_cast<Stall>(cause))}, resource.stall[cause]});
  }
  record.push_back({"stall_cycles", std::move(stalls)});
  return record;
}

Record record_of(const SimTensorReport& tensor) {
  return {{"group", tensor.group},
          {"name", tensor.name},
          {"bytes_read", tensor.read},
          {"bytes_written", tensor.written},
          {"bytes_reloaded", tensor.reloaded},
          {"bytes_evicted", tensor.evicted},
          {"closed_bytes_read", tensor.closed_read},
          {"closed_bytes_written", tensor.closed_written}};
}

/// What a group of an evaluation does not have.
Record record_of(const SimGroupReport& group) {
  return {{"start_cycle", group.start},
          {"end_cycle", group.end},
          {"busy_cycles", group.compute},
          {"prefetch_depth", group.prefetch_depth},
          {"closed_latency_cycles", group.closed_latency},
          {"closed_dram_bytes", group.closed_dram_read + group.closed_dram_write},
          {"closed_peak_onchip_bytes", group.closed_peak}};
}

/// Records of those that `wanted` wants.
template <class Part, class Wanted>
std::vector<Record> records_of(const std::vector<Part>& parts, const Wanted& wanted) {
  std::vector<Record> records;
  for (const Part& part : parts) {
    if (wanted(part)) records.push_back(record_of(part));
  }
  return records;
}

template <class Part>
std::vector<Record> records_of(const std::vector<Part>& parts) {
  return records_of(parts, [](const Part&) { return true; });
}

Table group_table(const SimulationDetails& details) {
  constexpr std::array kColumns{Shown{"name", "group"},
                                Shown{"start_cycle", "from"},
                                Shown{"cycles", "cycles"},
                                Shown{"closed_latency_cycles", "closed"},
                                Shown{"dram_bytes", "DRAM bytes"},
                                Shown{"closed_dram_bytes", "closed"},
                                Shown{"peak", "peak bytes"},
                                Shown{"closed_peak_onchip_bytes", "closed"}};
  std::vector<Record> records = records_of(details.groups);
  for (std::size_t g = 0; g < records.size(); ++g) {
    const SimGroupReport& group = details.groups[g];
    append(records[g], {{"name", group.name},
                        {"cycles", group.end - group.start},
                        {"dram_bytes", group.dram_read + group.dram_write},
                        {"peak", group.peak}});
  }
  return shown_table(records, kColumns);
}

/// A core that was given nothing.
bool is_idle(const ResourceReport& core) {
  const bool waited =
      std::any_of(core.stall.begin(), core.stall.end(), [](Cycles c) { return c > Cycles{}; });
  return core.busy == Cycles{} && !waited;
}

bool is_core(const ResourceReport& resource) {
  return resource.kind == SimResourceKind::kCore;
}

/// Cores that run something: how long they wait, by cause.
Table core_table(const SimulationDetails& details) {
  std::vector<std::string> titles;
  std::vector<std::string> paths;
  for (std::size_t cause = 0; cause < kStallCount; ++cause) {
    const std::string_view name = name_of(static_cast<Stall>(cause));
    titles.push_back(fmt::format("waits: {}", name));
    paths.push_back(fmt::format("stall_cycles.{}", name));
  }
  std::vector<Shown> columns{
      {"name", "core"}, {"busy_cycles", "busy cycles"}, {"utilization", "of run", ShownAs::kPercent}};
  for (std::size_t cause = 0; cause < kStallCount; ++cause) columns.push_back({paths[cause], titles[cause]});
  const auto works = [](const ResourceReport& resource) { return is_core(resource) && !is_idle(resource); };
  return shown_table(records_of(details.resources, works), columns);
}

/// Ports and links: what they move.
Table port_table(const SimulationDetails& details) {
  constexpr std::array kColumns{Shown{"name", "port or link"}, Shown{"busy_cycles", "busy cycles"},
                                Shown{"utilization", "of run", ShownAs::kPercent}, Shown{"bytes", "bytes"}};
  return shown_table(records_of(details.resources, std::not_fn(is_core)), kColumns);
}

/// Tensors that move other bytes than in the closed form.
Table differing_table(const SimulationDetails& details) {
  constexpr std::array kColumns{Shown{"name", "tensor"},           Shown{"group", "in group"},
                                Shown{"bytes_read", "read"},       Shown{"closed_bytes_read", "closed"},
                                Shown{"bytes_written", "written"}, Shown{"closed_bytes_written", "closed"}};
  return shown_table(records_of(details.tensors, std::mem_fn(&SimTensorReport::differs)), kColumns);
}

/// Of the whole block; the tensors that differ are told between these lines and those of memory and effort.
Lines totals(const EvaluationReport& report, const SimulationDetails& details) {
  const auto shown = [&](std::string_view name) { return text(value_of(report.figure(name))); };
  const std::string beside =
      details.fits ? "closed form" : "closed form, had it the memory that this plan takes:";
  Lines lines{{"block", fmt::format("{} cycles; {} {} ({:+.2f}%)", text(details.latency), beside,
                                    text(details.closed_latency), details.difference_percent())},
              {"why", details.why},
              {"bound", fmt::format("{}, PEs {:.1f}% busy; DRAM {} B read, {} B written",
                                    name_of(report.outcome->cost.total.bound),
                                    100.0 * magnitude(*report.figure("utilization")),
                                    shown("dram_read_bytes"), shown("dram_write_bytes"))}};
  const auto idle =
      std::count_if(details.resources.begin(), details.resources.end(),
                    [](const auto& resource) { return is_core(resource) && is_idle(resource); });
  if (idle > 0) lines.push_back({"idle", fmt::format("{} cores run nothing", idle)});
  return lines;
}

Lines memory_and_effort(const EvaluationReport& report, const SimulationDetails& details) {
  const std::string skipped =
      details.skipped == 0 ? ""
                           : fmt::format("; {} periods that repeat exactly were skipped (--unroll runs them)",
                                         with_thousands(details.skipped));
  return {{"memory",
           fmt::format("{} of {} B at the peak; closed form {}",
                       text(value_of(report.figure("peak_onchip_bytes"))),
                       text(value_of(report.figure("onchip_capacity_bytes"))), text(details.closed_peak))},
          {"effort",
           fmt::format("{} tiles and transfers one by one{}", with_thousands(details.events), skipped)}};
}

void add_tables(const EvaluationReport& report, const SimulationDetails& details,
                std::vector<Section>& sections) {
  for (Table& table : std::array{group_table(details), core_table(details), port_table(details)}) {
    sections.emplace_back(Grid{.table = std::move(table)});
  }
  Lines lines = totals(report, details);
  Lines rest = memory_and_effort(report, details);
  if (Table differing = differing_table(details); differing.rows.empty()) {
    lines.push_back({"DRAM", "every tensor moves the bytes of the closed form"});
    lines.insert(lines.end(), rest.begin(), rest.end());
    sections.emplace_back(std::move(lines));
  } else {
    sections.emplace_back(std::move(lines));
    sections.emplace_back(
        Grid{.caption = "DRAM bytes that differ from the closed form", .table = std::move(differing)});
    sections.emplace_back(std::move(rest));
  }
}

/// Adds what the simulation knows to the record of an evaluation.
void extend(Record& record, const SimulationReport& report) {
  append(record, record_of(fields_beside(report)));
  const SimulationDetails none;
  const SimulationDetails& details = report.details ? *report.details : none;
  append(record, {{"resources", records_of(details.resources)}, {"tensors", records_of(details.tensors)}});
  auto& groups = std::get<std::vector<Data>>(find_member(record, "groups")->content);
  for (std::size_t g = 0; g < details.groups.size(); ++g) {
    append(std::get<Record>(groups[g].content), record_of(details.groups[g]));
  }
}

}  // namespace

Document document_of(const SimulationReport& report) {
  const EvaluationReport& evaluation = report.evaluation;
  Document document = document_of(evaluation);
  document.title += ", simulated";
  document.sections.clear();
  extend(std::get<Record>(document.data.content), report);
  std::vector<Field> row = fields_of(evaluation);
  for (Field& field : fields_beside(report)) row.push_back(std::move(field));
  document.rows = table_of({row});
  if (!report.details || !evaluation.outcome) return document;
  add_tables(evaluation, *report.details, document.sections);
  std::vector<std::string> options;
  for (const Field& option : report.options)
    options.push_back(fmt::format("{} {}", option.name, text(option.value)));
  document.sections.emplace_back(
      Paragraph{fmt::format("modelled by simulation ({}), assuming: {}", fmt::join(options, ", "),
                            fmt::join(evaluation.subject.assumptions, "; "))});
  return document;
}

}  // namespace fusescape
