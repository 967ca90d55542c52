// How do the fields of an evaluation look as JSON, CSV and text?
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "fusescape/report/evaluation.hpp"
#include "json_value.hpp"

namespace fusescape {
namespace {

/// The whole model in the units that people compare, for which it takes a clock and a token count.
struct ModelFigures {
  double latency_ms = 0.0;
  double per_token_ms = 0.0;
  double tokens_per_s = 0.0;
  std::optional<double> energy_per_token;
};

ModelFigures model_figures(const Subject& subject, const WholeReport& whole) {
  const double seconds = duration(whole.latency, subject.clock).value();
  const auto tokens = static_cast<double>(subject.tokens);
  ModelFigures figures{.latency_ms = seconds * 1e3,
                       .per_token_ms = seconds * 1e3 / tokens,
                       .tokens_per_s = tokens / seconds,
                       .energy_per_token = {}};
  if (whole.energy_pj) figures.energy_per_token = *whole.energy_pj / tokens;
  return figures;
}

template <class T>
Value optional_value(const std::optional<T>& value) {
  return value ? Value{*value} : Value{};
}

/// The value that `get` reads from the outcome, if there is an outcome.
template <class Get>
Value of_outcome(const EvaluationReport& report, Get get) {
  return report.outcome ? Value{get(*report.outcome)} : Value{};
}

void add_block_fields(const EvaluationReport& report, std::vector<Field>& fields) {
  const auto count = [&](std::string name, auto get) {
    fields.push_back(
        {std::move(name), of_outcome(report, [&](const EvaluationOutcome& o) { return get(o).value(); })});
  };
  count("latency_cycles", [](const EvaluationOutcome& o) { return o.latency; });
  count("compute_cycles", [](const EvaluationOutcome& o) { return o.compute; });
  count("dram_bytes", [](const EvaluationOutcome& o) { return o.dram_read + o.dram_write; });
  count("dram_read_bytes", [](const EvaluationOutcome& o) { return o.dram_read; });
  count("dram_write_bytes", [](const EvaluationOutcome& o) { return o.dram_write; });
  count("peak_onchip_bytes", [](const EvaluationOutcome& o) { return o.peak; });
  fields.push_back({"onchip_capacity_bytes", report.subject.capacity.value()});
  count("onchip_read_bytes", [](const EvaluationOutcome& o) { return o.onchip_read; });
  count("onchip_write_bytes", [](const EvaluationOutcome& o) { return o.onchip_write; });
  count("ops", [](const EvaluationOutcome& o) { return o.operations; });
  fields.push_back(
      {"utilization", of_outcome(report, [](const EvaluationOutcome& o) { return o.utilization; })});
  fields.push_back({"bound", of_outcome(report, [](const EvaluationOutcome& o) {
                      return std::string{name_of(o.bound)};
                    })});
  fields.push_back({"feasible", report.outcome.has_value()});
}

/// The whole model, if it runs.
const WholeReport* whole_of(const EvaluationReport& report) {
  return report.outcome && report.outcome->whole ? &*report.outcome->whole : nullptr;
}

void add_model_fields(const EvaluationReport& report, std::vector<Field>& fields) {
  const bool prefill = report.subject.phase == "prefill";
  const auto model = [&](std::string name, auto get) {
    Field& field = fields.emplace_back(Field{std::move(name), {}});
    const WholeReport* whole = whole_of(report);
    if (whole == nullptr) return;
    const std::optional<double> number = get(model_figures(report.subject, *whole));
    if (number) field.value = *number;
  };
  using Number = std::optional<double>;
  fields.push_back({"energy_pj", report.outcome ? optional_value(report.outcome->energy_pj) : Value{}});
  fields.push_back({"area_mm2", optional_value(report.subject.area_mm2)});
  fields.push_back({"power_w", report.outcome ? optional_value(report.outcome->power_w) : Value{}});
  model("latency_ms", [](const ModelFigures& w) { return Number{w.latency_ms}; });
  model("latency_ms_per_token", [](const ModelFigures& w) { return Number{w.per_token_ms}; });
  model("tokens_per_s", [](const ModelFigures& w) { return Number{w.tokens_per_s}; });
  model("ttft_ms", [&](const ModelFigures& w) { return prefill ? Number{w.latency_ms} : Number{}; });
  model("tpot_ms", [&](const ModelFigures& w) { return prefill ? Number{} : Number{w.latency_ms}; });
  model("energy_pj_per_token", [](const ModelFigures& w) { return w.energy_per_token; });
}

nlohmann::ordered_json whole_json(const EvaluationReport& report) {
  using Json = nlohmann::ordered_json;
  const WholeReport* whole = whole_of(report);
  const auto value = [&](auto get) { return whole == nullptr ? Json(nullptr) : json_value(get(*whole)); };
  const auto ms = [&](std::string_view phase) {
    if (whole == nullptr || report.subject.phase != phase) return Json(nullptr);
    return Json(model_figures(report.subject, *whole).latency_ms);
  };
  Json object{{"latency_cycles", value([](const WholeReport& w) { return Value{w.latency.value()}; })},
              {"latency_s", value([&](const WholeReport& w) {
                 return Value{duration(w.latency, report.subject.clock).value()};
               })},
              {"dram_bytes", value([](const WholeReport& w) { return Value{w.dram.value()}; })},
              {"energy_pj", value([](const WholeReport& w) { return optional_value(w.energy_pj); })},
              {"params", json_value(optional_value(report.subject.params))},
              {"ttft_ms", ms("prefill")},
              {"tpot_ms", ms("decode")},
              {"head", nullptr},
              {"reason", nullptr}};
  if (whole != nullptr && whole->head) {
    object["head"] = {{"latency_cycles", whole->head->latency.value()},
                      {"compute_cycles", whole->head->compute.value()},
                      {"dram_bytes", whole->head->dram.value()},
                      {"peak_onchip_bytes", whole->head->peak.value()},
                      {"bound", name_of(whole->head->bound)}};
  }
  if (report.outcome && whole == nullptr) object["reason"] = report.outcome->no_whole;
  return object;
}

/// The line about the whole model.
std::string whole_text(const EvaluationReport& report) {
  const WholeReport* whole = whole_of(report);
  if (whole == nullptr) return fmt::format("model   does not run: {}\n", report.outcome->no_whole);
  const ModelFigures figures = model_figures(report.subject, *whole);
  std::string line =
      fmt::format("model   {} ms ({}), {} ms per token, {} tokens/s\n", text(Value{figures.latency_ms}),
                  report.subject.phase == "prefill" ? "time to first token" : "per output token",
                  text(Value{figures.per_token_ms}), text(Value{figures.tokens_per_s}));
  if (!whole->head) return line;
  return line + fmt::format("        {} blocks, then final norm and head: {} cycles, {}-bound, DRAM {} B\n",
                            report.subject.n_layer, with_thousands(whole->head->latency.value()),
                            name_of(whole->head->bound), with_thousands(whole->head->dram.value()));
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

nlohmann::ordered_json group_json(const GroupReport& group) {
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
                                {"bound", name_of(group.bound)},
                                {"tensors", nlohmann::ordered_json::array()}};
  for (const TensorReport& tensor : group.tensors) {
    object["tensors"].push_back({{"name", tensor.name},
                                 {"bytes_read", tensor.bytes_read.value()},
                                 {"bytes_written", tensor.bytes_written.value()},
                                 {"residency", name_of(tensor.residency)},
                                 {"bits", tensor.bits},
                                 {"size_bytes", tensor.size.value()},
                                 {"moved_as", name_of(tensor.movement)}});
  }
  return object;
}

Table group_table(const EvaluationOutcome& outcome) {
  Table table{.columns = {"group", "cycles", "share", "bound", "DRAM bytes", "peak bytes", "PEs busy"},
              .rows = {}};
  const auto all = static_cast<double>(outcome.latency.value());
  for (const GroupReport& group : outcome.groups) {
    const double share = all > 0 ? 100.0 * static_cast<double>(group.latency.value()) / all : 0.0;
    table.rows.push_back({group.name, group.latency.value(), fmt::format("{:5.1f}%", share),
                          std::string{name_of(group.bound)}, (group.dram_read + group.dram_write).value(),
                          group.peak.value(), fmt::format("{:5.1f}%", 100.0 * group.utilization)});
  }
  return table;
}

}  // namespace

std::vector<Field> fields_of(const EvaluationReport& report) {
  const Subject& subject = report.subject;
  std::vector<Field> fields{{"workload", subject.workload}, {"arch", subject.arch},
                            {"strategy", subject.strategy}, {"technology", subject.technology},
                            {"phase", subject.phase},       {"dtype", subject.dtype},
                            {"n_layer", subject.n_layer},   {"params", optional_value(subject.params)}};
  for (const auto& [name, extent] : subject.ranks) fields.push_back({fmt::format("ranks.{}", name), extent});
  add_block_fields(report, fields);
  add_model_fields(report, fields);
  fields.insert(fields.end(), {{"pes", subject.pes},
                               {"model", subject.model},
                               {"provenance", std::string{"modelled"}},
                               {"version", subject.version},
                               {"reason", report.outcome ? Value{} : Value{report.reason}}});
  return fields;
}

std::string evaluation_json(const EvaluationReport& report) {
  nlohmann::ordered_json object = json_object(fields_of(report));
  // A phase has one of the two.
  object.erase(report.subject.phase == "prefill" ? "tpot_ms" : "ttft_ms");
  object["whole"] = whole_json(report);
  object["assumptions"] = report.subject.assumptions;
  object["groups"] = nlohmann::ordered_json::array();
  if (report.outcome) {
    for (const GroupReport& group : report.outcome->groups) object["groups"].push_back(group_json(group));
  }
  return object.dump(2) + "\n";
}

std::string evaluation_csv(const EvaluationReport& report) {
  return csv(table_of({fields_of(report)}));
}

std::string evaluation_text(const EvaluationReport& report, TextStyle style) {
  const Subject& subject = report.subject;
  std::string out =
      bold(fmt::format("{} on {}, {}", subject.workload, subject.arch, subject.strategy), style) + "\n";
  if (!report.outcome) return out + report.reason + "\n";
  const EvaluationOutcome& outcome = *report.outcome;
  out += fmt::format("\n{}\n", text(group_table(outcome), style));
  out += fmt::format("block   {} cycles, {}-bound, PEs {:.1f}% busy, {} operations\n",
                     with_thousands(outcome.latency.value()), name_of(outcome.bound),
                     100.0 * outcome.utilization, with_thousands(outcome.operations.value()));
  out += fmt::format("        DRAM {} B read, {} B written; on chip {} of {} B\n",
                     with_thousands(outcome.dram_read.value()), with_thousands(outcome.dram_write.value()),
                     with_thousands(outcome.peak.value()), with_thousands(subject.capacity.value()));
  out += whole_text(report);
  out += fmt::format("silicon {} mm2, {} PEs; energy {} pJ per block, power {} W\n",
                     text(optional_value(subject.area_mm2)), with_thousands(subject.pes),
                     text(optional_value(outcome.energy_pj)), text(optional_value(outcome.power_w)));
  out += fmt::format("\nmodelled{}, assuming: {}\n", subject.model == "sim" ? " by simulation" : "",
                     fmt::join(subject.assumptions, "; "));
  return out;
}

}  // namespace fusescape
