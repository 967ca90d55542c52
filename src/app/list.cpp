// fusescape list: what is there to choose from?
#include <fmt/format.h>

#include <array>
#include <utility>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/config/binding.hpp"
#include "fusescape/config/families/family.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/search/sweep_spec.hpp"
#include "fusescape/workload/generation_keys.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

/// What there is, and what is wrong with the files of which no row could be made.
struct Listed {
  Table table;
  std::optional<Failure> failure = {};

  void add(const InputError& error) {
    const Failure more = failure_of(error);
    if (!failure) failure = Failure{more.code, ""};
    failure->text += more.text;
  }
};

Listed strategy_table(const ListArguments&) {
  Listed listed{.table = {.columns = {"name", "summary"}, .rows = {}}};
  for (const Strategy& strategy : strategies()) {
    listed.table.rows.push_back({strategy.name, strategy.summary});
  }
  return listed;
}

Listed workload_table(const ListArguments&) {
  Listed listed{.table = {.columns = {"name", "family", "phase", "dtype", "n_layer", "params", "n_layer_of"},
                          .rows = {}}};
  for (const std::string& name : shipped_names(Shelf::kWorkloads)) {
    const Loaded<Model> model = load_model(name);
    if (!model) {
      listed.add(model.error());
      continue;
    }
    const Workload* workload = &model->whole;
    listed.table.rows.push_back({name, workload->family, name_of(workload->phase), name_of(workload->dtype),
                                 workload->n_layer, workload->params,
                                 model->kinds.empty() ? "blocks" : "sub-blocks"});
  }
  return listed;
}

Listed arch_table(const ListArguments&) {
  Listed listed{.table = {.columns = {"name", "technology", "pes", "onchip_capacity_bytes",
                                      "dram_bits_per_cycle", "clock_ghz"},
                          .rows = {}}};
  for (const std::string& name : shipped_names(Shelf::kArchs)) {
    const Loaded<Accelerator> arch = load_accelerator(name);
    if (!arch) {
      listed.add(arch.error());
      continue;
    }
    listed.table.rows.push_back({name, arch->technology, arch->pes(), arch->sram.capacity,
                                 width_value(arch->dram.bandwidth), arch->clock.value() * 1e-9});
  }
  return listed;
}

Listed tech_table(const ListArguments&) {
  Listed listed{.table = {.columns = {"name", "node_nm", "description"}, .rows = {}}};
  for (const std::string& name : shipped_names(Shelf::kTechs)) {
    const Loaded<Technology> technology = load_technology(name);
    if (!technology) {
      listed.add(technology.error());
      continue;
    }
    listed.table.rows.push_back({name, technology->node_nm, technology->description});
  }
  return listed;
}

Listed family_table(const ListArguments&) {
  Listed listed{.table = {.columns = {"name", "summary"}, .rows = {}}};
  for (const FamilySpec& family : families()) {
    listed.table.rows.push_back({family.table->name, family.summary});
  }
  listed.table.rows.push_back({"cascade", "operators written out one by one"});
  return listed;
}

Listed sweep_table(const ListArguments&) {
  Listed listed{.table = {.columns = {"name", "arch", "workload", "points", "description"}, .rows = {}}};
  for (const std::string& name : shipped_names(Shelf::kSweeps)) {
    const Loaded<InputFile> file = find_input(Shelf::kSweeps, name);
    if (!file) {
      listed.add(file.error());
      continue;
    }
    const Loaded<SweepSpec> spec = bind_sweep_spec(*file);
    if (!spec) {
      listed.add(spec.error());
      continue;
    }
    const YamlNode* description = find_value(file->root, "description");
    listed.table.rows.push_back({name, spec->arch, spec->workload,
                                 static_cast<std::int64_t>(grid_size(*spec)),
                                 description == nullptr ? Value{} : Value{description->text}});
  }
  return listed;
}

Listed listed_metrics(const ListArguments&) {
  return {metric_table()};
}

/// Both inputs take settings; a key that both take is the workload's and the accelerator's.
Listed key_table(const ListArguments& arguments) {
  Listed listed{.table = {.columns = {"key", "of"}, .rows = {}}};
  const std::array inputs{std::pair{Shelf::kWorkloads, arguments.workload},
                          std::pair{Shelf::kArchs, arguments.arch}};
  for (const auto& [shelf, name] : inputs) {
    const Loaded<InputFile> file = find_input(shelf, name);
    if (!file) {
      listed.add(file.error());
      continue;
    }
    for (std::string& key : settable_keys(*file)) listed.table.rows.push_back({std::move(key), name});
    if (shelf != Shelf::kWorkloads) continue;
    for (const std::string_view key : kGenerationKeys) {
      listed.table.rows.push_back({key, "evaluate, compare, sweep"});
    }
  }
  return listed;
}

/// In the order of kListable.
constexpr std::array<Listed (*)(const ListArguments&), kListable.size()> kTables{
    strategy_table, workload_table, arch_table,     tech_table,
    family_table,   sweep_table,    listed_metrics, key_table};

}  // namespace

CommandResult run_command(const ListArguments& arguments) {
  for (std::size_t i = 0; i < kListable.size(); ++i) {
    if (kListable[i] != arguments.what) continue;
    const Listed listed = kTables[i](arguments);
    CommandResult result = finished(arguments.output, document_of(listed.table));
    if (result && listed.failure) return unexpected{*listed.failure};
    return result;
  }
  return unexpected{Failure{ExitCode::kUsage, fmt::format("error: cannot list '{}'\n", arguments.what)}};
}

CommandResult run_command(const PrintArguments& arguments) {
  if (const auto failure = write_result(arguments.output, arguments.text)) return unexpected{*failure};
  return ExitCode::kOk;
}

}  // namespace fusescape
