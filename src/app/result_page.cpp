#include "result_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json_tables.hpp"

namespace fusescape {
namespace {

std::string text_in(const OrderedJson& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::vector<std::string> assumptions_of(const OrderedJson& object) {
  const auto found = object.find("assumptions");
  return found == object.end() ? std::vector<std::string>{} : found->get<std::vector<std::string>>();
}

/// Every scalar of the result, and why one is null.
Table figures_table(const OrderedJson& object) {
  Table table{.columns = {"figure", "value", "unit"}, .rows = {}};
  const OrderedJson none = OrderedJson::object();
  const OrderedJson& nulls = object.contains("metrics_null") ? object.at("metrics_null") : none;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_primitive()) continue;
    Value shown = value_of_json(value);
    if (value.is_null()) {
      const std::string why = nulls.is_object() ? text_in(nulls, name.c_str()) : "";
      if (!why.empty()) shown = "n/a: " + why;
    }
    table.rows.push_back({name, std::move(shown), std::string{unit_of_column(name)}});
  }
  return table;
}

Table parts_table(const OrderedJson& parts) {
  Table table{.columns = {"component", "energy_pj"}, .rows = {}};
  for (const auto& [name, value] : parts.items()) table.rows.push_back({name, value_of_json(value)});
  return table;
}

void append_tree(const OrderedJson& node, std::size_t depth, std::string& out) {
  const std::string kind = text_in(node, "kind");
  const bool is_loop = kind == "loop";
  const auto number = [&](const char* key) {
    return node.contains(key) ? text(value_of_json(node.at(key))) : "?";
  };
  if (is_loop) {
    out += fmt::format("{:{}}for {} in {} tiles of {}\n", "", 2 * depth, text_in(node, "rank"),
                       number("trips"), number("tile"));
  } else if (kind == "operator") {
    out += fmt::format("{:{}}{}\n", "", 2 * depth, text_in(node, "op"));
  } else if (kind == "chain") {
    out += fmt::format("{:{}}chain, element by element in registers\n", "", 2 * depth);
  }
  const auto children = node.find("children");
  if (children == node.end() || !children->is_array()) return;
  for (const OrderedJson& child : *children) append_tree(child, kind == "sequence" ? depth : depth + 1, out);
}

/// The loops of every group, one below another.
std::string plan_text(const OrderedJson& groups) {
  std::string out;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    out += fmt::format("group {}: {}\n", g + 1, text_in(groups[g], "name"));
    append_tree(groups[g].at("loops"), 1, out);
  }
  return out;
}

/// Tensors of all groups, each with its group's name.
Table tensors_table(const OrderedJson& groups) {
  std::vector<OrderedJson> rows;
  for (const OrderedJson& group : groups) {
    for (const OrderedJson& tensor : group.at("tensors")) {
      OrderedJson row{{"group", group.at("name")}};
      row.update(tensor);
      rows.push_back(std::move(row));
    }
  }
  return table_of_objects(rows);
}

/// "mamba-2.8b on marca, optimal: 5,412,787 cycles per block, compute-bound; 348.4 ms"
std::string headline_of(const OrderedJson& object) {
  std::string line = fmt::format("{} on {}, {}", text_in(object, "workload"), text_in(object, "arch"),
                                 text_in(object, "strategy"));
  const auto figure = [&](const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? Value{} : value_of_json(*found);
  };
  const std::string bound = text_in(object, "bound");
  if (figure("latency_cycles").index() != 0) {
    line += fmt::format(": {} cycles per block{}", text(figure("latency_cycles")),
                        bound.empty() ? "" : fmt::format(", {}-bound", bound));
  } else {
    const std::string reason = text_in(object, "reason");
    line +=
        fmt::format(": {}", reason.empty() ? "see its kinds of layers" : reason.substr(0, reason.find('\n')));
  }
  if (figure("latency_ms").index() != 0)
    line += fmt::format("; the model takes {} ms", text(figure("latency_ms")));
  return line + ".";
}

