#include "fusescape/search/sweep_source.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "for_all.hpp"
#include "fusescape/config/design_series.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/cost/printed_figure.hpp"
#include "fusescape/search/in_order.hpp"
#include "fusescape/search/recent.hpp"
#include "fusescape/workload/generation_keys.hpp"

namespace fusescape::sweep_source_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

/// Values whose names are the settings that made them.
SweepBinder naming_binder() {
  const auto text = [](std::span<const Setting> settings) {
    std::string all;
    for (const Setting& s : settings) all += s.key + "=" + s.value + ";";
    return all;
  };
  return {.sets_workload = [](std::string_view key) { return key.front() == 'w' || is_of_generation(key); },
          .workload = [text](std::span<const Setting> settings) -> expected<Model, SweepProblem> {
            Model model;
            model.whole.name = text(settings);
            return model;
          },
          .design = [text](std::span<const Setting> settings) -> expected<Design, SweepProblem> {
            Design made;
            made.accelerator.name = text(settings);
            return made;
          },
          .has_caches = true};
}

AxisValue random_value(Dice& dice, const std::vector<std::string>& keys, std::size_t number) {
  AxisValue value{.label = std::to_string(number), .settings = {}};
  for (const std::string& key : keys) {
    const bool strategy = key == "strategy";
    const std::string text = strategy ? dice.pick(std::vector<std::string>{"unfused", "greedy", "fuse-all"})
                                      : std::to_string(dice.in(1, 3));
    value.settings.push_back({.key = key, .value = text});
  }
  return value;
}

/// Axes of a key or of cases, for workloads, designs and strategies in any order, perhaps a prompt with a
/// generation; baselines that set all keys of some axes; perhaps a sample.
SweepSpec random_spec(Dice& dice) {
  std::vector<std::vector<std::string>> axes{{"w1"}, {"d1"}, {"strategy"}, {"w2", "d2"}, {"d3"}};
  SweepSpec spec;
  spec.fixed = {{.key = "w0", .value = "7"}, {.key = "d1", .value = "9"}};
  if (dice.one_in(2)) {
    axes.push_back({"prompt"});
    spec.fixed.push_back({.key = "generate", .value = std::to_string(dice.in(1, 30))});
  }
  while (!axes.empty()) {
    const auto at = dice.in(0, static_cast<std::int64_t>(axes.size()) - 1);
    const std::vector<std::string> keys = axes[static_cast<std::size_t>(at)];
    axes.erase(axes.begin() + at);
    Axis axis{.name = keys.front(), .values = {}};
    const auto count = static_cast<std::size_t>(dice.in(1, 3));
    for (std::size_t i = 0; i < count; ++i) axis.values.push_back(random_value(dice, keys, i));
    const bool is_scenario = keys.front() != "strategy" && dice.one_in(3);
    if (is_scenario) spec.scenario.push_back(axis.name);
    spec.axes.push_back(axis);
  }
  for (std::int64_t b = dice.in(0, 2); b > 0; --b) {
    Baseline baseline{.name = std::to_string(b), .settings = {}};
    for (const Axis& axis : spec.axes) {
      if (!dice.one_in(2)) continue;
      const std::vector<Setting>& settings = axis.values.front().settings;
      baseline.settings.insert(baseline.settings.end(), settings.begin(), settings.end());
    }
    spec.baselines.push_back(baseline);
  }
  const auto points = static_cast<std::uint32_t>(grid_size(spec));
  const std::int64_t sparse = dice.in(0, 3);  // 0: it is no sample.
  for (std::uint32_t id = 0; sparse > 0 && id < points; ++id) {
    if (id == 0 || dice.in(0, sparse) == 0) spec.sampled.push_back(id);
  }
  return spec;
}

void check_generation(const SweepPoint& point, const BoundSweep& whole, std::uint32_t workload) {
  REQUIRE((point.generation != nullptr) == !whole.generations.empty());
  if (point.generation == nullptr) return;
  const GenerationRuns& runs = *whole.generations[workload];
  CHECK(point.workload->name == runs.prefill->whole.name);
  CHECK(point.generation->asked.prompt == runs.asked.prompt);
  REQUIRE(point.generation->steps.size() == runs.steps.size());
  for (std::size_t i = 0; i < runs.steps.size(); ++i) {
    CHECK(point.generation->steps[i]->whole.name == runs.steps[i]->whole.name);
  }
}

