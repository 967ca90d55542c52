// How does a plan file become a Plan of a cascade?
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/kinds/plan_table.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/plan_form.hpp"
#include "fusescape/config/plan_places.hpp"
#include "fusescape/plan/spatial.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kMaxNodes = 10'000;  // Ids have 16 bits.

void read_plan_node(const Slot& slot, InputErrors& errors, PlanNodeFile& out) {
  out.node = &slot.node;
  if (slot.node.kind == YamlKind::kScalar) {
    kWord.read(slot, errors, out.op.emplace());
    return;
  }
  const std::size_t before = errors.count();
  read_section(slot, kPlanNodeSection, errors, &out);
  if (slot.node.kind != YamlKind::kMap || errors.count() != before) return;
  const auto has = [&](std::string_view key) { return find_value(slot.node, key) != nullptr ? 1 : 0; };
  if (has("op") + has("loop") + has("sequence") + has("chain") != 1) {
    errors.at(slot.node, slot.path + ": expected exactly one of 'op', 'loop', 'sequence' and 'chain'");
  } else if (has("loop") != has("do")) {
    errors.at(slot.node,
              slot.path + (has("do") != 0 ? ": 'do' belongs to a 'loop'" : ": the loop has no 'do'"));
  }
  for (const std::string_view key : {"do", "sequence", "chain"}) {
    const YamlNode* children = find_value(slot.node, key);
    if (children != nullptr && children->items.empty()) {
      errors.at(*children, fmt::format("{}.{}: expected at least one", slot.path, key));
    }
  }
  for (const PlanNodeFile& child : out.chain) {
    if (!child.op && child.node != nullptr)
      errors.at(*child.node, slot.path + ".chain: expected operators only");
  }
}

/// The plan of a file, under construction.
class PlanBinding {
 public:
  PlanBinding(const PlanFile& file, const Cascade& cascade, Binding& binding)
      : file_{file}, cascade_{cascade}, binding_{binding} {}

  [[nodiscard]] Plan bind() {
    plan_.name = file_.name;
    places_.root = &binding_.root();
    places_.operators.resize(cascade_.operators.size());
    places_.mappings.resize(cascade_.operators.size());
    for (const PlanNodeFile& group : file_.groups) add_group(group);
    for (const auto& [entry, bits] : file_.formats) {
      if (const auto tensor = tensor_of(*entry)) plan_.formats.push_back({*tensor, static_cast<int>(bits)});
    }
    for (const auto& [entry, bytes] : file_.retain) {
      const auto tensor = tensor_of(*entry);
      if (!tensor) continue;
      plan_.retentions.push_back({*tensor, bytes});
      places_.retentions.push_back(entry);
    }
    if (file_.spatial) add_spatial(*file_.spatial);
    return std::move(plan_);
  }

  /// Of the plan that was bound.
  [[nodiscard]] const PlanPlaces& places() const { return places_; }

 private:
  /// True, and said once, if there is no id left for this node.
  bool is_full(const PlanNodeFile& file) {
    if (plan_.nodes.size() < kMaxNodes) return false;
    if (!full_) errors().at(*file.node, fmt::format("groups: more than {} nodes", kMaxNodes));
    full_ = true;
    return true;
  }

  /// A group is a sequence; any other node is one of a single node.
  void add_group(const PlanNodeFile& file) {
    const bool sequence = !file.op && !file.loop && find_value(*file.node, "sequence") != nullptr;
    if (sequence) {
      add_node(file, kRoot);
    } else if (!is_full(file)) {
      add_node(file, add_sequence(plan_, kRoot));
    }
  }

  void add_leaf(const PlanNodeFile& file, NodeId parent) {
    const auto op = named(*file.op, "operator", cascade_.operators, find_operator(cascade_, file.op->text));
    if (op) places_.operators[index_of(*op)] = file.op->node;
    add_storage(file.storage, add_operator(plan_, parent, op.value_or(OpId{})));
  }

  void add_node(const PlanNodeFile& file, NodeId parent) {
    if (is_full(file)) return;
    if (file.op) {
      add_leaf(file, parent);
      return;
    }
    NodeId node = kRoot;
    if (file.loop) {
      const Word& word = file.loop->rank;
      const auto rank = named(word, "rank", cascade_.ranks, find_rank(cascade_, word.text));
      node = add_loop(plan_, parent, rank.value_or(RankId{}), file.loop->tile);
    } else {
      node =
          find_value(*file.node, "chain") != nullptr ? add_chain(plan_, parent) : add_sequence(plan_, parent);
    }
    add_storage(file.storage, node);
    for (const auto* children : {&file.body, &file.sequence, &file.chain}) {
      for (const PlanNodeFile& child : *children) add_node(child, node);
    }
  }

