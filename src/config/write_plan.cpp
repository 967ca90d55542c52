// How is a plan written so that it reads back to the same plan?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fusescape/config/load.hpp"
#include "fusescape/support/yaml_scalar.hpp"

namespace fusescape {
namespace {

class PlanWriter {
 public:
  PlanWriter(const Cascade& cascade, const Plan& plan) : cascade_{cascade}, plan_{plan} {}

  [[nodiscard]] std::string write(std::string_view description) {
    out_ = fmt::format("kind: plan\nversion: 1\nname: {}\n", yaml_scalar(plan_.name));
    if (!description.empty()) out_ += fmt::format("description: {}\n", yaml_scalar(description));
    out_ += "groups:\n";
    for (const NodeId group : plan_.node(kRoot).children) write_node(group, "  ");
    write_formats();
    write_retentions();
    write_spatial();
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool has_storage(NodeId node) const {
    return std::any_of(plan_.storages.begin(), plan_.storages.end(),
                       [&](const Storage& storage) { return storage.node == node; });
  }

  void write_storage(NodeId node, const std::string& indent) {
    for (const Storage& storage : plan_.storages) {
      if (storage.node != node) continue;
      out_ += fmt::format("{}- {{tensor: {}", indent, yaml_scalar(cascade_.tensor(storage.tensor).name));
      if (storage.slots) out_ += fmt::format(", slots: {}", *storage.slots);
      if (storage.spilled) out_ += ", spilled: true";
      if (storage.held) out_ += ", held: true";
      out_ += "}\n";
    }
  }

  void write_node(NodeId id, const std::string& indent) {
    const Node& node = plan_.node(id);
    const bool stores = has_storage(id);
    std::string_view children_key;
    switch (node.kind) {
      case NodeKind::kOperator:
        out_ +=
            fmt::format("{}- {}{}\n", indent, stores ? "op: " : "", yaml_scalar(cascade_.op(node.op).name));
        break;
      case NodeKind::kLoop:
        out_ += fmt::format("{}- loop: {{rank: {}, tile: {}}}\n", indent,
                            yaml_scalar(cascade_.rank(node.rank).name), node.tile);
        children_key = "do";
        break;
      case NodeKind::kSequence:
        children_key = "sequence";
        break;
      case NodeKind::kChain:
        children_key = "chain";
        break;
    }
    const bool first_line = node.kind == NodeKind::kSequence || node.kind == NodeKind::kChain;
    if (!children_key.empty()) {
      out_ += fmt::format("{}{}{}:{}\n", indent, first_line ? "- " : "  ", children_key,
                          node.children.empty() ? " []" : "");
    }
    for (const NodeId child : node.children) write_node(child, indent + "    ");
    if (stores) {
      out_ += indent + "  storage:\n";
      write_storage(id, indent + "    ");
    }
  }

  void write_formats() {
    if (!plan_.formats.empty()) out_ += "formats:\n";
    for (const StorageFormat& format : plan_.formats) {
      out_ += fmt::format("  {}: {} bit\n", yaml_scalar(cascade_.tensor(format.tensor).name), format.bits);
    }
  }

  void write_retentions() {
    if (!plan_.retentions.empty()) out_ += "retain:\n";
    for (const Retention& retention : plan_.retentions) {
      out_ += fmt::format("  {}: {} B\n", yaml_scalar(cascade_.tensor(retention.tensor).name),
                          retention.bytes.value());
    }
  }

  void write_spatial() {
    if (plan_.spatial.empty()) return;
    std::string mappings;
    for (std::size_t i = 0; i < plan_.spatial.size(); ++i) {
      const SpatialMapping& mapping = plan_.spatial[i];
      std::vector<std::string> parts;
      add_ranks("cores", mapping.cores, parts);
      add_ranks("rows", mapping.rows, parts);
      add_ranks("cols", mapping.cols, parts);
      add_ranks("flat", mapping.flat, parts);
      if (mapping.operand_loads == OperandLoads::kConcurrent) parts.emplace_back("operand_loads: concurrent");
      if (parts.empty()) continue;
      mappings +=
          fmt::format("  {}: {{{}}}\n", yaml_scalar(cascade_.operators[i].name), fmt::join(parts, ", "));
    }
    out_ += mappings.empty() ? "spatial: {}\n" : "spatial:\n" + mappings;
  }

  void add_ranks(std::string_view key, const std::vector<RankId>& ranks, std::vector<std::string>& parts) {
    std::vector<std::string> names;
    names.reserve(ranks.size());
    for (const RankId rank : ranks) names.push_back(yaml_scalar(cascade_.rank(rank).name));
    if (!names.empty()) parts.push_back(fmt::format("{}: [{}]", key, fmt::join(names, ", ")));
  }

  const Cascade& cascade_;
  const Plan& plan_;
  std::string out_;
};

}  // namespace

std::string write_plan(const Cascade& cascade, const Plan& plan, std::string_view description) {
  return PlanWriter{cascade, plan}.write(description);
}

}  // namespace fusescape