TEST_CASE("Points that are made one at a time are those of the sweep that is held whole") {
  for_all(200, [](Dice& dice) {
    const SweepSpec spec = random_spec(dice);
    const auto whole = bind_sweep(spec, naming_binder());
    REQUIRE(whole);
    SweepSource source{spec, naming_binder()};
    REQUIRE(source.points() == whole->points.size());
    REQUIRE(source.baselines() == whole->baselines.size());
    SweepSource::Cursor cursor{source};
    const std::size_t stride = static_cast<std::size_t>(dice.in(1, 7));
    for (std::size_t start = 0; start < stride; ++start) {  // In any order.
      for (std::size_t n = start; n < source.size(); n += stride) {
        const bool in_grid = n < source.points();
        const DesignPoint& expected_point =
            in_grid ? whole->points[n] : whole->baselines[n - source.points()];
        const auto point = cursor.at(n);
        REQUIRE(point);
        CHECK(point->workload->name == whole->workloads[expected_point.workload].name);
        CHECK(point->design->accelerator.name == whole->designs[expected_point.design].accelerator.name);
        CHECK(point->strategy == whole->strategies[expected_point.strategy]);
        if (in_grid) CHECK(cursor.scenario() == scenario_of(spec, n));
        check_generation(*point, *whole, expected_point.workload);
      }
    }
    if (!spec.sampled.empty()) return;  // The source has the grid's strategies.
    REQUIRE(source.strategies().size() == whole->strategies.size());
    for (std::size_t i = 0; i < whole->strategies.size(); ++i) {
      CHECK(source.strategies()[i].strategy == whole->strategies[i]);
    }
  });
}

AxisValue quick_value(Dice& dice, const std::string& key) {
  std::string text;
  if (key == "clock") {
    text = fmt::format("{} {}", dice.in(1, 3000), dice.pick(std::vector<std::string>{"MHz", "kHz", "GHz"}));
  } else if (key == "sram.capacity") {
    text = fmt::format("{} {}", dice.in(1, 4096), dice.pick(std::vector<std::string>{"B", "KiB", "MiB"}));
  } else if (dice.one_in(5)) {
    text = "unlimited";
  } else {
    text = fmt::format("{} {}", dice.in(1, 3000),
                       dice.pick(std::vector<std::string>{"GB/s", "B/cycle", "bit/cycle"}));
  }
  return {.label = text, .settings = {{.key = key, .value = text}}};
}

TEST_CASE("A series makes the designs that binding the file does, or refuses those that have a fault") {
  const auto input = find_input(Shelf::kArchs, "marca");
  REQUIRE(input);
  Technologies technologies;
  for_all(60, [&](Dice& dice) {
    std::vector<std::vector<AxisValue>> axes;
    for (const char* key : {"clock", "sram.capacity", "dram.bandwidth"}) {
      if (dice.one_in(4)) continue;
      std::vector<AxisValue>& axis = axes.emplace_back();
      for (int i = 0; i < 3; ++i) axis.push_back(quick_value(dice, key));
    }
    if (axes.empty()) return;
    const std::vector<Setting> fixed{
        {.key = "sram.bank_read", .value = dice.one_in(2) ? "40 GB/s" : "32 B/cycle"}};
    const std::vector<std::span<const AxisValue>> values{axes.begin(), axes.end()};
    const DesignSeries series = design_series(*input, fixed, values, technologies);
    if (!series) return;  // The first of them has a fault.
    Design filled;
    for (int i = 0; i < 8; ++i) {
      std::vector<std::size_t> at;
      std::vector<Setting> settings = fixed;
      for (const std::vector<AxisValue>& axis : axes) {
        at.push_back(static_cast<std::size_t>(dice.in(0, 2)));
        settings.push_back(axis[at.back()].settings.front());
      }
      CAPTURE(settings.back().value);
      const Loaded<Design> bound = bind_design(*input, settings, technologies);
      const bool made = series(at, filled);
      REQUIRE(made == bound.has_value());
      if (!made) continue;
      const Accelerator& a = filled.accelerator;
      const Accelerator& b = bound->accelerator;
      CHECK(a.name == b.name);
      CHECK(a.clock == b.clock);
      CHECK(a.sram.capacity == b.sram.capacity);
      CHECK(a.sram.bank_read == b.sram.bank_read);
      CHECK(a.sram.bank_write == b.sram.bank_write);
      CHECK(a.dram.bandwidth == b.dram.bandwidth);
      CHECK(a.links.bandwidth == b.links.bandwidth);
      CHECK(filled.area.total == bound->area.total);
      CHECK(filled.machine.capacity == bound->machine.capacity);
      CHECK(filled.machine.scale.ticks_per_cycle() == bound->machine.scale.ticks_per_cycle());
      CHECK(filled.machine.dram_ticks_per_byte == bound->machine.dram_ticks_per_byte);
      CHECK(filled.machine.sram_read_ticks_per_byte == bound->machine.sram_read_ticks_per_byte);
    }
  });
}

std::string text_of(const Figure& figure) {
  if (const auto* whole = std::get_if<std::int64_t>(&figure.number)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&figure.number)) return fmt::format("{}", *real);
  return "unlimited";
}

