// What does an evaluation tell: its fields, and the records of its groups and layers?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"

namespace fusescape {
namespace {

Hertz clock_of(const EvaluationReport& report) {
  return Hertz{magnitude(*report.figure("clock_hz"))};
}

/// The figure of that name, as people read it.
std::string shown(const EvaluationReport& report, std::string_view name) {
  return text(value_of(report.figure(name)));
}

/// Every figure of the metrics table, in its order, with the words among them, and energy.dram and so on, in
/// pJ.
void add_figures(const EvaluationReport& report, std::vector<Field>& fields) {
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    const std::string_view name = metrics()[i].name;
    if (metrics()[i].of_generation) continue;  // Fields of its own.
    fields.push_back({std::string{name}, value_of(report.figures[i])});
    for (std::size_t e = 0; name == "energy_pj" && e < report.energy.size(); ++e) {
      fields.push_back({fmt::format("energy.{}", kEnergyComponents[e].name), report.energy[e].pj});
    }
    if (name != "utilization") continue;
    const auto& outcome = report.outcome;
    fields.push_back({"bound", outcome ? Value{name_of(outcome->cost.total.bound)} : Value{}});
    fields.push_back({"feasible", report.feasible()});
  }
}

Record record_of(const HeadRun& head) {
  const GroupCost& total = head.cost.total;
  const bool priced = head.energy && head.energy->total;
  return {{"latency_cycles", head.cost.latency},
          {"compute_cycles", head.cost.compute},
          {"dram_bytes", total.dram_read + total.dram_write},
          {"peak_onchip_bytes", total.peak},
          {"ops", total.ops},
          {"energy_pj", priced ? Value{*head.energy->total} : Value{}},
          {"bound", name_of(total.bound)}};
}

Record whole_record(const EvaluationReport& report) {
  const auto whole = [&](auto get) { return report.whole ? Data{get(*report.whole)} : Data{}; };
  const auto seconds = [&](const WholeReport& w) { return duration(w.sums.latency, clock_of(report)); };
  return {{"latency_cycles", whole([](const WholeReport& w) { return w.sums.latency; })},
          {"latency_s", whole(seconds)},
          {"dram_bytes", whole([](const WholeReport& w) { return w.sums.dram(); })},
          {"ops", whole([](const WholeReport& w) { return w.sums.ops; })},
          {"energy_pj", whole([](const WholeReport& w) { return w.energy_pj; })},
          {"params", report.subject.params},
          {"ttft_ms", value_of(report.figure("ttft_ms"))},
          {"tpot_ms", value_of(report.figure("tpot_ms"))},
          {"head", whole([](const WholeReport& w) { return w.head ? Data{record_of(*w.head)} : Data{}; })},
          {"reason", report.feasible() && !report.whole ? Value{report.whole.error()} : Value{}}};
}

Record record_of(const GenerationReport& generation) {
  return {{"prompt", generation.prompt},
          {"generate", generation.tokens},
          {"ttft_ms", generation.ttft_ms},
          {"tpot_ms", generation.tpot_ms},
          {"total_ms", generation.total_ms},
          {"energy_pj", generation.energy_pj},
          {"lengths_evaluated", generation.lengths},
          {"total_ms_error_bound", generation.bound_ms},
          {"total_ms_error_bound_null",
           generation.why_no_bound.empty() ? Value{} : Value{generation.why_no_bound}}};
}

/// How far the sum over the steps may be off.
std::string bound_text(const GenerationReport& generation) {
  const std::int64_t steps = generation.tokens - 1;
  if (generation.lengths == steps) return "decode evaluated at every length of the cache";
  return fmt::format("decode evaluated at {} of {} lengths of the cache, straight lines between: {}",
                     generation.lengths, with_thousands(steps),
                     generation.bound_ms
                         ? fmt::format("within {} ms if no step is faster than one with a shorter cache",
                                       text(Value{*generation.bound_ms}))
                         : fmt::format("error bound n/a: {}", generation.why_no_bound));
}

/// Expects a generation that runs.
Findings findings_of(const GenerationReport& generation) {
  const std::string steps = generation.tpot_ms
                                ? fmt::format(" + {} x {} ms", with_thousands(generation.tokens - 1),
                                              text(Value{*generation.tpot_ms}))
                                : "";
  Findings found{{"", fmt::format("prompt of {} tokens, {} generated: {} ms = {} ms to the first token{}",
                                  with_thousands(generation.prompt), with_thousands(generation.tokens),
                                  text(generation.total_ms), text(generation.ttft_ms), steps)}};
  if (generation.has_caches && generation.tokens > 1) found.push_back({"", bound_text(generation)});
  return found;
}

/// Lines about the whole model.
void add_whole(const EvaluationReport& report, Lines& lines) {
  if (!report.whole) {
    lines.push_back({"model", fmt::format("does not run: {}", report.whole.error())});
    return;
  }
  lines.push_back(
      {"model", fmt::format("{} ms ({}), {} ms per token, {} tokens/s", shown(report, "latency_ms"),
                            report.subject.phase == "prefill" ? "time to first token" : "per output token",
                            shown(report, "latency_ms_per_token"), shown(report, "tokens_per_s"))});
  const std::optional<HeadRun>& head = report.whole->head;
  if (!head) return;
  lines.push_back({"", fmt::format("{} {}, then final norm and head: {} cycles, {}-bound, DRAM {} B",
                                   report.subject.n_layer, report.subject.is_stack ? "sub-blocks" : "blocks",
                                   text(head->cost.latency), name_of(head->cost.total.bound),
                                   text(head->cost.total.dram_read + head->cost.total.dram_write))});
}

Line silicon_line(const EvaluationReport& report) {
  return {"silicon", fmt::format("{} mm2, {} PEs", shown(report, "area_mm2"), shown(report, "pes"))};
}

Record record_of(const TensorReport& tensor) {
  const bool crosses = tensor.bytes_read + tensor.bytes_written > Bytes{0};
  return {{"name", tensor.name},
          {"bytes_read", tensor.bytes_read},
          {"bytes_written", tensor.bytes_written},
          {"residency", name_of(tensor.residency)},
          {"bits", tensor.bits},
          {"size_bytes", tensor.size},
          {"moved_as", crosses ? Value{name_of(tensor.crossing)} : Value{}}};
}

Record record_of(const GroupReport& group, Hertz clock) {
  Record record{{"name", group.name},
                {"ops", group.ops},
                {"loops", group.loops},
                {"latency_cycles", group.latency},
                {"compute_cycles", group.compute},
                {"dram_cycles", group.dram},
                {"onchip_cycles", group.onchip},
                {"dram_bytes", group.dram_read + group.dram_write},
                {"dram_read_bytes", group.dram_read},
                {"dram_write_bytes", group.dram_write},
                {"peak_onchip_bytes", group.peak},
                {"operations", group.operations},
                {"utilization", group.utilization},
                {"onchip_fill_bytes", group.onchip_fill},
                {"onchip_drain_bytes", group.onchip_drain},
                {"energy_pj", group.energy_pj},
                {"bound", name_of(group.bound)}};
  std::vector<Data> tensors;
  for (const TensorReport& tensor : group.tensors) tensors.emplace_back(record_of(tensor));
  record.push_back({"tensors", std::move(tensors)});
  add_measured(group, clock, record);
  return record;
}

std::vector<Record> group_records(const EvaluationReport& report) {
  std::vector<Record> groups;
  if (!report.outcome) return groups;
  for (const GroupReport& group : report.outcome->groups)
    groups.push_back(record_of(group, clock_of(report)));
  return groups;
}

/// "dram 12.3, onchip 1.2, ...", in mJ.
std::string components_text(const EvaluationReport& report) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < report.energy.size(); ++i) {
    const std::optional<double>& pj = report.energy[i].pj;
    parts.push_back(fmt::format("{} {}", kEnergyComponents[i].name,
                                text(pj ? Value{*pj * kMillijoulesPerPicojoule} : Value{})));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// A line per group, with its share of the block's cycles.
Table group_table(const EvaluationReport& report) {
  constexpr std::array kColumns{Shown{"name", "group"},
                                Shown{"latency_cycles", "cycles"},
                                Shown{"share", "share", ShownAs::kPercent},
                                Shown{"bound", "bound"},
                                Shown{"dram_bytes", "DRAM bytes"},
                                Shown{"peak_onchip_bytes", "peak bytes"},
                                Shown{"utilization", "PEs busy", ShownAs::kPercent}};
  const auto all = static_cast<double>(report.outcome->cost.latency.value());
  std::vector<Record> groups = group_records(report);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto cycles = static_cast<double>(report.outcome->groups[g].latency.value());
    groups[g].push_back({"share", all > 0 ? cycles / all : 0.0});
  }
  return shown_table(groups, kColumns);
}

