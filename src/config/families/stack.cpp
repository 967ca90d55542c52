#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "fusescape/workload/around_blocks.hpp"
#include "stack_layers.hpp"

namespace fusescape {
namespace {

bool has_key(const SectionSpec& section, std::string_view key) {
  return std::any_of(section.fields.begin(), section.fields.end(),
                     [&](const FieldSpec& field) { return field.key == key; });
}

/// Keys of the stack's file that its layers do not have from it.
bool is_of_stack_only(std::string_view key) {
  constexpr std::array<std::string_view, 10> kOnly{"kind",  "version",    "family",         "name", "source",
                                                   "order", "final_norm", "tied_embedding", "head", "layers"};
  return std::find(kOnly.begin(), kOnly.end(), key) != kOnly.end();
}

YamlEntry scalar(std::string key, std::string text, SourcePos pos) {
  YamlNode value;
  value.kind = YamlKind::kScalar;
  value.pos = pos;
  value.text = std::move(text);
  return {std::move(key), pos, std::move(value)};
}

/// A kind of layers as a file of its family: what the stack has, and the keys of the entry.
YamlNode file_of(const YamlNode& stack, const ListedKind& kind, InputErrors& errors) {
  const SectionSpec& table = *kind.family->table;
  YamlNode root;
  root.kind = YamlKind::kMap;
  root.pos = kind.entry->pos;
  const auto add = [&](std::string key, std::string text) {
    root.entries.push_back(scalar(std::move(key), std::move(text), root.pos));
  };
  add("kind", "model");
  add("version", "1");
  add("family", std::string{table.name});
  add("name", kind.name);
  add("source", "the stack's");
  add("n_layer", "1");
  add("head", "false");
  for (const YamlEntry& entry : stack.entries) {
    if (!is_of_stack_only(entry.key) && has_key(table, entry.key)) root.entries.push_back(entry);
  }
  for (const YamlEntry& entry : kind.entry->entries) {
    if (has_key(kLayerSection, entry.key)) continue;
    if (entry.key == "n_layer") {
      errors.at_key(entry, "n_layer: a layer of a stack has 'count'");
    } else if (has_key(kStackTable, entry.key)) {
      errors.at_key(entry, fmt::format("{}: is given once, for the whole stack", entry.key));
    } else {
      root.entries.push_back(entry);
    }
  }
  return root;
}

/// A cache that no layer has would be ignored.
void check_cache(const StackFile& file, const ListedLayers& layers, Binding& binding) {
  const auto has_cache = [](const ListedKind& kind) { return has_key(*kind.family->table, "S"); };
  if (!file.cached || std::any_of(layers.kinds.begin(), layers.kinds.end(), has_cache)) return;
  binding.errors().at(binding.at("S"), "S: no layer of this stack has a cache");
}

/// Both errors as one; that of a setting outranks that of a file.
void add_error(std::optional<InputError>& all, InputError error) {
  if (!all || (all->cause == InputError::Cause::kBadFile && error.cause == InputError::Cause::kUsage)) {
    all = std::move(error);
  } else if (all->cause == error.cause && all->text.find(error.text) == std::string::npos) {
    all->text += error.text;
    all->settings.insert(all->settings.end(), error.settings.begin(), error.settings.end());
  }
}

/// One layer of each kind; or what is wrong with them, the first hundred that are faulty at most.
expected<std::vector<StackKind>, InputError> bound_kinds(const InputFile& input,
                                                         std::span<const Setting> settings,
                                                         const std::vector<ListedKind>& kinds,
                                                         Binding& binding) {
  constexpr int kMostFaulty = 100;
  int faulty = 0;
  std::vector<StackKind> bound;
  bound.reserve(kinds.size());
  std::optional<InputError> error;
  for (const ListedKind& kind : kinds) {
    const InputFile part{FileKind::kModel, input.file, input.text,
                         file_of(binding.root(), kind, binding.errors()), true};
    Loaded<Workload> layer = kind.family->bind(part, settings);
    if (!layer) {
      add_error(error, std::move(layer.error()));
      if (++faulty == kMostFaulty) break;
    } else {
      bound.push_back({.layer = std::move(*layer), .copies = kind.copies});
    }
  }
  if (!binding.ok()) add_error(error, binding.failure());
  if (error) return unexpected{std::move(*error)};
  return bound;
}

/// Reports counts of the whole that do not fit 64 bits.
void check_sizes(const StackFile& file, const std::vector<StackKind>& kinds, const ListedLayers& layers,
                 Binding& binding) {
  if (stack_params(file, kinds, layers.order).overflow()) {
    binding.errors().at(binding.blamed(), "too large: the parameters cannot be counted");
  }
  if (!file.head) return;
  const std::vector<CascadeProblem> problems = head_of(around_blocks(file)).problems;
  if (!problems.empty()) binding.errors().at(binding.blamed(), "too large: " + problems.front().message);
}

/// The head's types; and what the layers keep resident, all of it while any of them runs.
void set_roles_of_all(const StackFile& file, Model& model, Binding& binding) {
  std::vector<Cascade*> cascades{&model.whole.block};
  if (model.whole.lm_head) {
    set_types(*model.whole.lm_head, file.role_types());
    cascades.push_back(&*model.whole.lm_head);
  }
  if (file.state == StatePlace::kDram) return;
  Bytes bytes;
  for (Workload& kind : model.kinds) {
    bytes += resident_bytes(kind.block) * kind.n_layer;
    cascades.push_back(&kind.block);
  }
  place_states(bytes, cascades, binding);
  model.whole.assumptions.push_back(resident_assumption(model.whole.n_layer, bytes));
}

Loaded<Workload> bind_only_kind(const InputFile& input, std::span<const Setting> settings) {
  Loaded<Model> model = bind_stack(input, settings);
  if (!model) return unexpected<InputError>{std::move(model.error())};
  if (model->has_one_block()) return std::move(model->whole);
  Diagnostics diags{input.file, input.text};
  diags.error(find_value(input.root, "layers")->pos,
              fmt::format("a stack of {} kinds of layers has no single block", model->kinds.size()));
  std::ostringstream text;
  text << diags;
  return unexpected<InputError>{InputError{InputError::Cause::kBadFile, text.str(), {}}};
}

}  // namespace

Loaded<Model> bind_stack(const InputFile& input, std::span<const Setting> settings) {
  StackFile file;
  Binding binding{input, FileKind::kModel, settings, &file};
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  take_length(file, binding);
  const ListedLayers layers = listed_layers(file, binding);
  if (binding.ok()) check_cache(file, layers, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  auto kinds = bound_kinds(input, settings, layers.kinds, binding);
  if (!kinds) return unexpected<InputError>{std::move(kinds.error())};
  check_sizes(file, *kinds, layers, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  Model model = stack_model(file, std::move(*kinds), layers.order);
  set_roles_of_all(file, model, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return model;
}

FamilySpec stack_family() {
  return {&kStackTable, "layers of several kinds in an order, each of a family: hybrids",
          check_family<StackFile, kStackTable>, bind_only_kind};
}

}  // namespace fusescape
