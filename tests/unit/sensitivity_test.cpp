#include "fusescape/search/sensitivity.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "fusescape/config/load.hpp"
#include "fusescape/config/scaled_design.hpp"
#include "fusescape/search/sweep_answer.hpp"

namespace fusescape::sensitivity_test {
namespace {

Axis keyed_axis(const std::string& key, const std::vector<std::string>& values) {
  Axis made{.name = key, .values = {}};
  for (const std::string& value : values) {
    made.values.push_back({.label = value, .settings = {{.key = key, .value = value}}});
  }
  return made;
}

/// The smallest model on splits of a die, within the area of one of them.
SweepSpec split_sweep() {
  SweepSpec spec;
  spec.name = "split";
  spec.fixed = {{.key = "technology", .value = "cacti7-28nm"}};
  spec.axes = {keyed_axis("L", {"1", "24"}), keyed_axis("memory_fraction", {"0.1", "0.5", "0.9"}),
               keyed_axis("strategy", {"unfused", "fuse-all"})};
  spec.scenario = {"L"};
  spec.baselines = {
      {.name = "half",
       .settings = {{.key = "memory_fraction", .value = "0.5"}, {.key = "strategy", .value = "unfused"}}}};
  spec.budget = Budget{.baseline = "half", .tolerance = 0.1};
  return spec;
}

/// Binds shipped files.
struct Shipped {
  InputFile arch = *find_input(Shelf::kArchs, "marca-split");
  InputFile model = *find_input(Shelf::kWorkloads, "mamba-130m");
  Technologies technologies;

