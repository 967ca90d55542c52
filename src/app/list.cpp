// fusescape list: what is there to choose from?
#include <fmt/format.h>

#include <array>
#include <functional>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/report/figures.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

expected<Table, Failure> strategy_table() {
  Table table{.columns = {"name", "summary"}, .rows = {}};
  for (const Strategy& strategy : strategies()) {
    table.rows.push_back({std::string{strategy.name}, std::string{strategy.summary}});
  }
  return table;
}

expected<Table, Failure> workload_table() {
  Table table{.columns = {"name", "family", "phase", "dtype", "n_layer", "params"}, .rows = {}};
  for (const std::string& name : shipped_names(Shelf::kWorkloads)) {
    const Loaded<Workload> workload = load_workload(name);
    if (!workload) return unexpected{failure_of(workload.error())};
    table.rows.push_back({name, workload->family, std::string{name_of(workload->phase)},
                          std::string{name_of(workload->dtype)}, workload->n_layer,
                          workload->params ? Value{workload->params->value()} : Value{}});
  }
  return table;
}

expected<Table, Failure> arch_table() {
  Table table{
      .columns = {"name", "technology", "pes", "onchip_capacity_bytes", "dram_bits_per_cycle", "clock_ghz"},
      .rows = {}};
  for (const std::string& name : shipped_names(Shelf::kArchs)) {
    const Loaded<Accelerator> arch = load_accelerator(name);
    if (!arch) return unexpected{failure_of(arch.error())};
    table.rows.push_back({name, arch->technology, arch->pes(), arch->sram.capacity.value(),
                          arch->dram.bandwidth.value, arch->clock.value() * 1e-9});
  }
  return table;
}

expected<Table, Failure> tech_table() {
  Table table{.columns = {"name", "node_nm", "description"}, .rows = {}};
  for (const std::string& name : shipped_names(Shelf::kTechs)) {
    const Loaded<Technology> technology = load_technology(name);
    if (!technology) return unexpected{failure_of(technology.error())};
    table.rows.push_back({name, technology->node_nm, technology->description});
  }
  return table;
}

expected<Table, Failure> family_table() {
  return Table{
      .columns = {"name", "summary"},
      .rows = {{std::string{"mamba1"},
                std::string{"Mamba-1 blocks (Gu and Dao, arXiv 2312.00752), Falcon-Mamba included"}},
               {std::string{"opt"},
                std::string{"OPT blocks (Zhang et al., arXiv 2205.01068): attention over a KV cache, MLP"}},
               {std::string{"cascade"}, std::string{"operators written out one by one"}}}};
}

expected<Table, Failure> listed_metrics() {
  return metric_table();
}

struct Listing {
  std::string_view name;
  expected<Table, Failure> (*table)();
};
constexpr std::array kListings{Listing{"strategies", strategy_table}, Listing{"workloads", workload_table},
                               Listing{"archs", arch_table},          Listing{"techs", tech_table},
                               Listing{"families", family_table},     Listing{"metrics", listed_metrics}};

std::string printed(const Table& table, const OutputArguments& output) {
  switch (output.format) {
    case Format::kJson:
      return json(table);
    case Format::kCsv:
      return csv(table);
    case Format::kText:
      break;
  }
  return text(table, text_style(output));
}

}  // namespace

CommandResult run_command(const ListArguments& arguments) {
  for (const Listing& listing : kListings) {
    if (listing.name != arguments.what) continue;
    const expected<Table, Failure> table = listing.table();
    if (!table) return unexpected{table.error()};
    if (const auto failure = write_result(arguments.output, printed(*table, arguments.output))) {
      return unexpected{*failure};
    }
    return ExitCode::kOk;
  }
  return unexpected{Failure{ExitCode::kUsage, fmt::format("error: cannot list '{}'\n", arguments.what)}};
}

CommandResult run_command(const PrintArguments& arguments) {
  if (const auto failure = write_result(arguments.output, arguments.text)) return unexpected{*failure};
  return ExitCode::kOk;
}

}  // namespace fusescape