/// What was counted and timed of each group, and its quotient by what is modelled. Empty if nothing was.
Table measured_table(const OrderedJson& groups) {
  std::vector<OrderedJson> rows;
  rows.reserve(groups.size());
  for (const OrderedJson& group : groups) {
    if (!group.contains("measured") || !group.at("measured").is_object()) continue;
    const OrderedJson none = OrderedJson::object();
    const OrderedJson& ratios =
        group.contains("ratio") && group.at("ratio").is_object() ? group.at("ratio") : none;
    OrderedJson& row = rows.emplace_back(OrderedJson{{"group", group.at("name")}});
    for (const auto& [figure, value] : group.at("measured").items()) {
      row["measured " + figure] = value;
      row[figure + " / modelled"] = ratios.contains(figure) ? ratios.at(figure) : OrderedJson{};
    }
  }
  return table_of_objects(rows);
}

/// Of one block: what its groups take, and why.
void add_groups(const OrderedJson& object, const std::string& name, const std::string& key, Page& page) {
  const OrderedJson& groups = object.at("groups");
  if (groups.empty()) return;
  PageSection why{.title = "Why: " + name, .provenance = "modelled"};
  why.charts = {"bars", "intensity", "bytes", "lifetimes", "plan"};
  why.source = key;
  why.tables.push_back({"Groups", table_of_list(groups)});
  why.tables.push_back({"Energy of one block", parts_table(object.at("energy"))});
  why.tables.push_back({"Tensors at the DRAM port, by group", tensors_table(groups)});
  why.commands.push_back(plan_text(groups));
  page.sections.push_back(std::move(why));
  Table measured = measured_table(groups);
  if (measured.rows.empty()) return;
  PageSection section{.title = "Measured: " + name, .provenance = "measured"};
  section.tables.push_back({"Groups, measured", std::move(measured)});
  page.sections.push_back(std::move(section));
}

void add_evaluation(const ResultFile& result, const std::string& key, Page& page, OrderedJson& data) {
  const OrderedJson& object = result.json;
  const bool simulated = result.kind == ResultKind::kSimulation;
  const std::string subject =
      fmt::format("{} on {}, {}{}", text_in(object, "workload"), text_in(object, "arch"),
                  text_in(object, "strategy"), simulated ? ", simulated" : "");
  const std::string& name = result.title.empty() ? subject : result.title;
  page.conclusion.push_back(result.title.empty() ? headline_of(object)
                                                 : fmt::format("{}: {}", result.title, headline_of(object)));
  data["results"][key] = object;
  data["results"][key]["title"] = name;
  if (simulated && !text_in(object, "why").empty()) {
    page.conclusion.push_back(fmt::format("Simulated and closed form differ by {}%: {}",
                                          text(value_of_json(object.at("difference_percent"))),
                                          text_in(object, "why")));
  }
  add_groups(object, name, key, page);
  const auto layers = object.find("layers");
  for (std::size_t k = 0; layers != object.end() && k < layers->size() && layers->size() > 1; ++k) {
    const OrderedJson& layer = (*layers)[k];
    const std::string layer_key = fmt::format("{}-{}", key, k);
    data["results"][layer_key] = layer;
    data["results"][layer_key]["title"] = fmt::format("{}, layers {}", name, text_in(layer, "kind"));
    for (const char* shared : {"pes", "onchip_capacity_bytes", "dram_bits_per_cycle"}) {
      if (object.contains(shared)) data["results"][layer_key][shared] = object.at(shared);
    }
    add_groups(layer, fmt::format("{}, layers {}", name, text_in(layer, "kind")), layer_key, page);
  }
  PageSection figures{.title = "Figures: " + name, .provenance = "modelled"};
  figures.list = assumptions_of(object);
  figures.paragraphs = {
      fmt::format("{}, made by fusescape {}, assuming:", result.file, text_in(object, "version"))};
  figures.tables.push_back({"All figures", figures_table(object)});
  if (simulated) {
    figures.tables.push_back({"Cores, ports and links", table_of_list(object.at("resources"))});
    figures.tables.push_back({"Tensors, simulated and closed form", table_of_list(object.at("tensors"))});
  }
  figures.is_open = false;
  page.sections.push_back(std::move(figures));
}