  SweepBinder binder(const WhatIf& what_if) {
    return {.sets_workload = [this](std::string_view key) { return takes_setting(model, key); },
            .workload = [this](std::span<const Setting> settings) -> expected<Model, SweepProblem> {
              auto bound = bind_model(model, settings);
              if (!bound) return unexpected{SweepProblem{{}, bound.error().text}};
              return std::move(*bound);
            },
            .design = [this, what_if](std::span<const Setting> settings) -> expected<Design, SweepProblem> {
              auto bound = bind_scaled_design(arch, settings, technologies, what_if);
              if (!bound) return unexpected{SweepProblem{{}, bound.error().text}};
              return std::move(*bound);
            }};
  }
};

/// Per scenario, every point of it.
std::vector<std::vector<std::size_t>> all_points(const SweepSpec& spec) {
  std::vector<std::vector<std::size_t>> points(scenario_count(spec));
  for (std::size_t id = 0; id < grid_size(spec); ++id) points[scenario_of(spec, id)].push_back(id);
  return points;
}

/// What the whole sweep answers if the constant is scaled.
std::vector<std::optional<std::size_t>> best_points(const SweepSpec& spec, Shipped& shipped,
                                                    const WhatIf& what_if) {
  const auto bound = bind_sweep(spec, shipped.binder(what_if));
  REQUIRE(bound);
  std::vector<std::optional<std::size_t>> best;
  for (const ScenarioAnswer& scenario : answer(spec, *bound, run_sweep(*bound)).scenarios) {
    best.push_back(scenario.best);
  }
  return best;
}

TEST_CASE("Tried over all points, the best at each factor is what the whole sweep answers there") {
  SweepSpec spec = split_sweep();
  const bool energy = GENERATE(false, true);
  if (energy) spec.minimize = "energy_delay";
  spec.constraints = {{.metric = "area_mm2", .relation = Constraint::Relation::kMore, .limit = Ratio{1}}};
  Shipped shipped;
  const Ratio low = *Ratio::of(1, 4);
  const Ratio high{4};
  const auto found =
      sensitivity_of({.spec = spec, .designs = all_points(spec), .low = low, .high = high, .factors = {}},
                     [&](const WhatIf& what_if) { return shipped.binder(what_if); });
  REQUIRE(found);
  CHECK(found->evaluated == 12);
  const auto base = best_points(spec, shipped, {Constant::kPeArea, Ratio{1}});
  std::size_t changes = 0;
  for (std::size_t s = 0; s < 2; ++s) {
    const ScenarioSensitivity& scenario = found->scenarios[s];
    CHECK(scenario.answer.best == base[s]);
    CHECK(scenario.effects.size() == (energy ? 8 : 4));
    for (const ConstantEffect& effect : scenario.effects) {
      CAPTURE(s, kConstants[static_cast<std::size_t>(effect.constant)].name);
      CHECK(effect.low.best == best_points(spec, shipped, {effect.constant, low})[s]);
      CHECK(effect.high.best == best_points(spec, shipped, {effect.constant, high})[s]);
      CHECK(effect.changes_below == (effect.low.best != base[s]));
      CHECK(effect.changes_above == (effect.high.best != base[s]));
      CHECK(effect.same_from == (effect.changes_below ? Ratio{1} : low));
      CHECK(effect.same_to == (effect.changes_above ? Ratio{1} : high));
      changes += effect.changes_below || effect.changes_above ? 1 : 0;
    }
    for (std::size_t i = 1; i < scenario.effects.size(); ++i) {
      CHECK(scenario.effects[i - 1].swing(scenario.answer) >= scenario.effects[i].swing(scenario.answer));
    }
  }
  CHECK(changes > 0);  // Else the case tries nothing.
}

TEST_CASE("The best stays the best up to the last factor before one under which it is not") {
  const SweepSpec spec = split_sweep();
  Shipped shipped;
  std::vector<Ratio> factors;
  for (const std::int64_t tenth : {2, 4, 6, 15, 30, 60}) factors.push_back(*Ratio::of(tenth, 10));
  const auto found = sensitivity_of({.spec = spec,
                                     .designs = all_points(spec),
                                     .low = *Ratio::of(8, 10),
                                     .high = *Ratio::of(12, 10),
                                     .factors = factors},
                                    [&](const WhatIf& what_if) { return shipped.binder(what_if); });
  REQUIRE(found);
  std::vector<Ratio> tried = factors;
  for (const std::int64_t tenth : {8, 10, 12}) tried.push_back(*Ratio::of(tenth, 10));
  std::sort(tried.begin(), tried.end());
  for (const ConstantEffect& effect : found->scenarios[1].effects) {
    CAPTURE(kConstants[static_cast<std::size_t>(effect.constant)].name);
    const auto is_same = [&](const Ratio& factor) {
      return best_points(spec, shipped, {effect.constant, factor})[1] == found->scenarios[1].answer.best;
    };
    for (auto factor = tried.begin(); factor != tried.end(); ++factor) {
      if (*factor >= effect.same_from && *factor <= effect.same_to) CHECK(is_same(*factor));
      if (*factor == effect.same_from && factor != tried.begin()) CHECK_FALSE(is_same(*std::prev(factor)));
      if (*factor == effect.same_to && std::next(factor) != tried.end())
        CHECK_FALSE(is_same(*std::next(factor)));
    }
  }
}

TEST_CASE("A constant that is scaled changes what it stands for and nothing else") {
  const auto table = load_technology("cacti7-28nm");
  REQUIRE(table);
  const Accelerator accelerator = *load_accelerator("marca");
  const AreaBreakdown area = area_of(accelerator, *table);
  const AreaBreakdown denser = area_of(accelerator, scaled(*table, {Constant::kSramDensity, Ratio{2}}));
  CHECK(denser.sram->value() == area.sram->value() / 2);
  CHECK(denser.pes == area.pes);
  const AreaBreakdown larger = area_of(accelerator, scaled(*table, {Constant::kPeArea, Ratio{2}}));
  CHECK(larger.pes->value() == 2 * area.pes->value());
  CHECK(larger.sram == area.sram);
  const Technology dearer = scaled(*table, {Constant::kDramEnergy, Ratio{2}});
  CHECK(dearer.energy.dram->per_bit.value() == 2 * table->energy.dram->per_bit.value());
  CHECK(sram_read_energy(dearer, Bytes{65536})->value == sram_read_energy(*table, Bytes{65536})->value);
  CHECK(area_of(accelerator, dearer).total == area.total);
}

TEST_CASE("A template's die holds what a constant leaves room for") {
  const auto die_under = [](Constant constant, const Ratio& factor) {
    AreaTemplate die;
    die.full_sram = Bytes{1001};
    die.full_pes = 1000;
    die.full_bandwidth = {2048};
    REQUIRE(scale(die, {constant, factor}));
    return die;
  };
  CHECK(die_under(Constant::kSramDensity, *Ratio::of(3, 2)).full_sram == Bytes{1501});  // 1501.5
  CHECK(die_under(Constant::kPeArea, *Ratio::of(3, 2)).full_pes == 666);                // 666.7
  CHECK(die_under(Constant::kDramBandwidth, *Ratio::of(7, 10)).full_bandwidth ==
        BitsPerCycle{1434});  // 1433.6
}

TEST_CASE("A port is scaled by the factor, or told to be unable to") {
  Accelerator accelerator = *load_accelerator("marca");
  const BitsPerCycle dram = accelerator.dram.bandwidth;
  CHECK(scale(accelerator, {Constant::kDramBandwidth, Ratio{2}}, true));
  CHECK(accelerator.dram.bandwidth == dram);
  CHECK_FALSE(scale(accelerator, {Constant::kDramBandwidth, *Ratio::of(1, 1'000'000)}, false));
  CHECK(accelerator.dram.bandwidth == dram);
  accelerator.sram.bank_read = {0};  // Unlimited.
  CHECK(scale(accelerator, {Constant::kOnchipBandwidth, *Ratio::of(1, 2)}, false));
  CHECK(accelerator.sram.bank_read.unlimited());
  for (std::int64_t bits = 1; bits <= 2048; ++bits) {
    for (const Ratio& factor : {*Ratio::of(4, 5), *Ratio::of(6, 5), *Ratio::of(3, 2), *Ratio::of(1, 1000)}) {
      accelerator.sram.bank_write = {bits};
      const double exact = factor.nearest_double() * static_cast<double>(bits);
      const double missed = std::abs(std::round(exact) / exact - 1.0);
      const bool reached = scale(accelerator, {Constant::kOnchipBandwidth, factor}, false);
      CAPTURE(bits, exact);
      REQUIRE(reached == (missed <= 0.005));
      REQUIRE(accelerator.sram.bank_write == BitsPerCycle{reached ? std::lround(exact) : bits});
    }
  }
}

}  // namespace
}  // namespace fusescape::sensitivity_test