/// A run of a workload on a design, of the phases that a sweep may hold side by side.
struct RandomRun {
  explicit RandomRun(Dice& dice) {
    workload.n_layer = dice.in(1, 100);
    workload.tokens = Elements{dice.in(1, 1'000'000)};
    workload.phase = dice.one_in(2) ? Phase::kPrefill : Phase::kDecode;
    design.accelerator.clock = Hertz{static_cast<double>(dice.in(1, 4'000'000'000))};
    design.machine.pes = dice.in(1, 100'000);
    // Of the whole model at most 2^50 cycles.
    cost.latency = Cycles{dice.in(1, std::int64_t{1} << 43)};
    cost.compute = Cycles{dice.in(0, cost.latency.value())};
    cost.total.ops = Ops{dice.in(0, std::int64_t{1} << 60)};
    cost.total.dram_read = Bytes{dice.in(0, std::int64_t{1} << 60)};
    cost.total.pe_cycles = Cycles{dice.in(0, std::int64_t{1} << 60)};
    generates = dice.one_in(3);
    times = {.tpot_ms = static_cast<double>(dice.in(1, 1'000'000)) / 7.0,
             .total_ms = static_cast<double>(dice.in(1, 1'000'000)) / 3.0,
             .energy_pj = static_cast<double>(dice.in(1, 1'000'000)) / 3.0};
  }

  [[nodiscard]] MetricValue value(const Metric& metric) const {
    return metric.value(
        {.workload = workload, .design = design, .cost = &cost, .generation = generates ? &times : nullptr});
  }

  Workload workload;
  Design design;
  Cost cost;
  GenerationTimes times;
  bool generates = false;
};

TEST_CASE("A figure that was printed and read is the one that it was, compared with any other") {
  for_all(300, [](Dice& dice) {
    const RandomRun run{dice};
    for (const Metric& metric : metrics()) {
      const MetricValue value = run.value(metric);
      CAPTURE(metric.name);
      if (!value) continue;
      const MetricValue again = printed_figure(metric, text_of(*value), run.workload, run.design);
      REQUIRE(again);
      CHECK(again->number.index() == value->number.index());
      CHECK(text_of(*again) == text_of(*value));
      CHECK(again->compared.has_value() == value->compared.has_value());
      CHECK((compare(*again, *value) == 0));
      if (again->compared) CHECK(again->compared->numerator == value->compared->numerator);
    }
  });
}

TEST_CASE("Figures of one metric are compared in one unit, whatever runs they are of") {
  for_all(300, [](Dice& dice) {
    const RandomRun one{dice};
    const RandomRun other{dice};
    for (const Metric& metric : metrics()) {
      const MetricValue a = one.value(metric);
      const MetricValue b = other.value(metric);
      CAPTURE(metric.name);
      if (!a || !b || metric.unit == "cycles") continue;  // Cycles are compared as time.
      const auto* x = std::get_if<double>(&a->number);
      const auto* y = std::get_if<double>(&b->number);
      if (x == nullptr || y == nullptr || std::abs(*x - *y) <= 1e-9 * *x) continue;
      CHECK((compare(*a, *b) < 0) == (*x < *y));
      CHECK(ratio(*a, *b) == Approx(*x / *y));
    }
  });
}

/// Numbers in a row.
struct Numbers {
  std::vector<std::size_t> numbers;
  [[nodiscard]] std::size_t count() const { return numbers.size(); }
};

TEST_CASE(
    "Parts are taken in order, each once, on any number of threads, up to where a stop cuts one short") {
  for_all(60, [](Dice& dice) {
    const auto first = static_cast<std::size_t>(dice.in(0, 1000));
    const auto count = static_cast<std::size_t>(dice.in(0, 5000));
    const auto stop_at = dice.one_in(2) ? first + static_cast<std::size_t>(dice.in(0, 5000)) : first + count;
    std::stop_source stop;
    InOrder<Numbers> row{{first, count}, static_cast<int>(dice.in(1, 4)), stop.get_token()};
    const auto make = [&](std::size_t /*worker*/, const Span& span) {
      Numbers made;
      for (std::size_t n = span.first; n < span.first + span.count; ++n) {
        if (n == stop_at) stop.request_stop();
        if (n >= stop_at) break;
        made.numbers.push_back(n);
      }
      return made;
    };
    std::size_t next = first;
    const std::size_t taken = row.run(make, [&](const Numbers& part) {
      for (const std::size_t n : part.numbers) CHECK(n == next++);
    });
    CHECK(first + taken == next);
    CHECK(next <= std::min(first + count, stop_at));
    if (stop_at >= first + count) CHECK(next == first + count);
  });
}

TEST_CASE("What was asked for last is known, and no more than twice as much as is to be kept") {
  for_all(100, [](Dice& dice) {
    const auto capacity = static_cast<std::size_t>(dice.in(1, 5));
    Recent<std::map<std::int64_t, std::int64_t>> recent{capacity};
    std::vector<std::int64_t> asked;
    for (int i = 0; i < 40; ++i) {
      const std::int64_t key = dice.in(0, 9);
      if (recent.find(key) == nullptr) recent.insert(key, 10 * key);
      asked.push_back(key);
      std::size_t known = 0;
      for (std::int64_t k = 0; k < 10; ++k) {
        Recent<std::map<std::int64_t, std::int64_t>> copy = recent;
        const std::int64_t* value = copy.find(k);
        if (value != nullptr) CHECK(*value == 10 * k);
        known += value != nullptr ? 1 : 0;
      }
      CHECK(known <= 2 * capacity);
      CHECK(recent.find(key) != nullptr);
    }
  });
}

}  // namespace
}  // namespace fusescape::sweep_source_test