/// Share of the whole model's cycles that `cycles` are.
std::optional<double> share_of(const EvaluationReport& report, Cycles cycles) {
  if (!report.whole || report.whole->sums.latency == Cycles{}) return std::nullopt;
  return static_cast<double>(cycles.value()) / static_cast<double>(report.whole->sums.latency.value());
}

/// One kind of layers of a stack: the fields that are of one block.
Record layer_record(const EvaluationReport& report, const EvaluationReport& layer) {
  const std::int64_t count = layer.subject.n_layer;
  Record record{{"kind", layer.subject.workload}, {"count", count}};
  record.push_back(
      {"share", layer.outcome ? share_of(report, count * layer.outcome->cost.latency) : std::nullopt});
  for (Member& member : record_of(fields_of(layer))) {
    const Metric* metric = find_metric(member.name);
    const bool is_of_model = (metric != nullptr && metric->of != MetricOf::kBlock) ||
                             member.name == "workload" || member.name == "n_layer";
    if (!is_of_model) record.push_back(std::move(member));
  }
  add_null_reasons(layer, record);
  record.push_back({"groups", group_records(layer)});
  return record;
}

/// A line for each kind of layers, and one for final norm and head.
Table layer_table(const EvaluationReport& report) {
  constexpr std::array kColumns{Shown{"kind", "sub-blocks"},
                                Shown{"count", "count"},
                                Shown{"strategy", "strategy"},
                                Shown{"latency_cycles", "cycles each"},
                                Shown{"share", "share of model", ShownAs::kPercent},
                                Shown{"bound", "bound"},
                                Shown{"dram_bytes", "DRAM bytes each"},
                                Shown{"peak_onchip_bytes", "peak bytes"}};
  std::vector<Record> records;
  for (const EvaluationReport& layer : report.layers) records.push_back(layer_record(report, layer));
  if (report.whole && report.whole->head) {
    const HeadRun& head = *report.whole->head;
    records.push_back({{"kind", "final norm, head"},
                       {"count", 1},
                       {"strategy", "unfused"},
                       {"share", share_of(report, head.cost.latency).value_or(0.0)}});
    append(records.back(), record_of(head));
  }
  return shown_table(records, kColumns);
}