void add_comparison(const ResultFile& result, const std::string& key, Page& page, OrderedJson& data) {
  const OrderedJson& rows = result.json;
  const OrderedJson* best = nullptr;
  for (const OrderedJson& row : rows) {
    const bool runs =
        row.contains("feasible") && row.at("feasible") == true && row.at("latency_cycles").is_number();
    if (runs && (best == nullptr || row.at("latency_cycles") < best->at("latency_cycles"))) best = &row;
  }
  const OrderedJson& first = rows.front();
  const std::string name = fmt::format("{} on {}", text_in(first, "workload"), text_in(first, "arch"));
  if (best != nullptr) {
    page.conclusion.push_back(fmt::format(
        "{}: {} is the fastest of {} strategies, {} cycles per block.", name, text_in(*best, "strategy"),
        std::count_if(rows.begin(), rows.end(),
                      [](const OrderedJson& row) {
                        return row.contains("feasible") && row.at("feasible").is_boolean();
                      }),
        text(value_of_json(best->at("latency_cycles")))));
  }
  PageSection section{.title = "Strategies: " + name, .provenance = "modelled"};
  section.list = assumptions_of(first);
  section.charts = {"strategies"};
  section.source = key;
  data["results"][key] = {{"title", name}, {"rows", rows}};
  section.tables.push_back({"Strategies, in the order asked for", table_of_list(rows)});
  page.sections.push_back(std::move(section));
}

void add_roofline(const OrderedJson& object, const std::string& title, const std::string& key, Page& page,
                  OrderedJson& data) {
  const std::string name =
      title.empty() ? fmt::format("{} on {}", text_in(object, "workload"), text_in(object, "arch")) : title;
  PageSection section{.title = "Roofline: " + name, .provenance = "modelled"};
  section.list = assumptions_of(object);
  section.charts = {"roofline"};
  section.source = key;
  data["results"][key] = object;
  data["results"][key]["title"] = name;
  section.tables.push_back({"Operators alone", table_of_list(object.at("operators"))});
  page.sections.push_back(std::move(section));
}

void add_corey(const ResultFile& result, Page& page) {
  const OrderedJson& parity = result.json.at("parity");
  const auto equal = std::count_if(parity.begin(), parity.end(), [](const OrderedJson& row) {
    return row.is_object() && row.contains("equal") && row.at("equal") == true;
  });
  page.conclusion.push_back(
      fmt::format("COREY: {} of {} published figures come out equal.", equal, parity.size()));
  PageSection section{.title = "COREY, reproduced", .provenance = "reproduced"};
  for (const auto& [name, rows] : result.json.items()) {
    if (rows.is_array()) section.tables.push_back({name, table_of_list(rows)});
  }
  page.sections.push_back(std::move(section));
}

void add_entropy(const ResultFile& result, Page& page) {
  PageSection section{.title = "Entropies: " + result.file, .provenance = "measured"};
  section.tables.push_back({"Entropy of tensors", table_of_list(result.json)});
  page.sections.push_back(std::move(section));
}

/// Of a stack, once for each kind of layers.
void add_layers(const ResultFile& result, const std::string& key, Page& page, OrderedJson& data) {
  for (std::size_t k = 0; k < result.json.size(); ++k) {
    const OrderedJson& layer = result.json[k];
    const std::string layer_key = fmt::format("{}-{}", key, k);
    if (layer.contains("operators")) {
      add_roofline(layer, result.title, layer_key, page, data);
    } else {
      add_evaluation({result.file, ResultKind::kSimulation, layer, result.title}, layer_key, page, data);
    }
  }
}

}  // namespace

void add_result(const ResultFile& result, const std::string& key, Page& page, OrderedJson& data) {
  switch (result.kind) {
    case ResultKind::kSweep:
      return;
    case ResultKind::kEvaluation:
    case ResultKind::kSimulation:
      return add_evaluation(result, key, page, data);
    case ResultKind::kComparison:
      return add_comparison(result, key, page, data);
    case ResultKind::kRoofline:
      return add_roofline(result.json, result.title, key, page, data);
    case ResultKind::kCorey:
      return add_corey(result, page);
    case ResultKind::kEntropy:
      return add_entropy(result, page);
    case ResultKind::kLayers:
      return add_layers(result, key, page, data);
  }
}

}  // namespace fusescape
