// How do the fields of an evaluation look as JSON, CSV and text?
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
#include "json_value.hpp"
#include "measured.hpp"
#include "null_reasons.hpp"
#include "optimal_json.hpp"

namespace fusescape {
namespace {

using Json = nlohmann::ordered_json;

Value optional_value(std::optional<double> number) {
  return number ? Value{*number} : Value{};
}

Hertz clock_of(const EvaluationReport& report) {
  return Hertz{magnitude(*report.figure("clock_hz"))};
}

Value params_value(const Subject& subject) {
  return subject.params ? Value{*subject.params} : Value{};
}

/// energy.dram and so on, in pJ.
void add_energy(const EvaluationReport& report, std::vector<Field>& fields) {
  for (std::size_t i = 0; i < report.energy.size(); ++i) {
    const std::optional<double>& pj = report.energy[i].pj;
    fields.push_back({fmt::format("energy.{}", kEnergyComponents[i].name), pj ? Value{*pj} : Value{}});
  }
}

/// Every figure of the metrics table, in its order, with the words among them.
void add_figures(const EvaluationReport& report, std::vector<Field>& fields) {
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    const std::string_view name = metrics()[i].name;
    if (metrics()[i].of_generation) continue;  // Fields of its own.
    fields.push_back({std::string{name}, value_of(report.figures[i])});
    if (name == "energy_pj") add_energy(report, fields);
    if (name != "utilization") continue;
    const auto& outcome = report.outcome;
    fields.push_back({"bound", outcome ? Value{std::string{name_of(outcome->cost.total.bound)}} : Value{}});
    fields.push_back({"feasible", report.feasible()});
  }
}

Json head_json(const HeadReport& head) {
  return {{"latency_cycles", head.latency.value()},
          {"compute_cycles", head.compute.value()},
          {"dram_bytes", head.dram.value()},
          {"peak_onchip_bytes", head.peak.value()},
          {"ops", head.ops.value()},
          {"energy_pj", json_value(optional_value(head.energy_pj))},
          {"bound", name_of(head.bound)}};
}

Json whole_json(const EvaluationReport& report) {
  const auto figure = [&](std::string_view name) { return json_value(value_of(report.figure(name))); };
  const auto whole = [&](auto get) { return report.whole ? Json(get(*report.whole)) : Json(nullptr); };
  return {{"latency_cycles", whole([](const WholeReport& w) { return w.sums.latency.value(); })},
          {"latency_s",
           whole([&](const WholeReport& w) { return duration(w.sums.latency, clock_of(report)).value(); })},
          {"dram_bytes", whole([](const WholeReport& w) { return w.sums.dram().value(); })},
          {"ops", whole([](const WholeReport& w) { return w.sums.ops.value(); })},
          {"energy_pj",
           whole([](const WholeReport& w) { return w.energy_pj ? Json(*w.energy_pj) : Json(nullptr); })},
          {"params", json_value(params_value(report.subject))},
          {"ttft_ms", figure("ttft_ms")},
          {"tpot_ms", figure("tpot_ms")},
          {"head", whole([](const WholeReport& w) { return w.head ? head_json(*w.head) : Json(nullptr); })},
          {"reason", report.feasible() && !report.whole ? Json(report.whole.error()) : Json(nullptr)}};
}

Json generation_json(const GenerationReport& generation) {
  const auto known = [](std::optional<double> number) { return json_value(optional_value(number)); };
  return {{"prompt", generation.prompt},
          {"generate", generation.tokens},
          {"ttft_ms", known(generation.ttft_ms)},
          {"tpot_ms", known(generation.tpot_ms)},
          {"total_ms", known(generation.total_ms)},
          {"energy_pj", known(generation.energy_pj)},
          {"lengths_evaluated", generation.lengths},
          {"total_ms_error_bound", known(generation.bound_ms)},
          {"total_ms_error_bound_null",
           generation.why_no_bound.empty() ? Json(nullptr) : Json(generation.why_no_bound)}};
}

/// How far the sum over the steps may be off.
std::string bound_text(const GenerationReport& generation) {
  const std::int64_t steps = generation.tokens - 1;
  if (!generation.has_caches || steps == 0) return "";
  if (generation.lengths == steps) return "decode evaluated at every length of the cache\n";
  return fmt::format("decode evaluated at {} of {} lengths of the cache, straight lines between: {}\n",
                     generation.lengths, with_thousands(steps),
                     generation.bound_ms
                         ? fmt::format("within {} ms if no step is faster than one with a shorter cache",
                                       text(Value{*generation.bound_ms}))
                         : fmt::format("error bound n/a: {}", generation.why_no_bound));
}

/// Expects a generation that runs.
std::string generation_text(const GenerationReport& generation) {
  const std::string steps = generation.tpot_ms
                                ? fmt::format(" + {} x {} ms", with_thousands(generation.tokens - 1),
                                              text(Value{*generation.tpot_ms}))
                                : "";
  return fmt::format(
      "\nprompt of {} tokens, {} generated: {} ms = {} ms to the first token{}\n{}"
      "Below, the prompt alone:\n",
      with_thousands(generation.prompt), with_thousands(generation.tokens),
      text(optional_value(generation.total_ms)), text(optional_value(generation.ttft_ms)), steps,
      bound_text(generation));
}

/// The line about the whole model.
std::string whole_text(const EvaluationReport& report) {
  if (!report.whole) return fmt::format("model   does not run: {}\n", report.whole.error());
  const auto shown = [&](std::string_view name) { return text(value_of(report.figure(name))); };
  std::string line =
      fmt::format("model   {} ms ({}), {} ms per token, {} tokens/s\n", shown("latency_ms"),
                  report.subject.phase == "prefill" ? "time to first token" : "per output token",
                  shown("latency_ms_per_token"), shown("tokens_per_s"));
  const std::optional<HeadReport>& head = report.whole->head;
  if (!head) return line;
  return line + fmt::format("        {} {}, then final norm and head: {} cycles, {}-bound, DRAM {} B\n",
                            report.subject.n_layer, report.subject.is_stack ? "sub-blocks" : "blocks",
                            with_thousands(head->latency.value()), name_of(head->bound),
                            with_thousands(head->dram.value()));
}

nlohmann::ordered_json tree_json(const TreeReport& tree) {
  nlohmann::ordered_json node;
  switch (tree.kind) {
    case NodeKind::kSequence:
      node["kind"] = "sequence";
      break;
    case NodeKind::kChain:
      node["kind"] = "chain";
      break;
    case NodeKind::kLoop:
      node["kind"] = "loop";
      node["rank"] = tree.rank;
      node["tile"] = tree.tile;
      node["trips"] = tree.trips;
      break;
    case NodeKind::kOperator:
      node["kind"] = "operator";
      node["op"] = tree.op;
      return node;
  }
  node["children"] = nlohmann::ordered_json::array();
  for (const TreeReport& child : tree.children) node["children"].push_back(tree_json(child));
  return node;
}

nlohmann::ordered_json group_json(const GroupReport& group, Hertz clock) {
  nlohmann::ordered_json object{{"name", group.name},
                                {"ops", group.ops},
                                {"loops", tree_json(group.tree)},
                                {"latency_cycles", group.latency.value()},
                                {"compute_cycles", group.compute.value()},
                                {"dram_cycles", group.dram.value()},
                                {"onchip_cycles", group.onchip.value()},
                                {"dram_bytes", (group.dram_read + group.dram_write).value()},
                                {"dram_read_bytes", group.dram_read.value()},
                                {"dram_write_bytes", group.dram_write.value()},
                                {"peak_onchip_bytes", group.peak.value()},
                                {"operations", group.operations.value()},
                                {"utilization", group.utilization},
                                {"onchip_fill_bytes", group.onchip_fill.value()},
                                {"onchip_drain_bytes", group.onchip_drain.value()},
                                {"energy_pj", group.energy_pj ? nlohmann::ordered_json(*group.energy_pj)
                                                              : nlohmann::ordered_json(nullptr)},
                                {"bound", name_of(group.bound)},
                                {"tensors", nlohmann::ordered_json::array()}};
  for (const TensorReport& tensor : group.tensors) {
    const bool crosses = tensor.bytes_read + tensor.bytes_written > Bytes{0};
    object["tensors"].push_back({{"name", tensor.name},
                                 {"bytes_read", tensor.bytes_read.value()},
                                 {"bytes_written", tensor.bytes_written.value()},
                                 {"residency", name_of(tensor.residency)},
                                 {"bits", tensor.bits},
                                 {"size_bytes", tensor.size.value()},
                                 {"moved_as", crosses ? Json(name_of(tensor.crossing)) : Json(nullptr)}});
  }
  add_measured(group, clock, object);
  return object;
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

Table group_table(const EvaluationOutcome& outcome) {
  Table table{.columns = {"group", "cycles", "share", "bound", "DRAM bytes", "peak bytes", "PEs busy"},
              .rows = {}};
  const auto all = static_cast<double>(outcome.cost.latency.value());
  for (const GroupReport& group : outcome.groups) {
    const double share = all > 0 ? 100.0 * static_cast<double>(group.latency.value()) / all : 0.0;
    table.rows.push_back({group.name, group.latency.value(), fmt::format("{:5.1f}%", share),
                          std::string{name_of(group.bound)}, (group.dram_read + group.dram_write).value(),
                          group.peak.value(), fmt::format("{:5.1f}%", 100.0 * group.utilization)});
  }
  return table;
}

/// Share of the whole model's cycles that all layers of a kind take.
std::optional<double> share_of(const EvaluationReport& report, const EvaluationReport& layer) {
  const bool known = report.whole && layer.outcome && report.whole->sums.latency > Cycles{};
  if (!known) return std::nullopt;
  const Cycles all = layer.subject.n_layer * layer.outcome->cost.latency;
  return static_cast<double>(all.value()) / static_cast<double>(report.whole->sums.latency.value());
}

/// One kind of layers of a stack: the fields that are of one block.
Json layer_json(const EvaluationReport& report, const EvaluationReport& layer) {
  Json object{{"kind", layer.subject.workload},
              {"count", layer.subject.n_layer},
              {"share", json_value(optional_value(share_of(report, layer)))}};
  Json fields = json_object(fields_of(layer));
  for (const auto& [name, value] : fields.items()) {
    const Metric* metric = find_metric(name);
    const bool is_of_model =
        (metric != nullptr && metric->of != MetricOf::kBlock) || name == "workload" || name == "n_layer";
    if (!is_of_model) object[name] = value;
  }
  add_null_reasons(layer, object);
  object["groups"] = Json::array();
  if (layer.outcome) {
    for (const GroupReport& group : layer.outcome->groups)
      object["groups"].push_back(group_json(group, clock_of(layer)));
  }
  return object;
}

std::string percent_of(std::optional<double> share) {
  constexpr double kPercent = 100.0;
  return share ? fmt::format("{:5.1f}%", kPercent * *share) : "n/a";
}

/// A line for each kind of layers, and one for final norm and head.
Table layer_table(const EvaluationReport& report) {
  Table table{.columns = {"sub-blocks", "count", "strategy", "cycles each", "share of model", "bound",
                          "DRAM bytes each", "peak bytes"},
              .rows = {}};
  for (const EvaluationReport& layer : report.layers) {
    const EvaluationOutcome& outcome = *layer.outcome;
    table.rows.push_back({layer.subject.workload, layer.subject.n_layer, layer.subject.strategy,
                          outcome.cost.latency.value(), percent_of(share_of(report, layer)),
                          std::string{name_of(outcome.cost.total.bound)},
                          (outcome.cost.total.dram_read + outcome.cost.total.dram_write).value(),
                          outcome.cost.total.peak.value()});
  }
  if (!report.whole || !report.whole->head) return table;
  const HeadReport& head = *report.whole->head;
  const auto all = static_cast<double>(report.whole->sums.latency.value());
  const double share = all > 0 ? static_cast<double>(head.latency.value()) / all : 0.0;
  table.rows.push_back({std::string{"final norm, head"}, std::int64_t{1}, std::string{"unfused"},
                        head.latency.value(), percent_of(share), std::string{name_of(head.bound)},
                        head.dram.value(), head.peak.value()});
  return table;
}

/// Of a stack of several kinds of layers.
std::string stack_text(const EvaluationReport& report, TextStyle style) {
  const auto shown = [&](std::string_view name) { return text(value_of(report.figure(name))); };
  std::string out = fmt::format("\n{}\n", text(layer_table(report), style));
  if (report.whole) {
    const WholeModel& sums = report.whole->sums;
    out += fmt::format("whole   {} cycles, {} operations, DRAM {} B read, {} B written\n",
                       with_thousands(sums.latency.value()), with_thousands(sums.ops.value()),
                       with_thousands(sums.dram_read.value()), with_thousands(sums.dram_write.value()));
  }
  out += whole_text(report);
  out += fmt::format("silicon {} mm2, {} PEs\n", shown("area_mm2"), shown("pes"));
  const auto pj = report.whole ? report.whole->energy_pj : std::nullopt;
  out += pj ? fmt::format("energy  {} mJ of the whole model\n", text(Value{*pj * kMillijoulesPerPicojoule}))
            : fmt::format("energy  n/a: {}\n", report.figure("energy_pj_per_token").error());
  return out + fmt::format("\nmodelled{}, assuming: {}\n",
                           report.subject.model == "sim" ? " by simulation" : "",
                           fmt::join(report.subject.assumptions, "; "));
}

}  // namespace

void add_null_reasons(const EvaluationReport& report, nlohmann::ordered_json& object) {
  Json energy = Json::object();
  for (std::size_t i = 0; i < report.energy.size(); ++i) {
    if (!report.energy[i].pj) energy[std::string{kEnergyComponents[i].name}] = report.energy[i].why;
  }
  Json figures = Json::object();
  for (std::size_t i = 0; i < metrics().size(); ++i) {
    const std::string name{metrics()[i].name};
    const bool is_shown = object.contains(name) && !metrics()[i].of_generation;
    if (!report.figures[i] && is_shown) figures[name] = report.figures[i].error();
  }
  object["energy_null"] = std::move(energy);
  object["metrics_null"] = std::move(figures);
}

std::vector<Field> fields_of(const EvaluationReport& report) {
  const Subject& subject = report.subject;
  std::vector<Field> fields{{"workload", subject.workload}, {"arch", subject.arch},
                            {"strategy", subject.strategy}, {"technology", subject.technology},
                            {"phase", subject.phase},       {"dtype", subject.dtype},
                            {"n_layer", subject.n_layer},   {"params", params_value(subject)}};
  if (report.generation) {
    const GenerationReport& generation = *report.generation;
    fields.insert(fields.end(), {{"prompt", generation.prompt},
                                 {"generate", generation.tokens},
                                 {"generation_tpot_ms", optional_value(generation.tpot_ms)},
                                 {"generation_total_ms", optional_value(generation.total_ms)},
                                 {"generation_energy_pj", optional_value(generation.energy_pj)},
                                 {"generation_total_ms_error_bound", optional_value(generation.bound_ms)}});
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
                               {"provenance", std::string{"modelled"}},
                               {"version", subject.version},
                               {"reason", report.feasible() ? Value{} : Value{report.reason}}});
  return fields;
}