  void add_storage(const std::vector<StorageFile>& storages, NodeId node) {
    for (const StorageFile& file : storages) {
      const Word& word = file.tensor;
      const auto tensor = named(word, "tensor", cascade_.tensors, find_tensor(cascade_, word.text));
      if (!tensor) continue;
      Storage storage{*tensor, node, std::nullopt, file.spilled, file.held};
      if (file.slots) storage.slots = static_cast<int>(*file.slots);
      plan_.storages.push_back(storage);
      places_.storages.push_back(word.node);
    }
  }

  void add_spatial(const std::vector<Named<SpatialFile>>& mappings) {
    plan_.spatial.resize(cascade_.operators.size());
    for (const auto& [entry, file] : mappings) {
      const auto op = find_operator(cascade_, entry->key);
      if (!op) {
        errors().at_key(*entry, unknown("operator", entry->key, cascade_.operators));
        continue;
      }
      if (!file.flat.empty() && !(file.rows.empty() && file.cols.empty())) {
        errors().at_key(*entry, "spatial: 'flat' excludes 'rows' and 'cols'");
      }
      places_.mappings[index_of(*op)] = entry;
      plan_.spatial[index_of(*op)] = {ranks_of(file.cores), ranks_of(file.rows), ranks_of(file.cols),
                                      ranks_of(file.flat), file.operand_loads};
    }
  }

  std::vector<RankId> ranks_of(const std::vector<Word>& words) {
    std::vector<RankId> ranks;
    for (const Word& word : words) {
      if (const auto rank = named(word, "rank", cascade_.ranks, find_rank(cascade_, word.text))) {
        ranks.push_back(*rank);
      }
    }
    return ranks;
  }

  template <class Things>
  std::string unknown(std::string_view what, std::string_view word, const Things& things) {
    const std::string hint =
        did_you_mean_among(word, things, [](const auto& thing) { return std::string_view{thing.name}; });
    return fmt::format("unknown {} '{}' in cascade {}{}", what, word, cascade_.name, hint);
  }

  template <class Things, class Id>
  std::optional<Id> named(const Word& word, std::string_view what, const Things& things,
                          std::optional<Id> found) {
    if (!found && !word.text.empty()) errors().at(*word.node, unknown(what, word.text, things));
    return found;
  }

  std::optional<TensorId> tensor_of(const YamlEntry& entry) {
    const auto tensor = find_tensor(cascade_, entry.key);
    if (!tensor) errors().at_key(entry, unknown("tensor", entry.key, cascade_.tensors));
    return tensor;
  }

  [[nodiscard]] InputErrors& errors() { return binding_.errors(); }

  const PlanFile& file_;
  const Cascade& cascade_;
  Binding& binding_;
  Plan plan_;
  PlanPlaces places_;
  bool full_ = false;
};

void check_form(const PlanFile& file, Binding& binding) {
  if (binding.ok() && file.groups.empty())
    binding.errors().at(binding.at("groups"), "groups: expected at least one");
}

/// Binds a plan and, if it was read without a fault, calls `finish(plan, places, errors)`.
template <class Finish>
Loaded<Plan> bind_and(const InputFile& input, const Cascade& cascade, const Finish& finish) {
  PlanFile file;
  Binding binding{input, FileKind::kPlan, {}, &file};
  check_form(file, binding);
  PlanBinding parts{file, cascade, binding};
  Plan plan = parts.bind();
  if (binding.ok()) finish(plan, parts.places(), binding.errors());
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return plan;
}

}  // namespace

constinit const TypeOf<PlanNodeFile> kPlanNode{
    {.form = TypeSpec::Form::kNode, .name = "node", .section = &kPlanNodeSection}, read_plan_node};

Loaded<Plan> bind_plan(const InputFile& input, const Cascade& cascade) {
  return bind_and(input, cascade, [](const Plan&, const PlanPlaces&, InputErrors&) {});
}

Loaded<Plan> bind_legal_plan(const InputFile& input, const Cascade& cascade, const Accelerator& accelerator) {
  return bind_and(input, cascade, [&](Plan& plan, const PlanPlaces& places, InputErrors& errors) {
    if (plan.spatial.empty()) plan.spatial = spatial_mappings(cascade, accelerator);
    report_violations({cascade, accelerator, plan, places}, errors);
  });
}

std::optional<InputError> check_plan_form(const InputFile& input) {
  PlanFile file;
  Binding binding{input, FileKind::kPlan, {}, &file};
  check_form(file, binding);
  return binding.ok() ? std::nullopt : std::optional{binding.failure()};
}

}  // namespace fusescape
