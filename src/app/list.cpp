// fusescape list: what is there to choose from?
#include <fmt/format.h>

#include <array>
#include <functional>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
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

Listed strategy_table() {
  Table table{.columns = {"name", "summary"}, .rows = {}};
  for (const Strategy& strategy : strategies()) {
    table.rows.push_back({std::string{strategy.name}, std::string{strategy.summary}});
  }
  return {std::move(table)};
}

Listed workload_table() {
  Listed listed{.table = {.columns = {"name", "family", "phase", "dtype", "n_layer", "params"}, .rows = {}}};
  for (const std::string& name : shipped_names(Shelf::kWorkloads)) {
    const Loaded<Workload> workload = load_workload(name);
    if (!workload) {
      listed.add(workload.error());
      continue;
    }
    listed.table.rows.push_back({name, workload->family, std::string{name_of(workload->phase)},
                                 std::string{name_of(workload->dtype)}, workload->n_layer,
                                 workload->params ? Value{workload->params->value()} : Value{}});
  }
  return listed;
}

Listed arch_table() {
  Listed listed{.table = {.columns = {"name", "technology", "pes", "onchip_capacity_bytes",
                                      "dram_bits_per_cycle", "clock_ghz"},
                          .rows = {}}};
  for (const std::string& name : shipped_names(Shelf::kArchs)) {
    const Loaded<Accelerator> arch = load_accelerator(name);
    if (!arch) {
      listed.add(arch.error());
      continue;
    }
    listed.table.rows.push_back({name, arch->technology, arch->pes(), arch->sram.capacity.value(),
                                 arch->dram.bandwidth.value, arch->clock.value() * 1e-9});
  }
  return listed;
}

Listed tech_table() {
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

Listed family_table() {
  return {Table{
      .columns = {"name", "summary"},
      .rows = {{std::string{"mamba1"},
                std::string{"Mamba-1 blocks (Gu and Dao, arXiv 2312.00752), Falcon-Mamba included"}},
               {std::string{"opt"},
                std::string{"OPT blocks (Zhang et al., arXiv 2205.01068): attention over a KV cache, MLP"}},
               {std::string{"cascade"}, std::string{"operators written out one by one"}}}}};
}

struct Listing {
  std::string_view name;
  Listed (*table)();
};
constexpr std::array kListings{Listing{"strategies", strategy_table}, Listing{"workloads", workload_table},
                               Listing{"archs", arch_table}, Listing{"techs", tech_table},
                               Listing{"families", family_table}};

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
    const Listed listed = listing.table();
    if (const auto failure = write_result(arguments.output, printed(listed.table, arguments.output))) {
      return unexpected{*failure};
    }
    if (listed.failure) return unexpected{*listed.failure};
    return ExitCode::kOk;
  }
  return unexpected{Failure{ExitCode::kUsage, fmt::format("error: cannot list '{}'\n", arguments.what)}};
}

CommandResult run_command(const PrintArguments& arguments) {
  if (const auto failure = write_result(arguments.output, arguments.text)) return unexpected{*failure};
  return ExitCode::kOk;
}

}  // namespace fusescape