std::string evaluation_json(const EvaluationReport& report) {
  nlohmann::ordered_json object = json_object(fields_of(report));
  // A phase has one of the two.
  if (!report.generation) object.erase(report.subject.phase == "prefill" ? "tpot_ms" : "ttft_ms");
  for (const Field& field : whole_fields(nullptr, std::nullopt))
    object.erase(field.name);  // `whole` has them.
  add_null_reasons(report, object);
  object["whole"] = whole_json(report);
  if (report.generation) object["generation"] = generation_json(*report.generation);
  if (report.optimal) object["optimal"] = optimal_json(*report.optimal);
  object["assumptions"] = report.subject.assumptions;
  for (const EvaluationReport& layer : report.layers) object["layers"].push_back(layer_json(report, layer));
  object["groups"] = nlohmann::ordered_json::array();
  if (report.outcome) {
    for (const GroupReport& group : report.outcome->groups)
      object["groups"].push_back(group_json(group, clock_of(report)));
  }
  return json_text(object, 2) + "\n";
}

std::string evaluation_csv(const EvaluationReport& report) {
  return csv(table_of({fields_of(report)}));
}

std::string evaluation_text(const EvaluationReport& report, TextStyle style) {
  const Subject& subject = report.subject;
  std::string out =
      bold(fmt::format("{} on {}, {}", subject.workload, subject.arch, subject.strategy), style) + "\n";
  if (!report.feasible()) return out + report.reason + "\n";
  if (report.generation) out += generation_text(*report.generation);
  if (!report.outcome) return out + stack_text(report, style);
  const EvaluationOutcome& outcome = *report.outcome;
  const auto shown = [&](std::string_view name) { return text(value_of(report.figure(name))); };
  out += fmt::format("\n{}\n", text(group_table(outcome), style));
  if (outcome.groups.front().measured) out += fmt::format("{}\n", text(measured_table(report), style));
  out += fmt::format("block   {} cycles, {}-bound, PEs {:.1f}% busy, {} operations\n",
                     shown("latency_cycles"), name_of(outcome.cost.total.bound),
                     100.0 * magnitude(*report.figure("utilization")), shown("ops"));
  out += fmt::format("        DRAM {} B read, {} B written; on chip {} of {} B\n", shown("dram_read_bytes"),
                     shown("dram_write_bytes"), shown("peak_onchip_bytes"), shown("onchip_capacity_bytes"));
  out += whole_text(report);
  out += fmt::format("silicon {} mm2, {} PEs\n", shown("area_mm2"), shown("pes"));
  const MetricValue& energy = report.figure("energy_pj");
  out += energy ? fmt::format("energy  {} per block, {} W\n", energy_text(energy), shown("power_w"))
                : fmt::format("energy  n/a: {}\n", energy.error());
  out += fmt::format("        in mJ: {}\n", components_text(report));
  if (report.optimal) out += optimal_text(*report.optimal, style);
  out += fmt::format("\nmodelled{}, assuming: {}\n", subject.model == "sim" ? " by simulation" : "",
                     fmt::join(subject.assumptions, "; "));
  return out;
}

}  // namespace fusescape