/// Of a stack of several kinds of layers.
void add_stack(const EvaluationReport& report, std::vector<Section>& sections) {
  sections.emplace_back(Grid{.table = layer_table(report)});
  Lines lines;
  if (report.whole) {
    const WholeModel& sums = report.whole->sums;
    lines.push_back(
        {"whole", fmt::format("{} cycles, {} operations, DRAM {} B read, {} B written", text(sums.latency),
                              text(sums.ops), text(sums.dram_read), text(sums.dram_write))});
  }
  add_whole(report, lines);
  lines.push_back(silicon_line(report));
  const auto pj = report.whole ? report.whole->energy_pj : std::nullopt;
  lines.push_back(
      {"energy", pj ? fmt::format("{} mJ of the whole model", text(Value{*pj * kMillijoulesPerPicojoule}))
                    : fmt::format("n/a: {}", report.figure("energy_pj_per_token").error())});
  sections.emplace_back(std::move(lines));
}

void add_block(const EvaluationReport& report, std::vector<Section>& sections) {
  const EvaluationOutcome& outcome = *report.outcome;
  sections.emplace_back(Grid{.table = group_table(report)});
  if (outcome.groups.front().measured) sections.emplace_back(Grid{.table = measured_table(report)});
  Lines lines{{"block", fmt::format("{} cycles, {}-bound, PEs {:.1f}% busy, {} operations",
                                    shown(report, "latency_cycles"), name_of(outcome.cost.total.bound),
                                    100.0 * magnitude(*report.figure("utilization")), shown(report, "ops"))},
              {"", fmt::format("DRAM {} B read, {} B written; on chip {} of {} B",
                               shown(report, "dram_read_bytes"), shown(report, "dram_write_bytes"),
                               shown(report, "peak_onchip_bytes"), shown(report, "onchip_capacity_bytes"))}};
  add_whole(report, lines);
  lines.push_back(silicon_line(report));
  const MetricValue& energy = report.figure("energy_pj");
  lines.push_back(
      {"energy", energy ? fmt::format("{} per block, {} W", energy_text(energy), shown(report, "power_w"))
                        : fmt::format("n/a: {}", energy.error())});
  lines.push_back({"", fmt::format("in mJ: {}", components_text(report))});
  if (report.optimal) add_lines(*report.optimal, lines);
  sections.emplace_back(std::move(lines));
  if (report.optimal && !report.optimal->trades.empty()) {
    sections.emplace_back(Grid{.caption = "Plans that none beats in both latency and energy:",
                               .table = trade_off_table(*report.optimal)});
  }
}

