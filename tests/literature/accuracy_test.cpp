// How far is the model from every number in the literature? results/accuracy.csv, made again and compared.
//
// FUSESCAPE_UPDATE=1 in the environment writes the file instead; docs/accuracy.md explains what it says.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <optional>

#include "fusescape/config/load.hpp"
#include "fusescape/report/table.hpp"
#include "literature_data.hpp"
#include "regenerated.hpp"

namespace fusescape::accuracy_test {
namespace {

constexpr const char* kFig9 = "PACT-AE artifact, run: tests/literature/data/pact25_fig9.csv";
constexpr const char* kLayers = "PACT-AE artifact, run: tests/literature/data/pact25_layers_L64.csv";
constexpr const char* kAbstract = "Geens, Symons, Verhelst, PACT 2025, arXiv 2504.17333, abstract";
constexpr const char* kArtifact = "PACT-AE artifact of Geens, Symons, Verhelst, PACT 2025, arXiv 2504.17333";
constexpr const char* kCheckpoints = "checkpoints state-spaces/mamba-* and tiiuae/falcon-mamba-7b";

struct AccuracyRow {
  std::string source;
  std::string label;
  std::string quantity;
  std::string scheme;
  std::optional<std::int64_t> tokens;
  double reference = 0.0;
  std::string unit;
  double quirks_on = 0.0;
  double physical = 0.0;
};

/// A whole number as one, a fraction to four digits after the point.
Value shown(double number) {
  const double rounded = std::round(number * 1e4) / 1e4;
  if (rounded == std::floor(rounded)) return static_cast<std::int64_t>(rounded);
  return rounded;
}

Value shown_percent(double ours, double reference) {
  const double hundredths = std::round(percent_off(ours, reference) * 100.0);
  return hundredths == 0.0 ? 0.0 : hundredths / 100.0;  // Never "-0".
}

Table table_of_accuracy(const std::vector<AccuracyRow>& rows) {
  Table table{.columns = {"source", "label", "quantity", "scheme", "L", "reference", "unit", "quirks_on",
                          "diff_on_pct", "physical", "diff_physical_pct"},
              .rows = {}};
  for (const AccuracyRow& row : rows) {
    table.rows.push_back({row.source, row.label, row.quantity, row.scheme,
                          row.tokens ? Value{*row.tokens} : Value{}, shown(row.reference), row.unit,
                          shown(row.quirks_on), shown_percent(row.quirks_on, row.reference),
                          shown(row.physical), shown_percent(row.physical, row.reference)});
  }
  return table;
}

void add_fig9(std::vector<AccuracyRow>& rows) {
  for (const Fig9Row& row : fig9_rows()) {
    rows.push_back({kFig9, "reproduced", "latency of a block", row.scheme, row.tokens,
                    static_cast<double>(row.cycles), "cycles",
                    block_cycles(assessed(with_quirks(row.tokens), row.scheme)),
                    block_cycles(assessed(physical(row.tokens), row.scheme))});
  }
}

/// Cycles of the groups of an operator of theirs in `unfused`; of one token where theirs is.
double layer_cycles(const Modelling& model, const Assessment& found, const std::string& name, bool quirks) {
  const double cycles =
      cycles_of_groups(model, found, [&](const std::string& op) { return op == our_operator(name, quirks); });
  return name.substr(0, 6) == "state_" ? cycles / 64.0 : cycles;
}

void add_layers(std::vector<AccuracyRow>& rows) {
  const Modelling on = with_quirks(64);
  const Modelling off = physical(64);
  const Assessment found_on = assessed(on, "unfused");
  const Assessment found_off = assessed(off, "unfused");
  const auto row_of = [&](const LayerRow& row, const std::string& quantity, const char* unit) {
    return AccuracyRow{kLayers,
                       "reproduced",
                       quantity,
                       "unfused",
                       64,
                       row.latency,
                       unit,
                       layer_cycles(on, found_on, row.name, true),
                       layer_cycles(off, found_off, row.name, false)};
  };
  AccuracyRow others{kLayers, "reproduced", "latency of all operators but the state update", "unfused", 64,
                     0.0,     "cycles"};
  double first_half = 0.0;
  for (const LayerRow& row : layer_rows()) {
    if (row.name == "state_h_dA") {  // One group of ours runs it together with the next.
      first_half = row.latency;
      continue;
    }
    const bool per_token = row.name.substr(0, 6) == "state_";
    const bool both = row.name == "state_add_dBx";
    const LayerRow compared{row.name, row.latency + (both ? first_half : 0.0)};
    rows.push_back(row_of(compared, "latency of " + (both ? "state_h_dA and " : std::string{}) + row.name,
                          per_token ? "cycles/token" : "cycles"));
    if (is_state_operator(row.name)) continue;
    others.reference += rows.back().reference;
    others.quirks_on += rows.back().quirks_on;
    others.physical += rows.back().physical;
  }
  rows.push_back(others);
}

const GroupCost& fused_group(const Assessment& found) {
  for (std::size_t g = 0; g < found.groups.size(); ++g) {
    if (found.layout.groups[g].operators.size() == 7) return found.groups[g];
  }
  FAIL("no group holds the seven state operators");
  return found.groups.front();
}

void add_fused_token(std::vector<AccuracyRow>& rows) {
  const Assessment on = assessed(with_quirks(64), "fuse-all");
  const Assessment off = assessed(physical(64), "fuse-all");
  const auto peak = [](const Assessment& found) {
    return static_cast<double>(fused_group(found).peak.value());
  };
  const auto cycles = [](const Assessment& found) {
    return static_cast<double>(fused_group(found).compute_cycles.value()) / 64.0;
  };
  rows.push_back({kArtifact, "reproduced", "on-chip bytes of the fused state update, Eq. 2", "fuse-all", 64,
                  6'574'336, "B", peak(on), peak(off)});
  rows.push_back({kArtifact, "reproduced", "compute of the fused state update", "fuse-all", 64, 414,
                  "cycles/token", cycles(on), cycles(off)});
}

/// Latency of `fuse-all` on MARCA over the least of `fuse-all` and `mem-aware` on any split, in steps of 5%.
double gain_of_balance(Modelling model, const std::string& arch) {
  const auto on_split = [&](int percent) {
    model.accelerator = split(arch, percent);
    return std::min(block_cycles(model, "fuse-all"), block_cycles(model, "mem-aware"));
  };
  model.accelerator = split(arch, 80);
  const double marca = block_cycles(model, "fuse-all");
  double best = marca;
  for (int percent = 5; percent < 100; percent += 5) best = std::min(best, on_split(percent));
  return marca / best;
}

void add_published(std::vector<AccuracyRow>& rows) {
  for (const std::int64_t tokens : {1, 64, 1024}) {
    const auto gain = [&](const Modelling& model) {
      return block_cycles(model, "unfused") / block_cycles(model, "fuse-all");
    };
    rows.push_back({kAbstract, "published", "fused over unfused, \"up to\" (L not stated)", "fuse-all",
                    tokens, 4.8, "x", gain(with_quirks(tokens)), gain(physical(tokens))});
  }
  for (const std::int64_t tokens : {1, 64, 1024}) {
    rows.push_back({kAbstract, "published", "fusion-aware architecture over MARCA (L not stated)",
                    "fuse-all or mem-aware", tokens, 1.78, "x",
                    gain_of_balance(with_quirks(tokens), "marca-pact25"),
                    gain_of_balance(physical(tokens), "marca-split")});
  }
}

/// Parameters of the released checkpoints, which no modelling choice changes.
void add_parameters(std::vector<AccuracyRow>& rows) {
  static constexpr std::array<std::pair<const char*, std::int64_t>, 6> kReleased{
      {{"mamba-130m", 129'135'360},
       {"mamba-370m", 371'516'416},
       {"mamba-790m", 793'204'224},
       {"mamba-1.4b", 1'372'178'432},
       {"mamba-2.8b", 2'768'345'600},
       {"falcon-mamba-7b", 7'272'665'088}}};
  for (const auto& [name, reference] : kReleased) {
    const Loaded<Workload> workload = load_workload(name);
    REQUIRE(workload);
    const auto ours = static_cast<double>(workload->params.value().value());
    rows.push_back({kCheckpoints, "published", std::string{"parameters of "} + name, "", std::nullopt,
                    static_cast<double>(reference), "parameters", ours, ours});
  }
}

std::string accuracy_csv() {
  std::vector<AccuracyRow> rows;
  add_fig9(rows);
  add_layers(rows);
  add_fused_token(rows);
  add_published(rows);
  add_parameters(rows);
  return csv(table_of_accuracy(rows));
}

TEST_CASE("results/accuracy.csv is what the model says today") {
  check_regenerated("accuracy.csv", accuracy_csv());
}

}  // namespace
}  // namespace fusescape::accuracy_test