/// All that JSON has.
Record whole_report(const EvaluationReport& report) {
  Record record = record_of(fields_of(report));
  // A phase has one of the two; `whole` has the figures of the whole model.
  std::erase_if(record, [&](const Member& member) {
    return (!report.generation &&
            member.name == (report.subject.phase == "prefill" ? "tpot_ms" : "ttft_ms")) ||
           member.name.starts_with("whole_");
  });
  add_null_reasons(report, record);
  record.push_back({"whole", whole_record(report)});
  if (report.generation) record.push_back({"generation", record_of(*report.generation)});
  if (report.optimal) record.push_back({"optimal", record_of(*report.optimal)});
  record.push_back({"assumptions", report.subject.assumptions});
  std::vector<Data> layers;
  for (const EvaluationReport& layer : report.layers) layers.emplace_back(layer_record(report, layer));
  if (!layers.empty()) record.push_back({"layers", std::move(layers)});
  record.push_back({"groups", group_records(report)});
  return record;
}

}  // namespace

void add_null_reasons(const EvaluationReport& report, Record& record) {
  Record energy;
  for (std::size_t i = 0; i < report.energy.size(); ++i) {
    if (!report.energy[i].pj)
      energy.push_back({std::string{kEnergyComponents[i].name}, report.energy[i].why});
  }
  Record figures;
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    const std::string_view name = metrics()[i].name;
    const bool is_shown = find_member(record, name) != nullptr && !metrics()[i].of_generation;
    if (!report.figures[i] && is_shown) figures.push_back({std::string{name}, report.figures[i].error()});
  }
  append(record, {{"energy_null", std::move(energy)}, {"metrics_null", std::move(figures)}});
}

std::vector<Field> fields_of(const EvaluationReport& report) {
  const Subject& subject = report.subject;
  std::vector<Field> fields{{"workload", subject.workload}, {"arch", subject.arch},
                            {"strategy", subject.strategy}, {"technology", subject.technology},
                            {"phase", subject.phase},       {"dtype", subject.dtype},
                            {"n_layer", subject.n_layer},   {"params", subject.params}};
  if (report.generation) {
    const GenerationReport& generation = *report.generation;
    fields.insert(fields.end(), {{"prompt", generation.prompt},
                                 {"generate", generation.tokens},
                                 {"generation_tpot_ms", generation.tpot_ms},
                                 {"generation_total_ms", generation.total_ms},
                                 {"generation_energy_pj", generation.energy_pj},
                                 {"generation_total_ms_error_bound", generation.bound_ms}});
  }
  if (!subject.entropy.empty()) fields.insert(fields.begin() + 3, {"entropy", subject.entropy});
  for (const auto& [name, extent] : subject.ranks) fields.push_back({fmt::format("ranks.{}", name), extent});
  add_figures(report, fields);
  if (subject.is_stack) {
    const WholeReport* whole = report.whole ? &*report.whole : nullptr;
    for (Field& field : whole_fields(whole == nullptr ? nullptr : &whole->sums,
                                     whole == nullptr ? std::nullopt : whole->energy_pj)) {
      fields.push_back(std::move(field));
    }
  }
  fields.insert(fields.end(), {{"model", subject.model},
                               {"provenance", "modelled"},
                               {"version", subject.version},
                               {"reason", report.feasible() ? Value{} : Value{report.reason}}});
  return fields;
}

std::string assumptions_text(const Subject& subject, const std::vector<std::string>& assumptions) {
  return fmt::format("modelled{}, assuming: {}", subject.model == "sim" ? " by simulation" : "",
                     fmt::join(assumptions, "; "));
}

Document document_of(const EvaluationReport& report) {
  const Subject& subject = report.subject;
  Document document{.title = fmt::format("{} on {}, {}", subject.workload, subject.arch, subject.strategy),
                    .subtitle = report.reason,
                    .sections = {},
                    .data = whole_report(report),
                    .rows = table_of({fields_of(report)})};
  if (!report.feasible()) return document;
  document.subtitle.clear();
  if (report.generation) {
    document.sections.emplace_back(findings_of(*report.generation));
    document.sections.emplace_back(Paragraph{"Below, the prompt alone:"});
  }
  report.outcome ? add_block(report, document.sections) : add_stack(report, document.sections);
  document.sections.emplace_back(Paragraph{assumptions_text(subject, subject.assumptions)});
  return document;
}

}  // namespace fusescape
