// Are results/timeline.csv and timeline-groups.csv, which scripts/timeline makes from traces, what the
// simulator says today?
#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/report/simulation.hpp"
#include "fusescape/report/trace_events.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/sim/simulate.hpp"
#include "loaded.hpp"
#include "regenerated.hpp"

namespace fusescape::timeline_test {
namespace {

constexpr std::size_t kParts = 300;

/// What scripts/timeline does with a trace: shares of time in equal parts of `width` picoseconds.
class Timeline final : public SimObserver {
 public:
  Timeline(const SimResult& known, TraceClock clock, std::int64_t width)
      : known_{known}, clock_{clock}, width_{width} {}

  void event(const SimEvent& event) override {
    const SimResourceKind kind = known_.resources[event.resource].kind;
    if (kind == SimResourceKind::kCore) add(event, core);
    if (kind == SimResourceKind::kDramRead) add(event, dram);
  }
  void memory(const MemoryChange& change) override {
    const std::size_t part = part_of(change.at);
    go_to(part);
    bytes_ = change.total.value();
    most[part] = std::max(most[part], bytes_);
  }
  void skipped(Ticks, Ticks, std::int64_t) override { FAIL("every tile is to be shown"); }

  std::array<std::int64_t, kParts> core{};
  std::array<std::int64_t, kParts> dram{};
  std::array<std::int64_t, kParts> most{};

  /// Nothing changes any more until `part`.
  void go_to(std::size_t part) {
    while (part_ < part) most[++part_] = bytes_;
  }

 private:
  [[nodiscard]] std::int64_t time(Ticks at) const {
    return static_cast<std::int64_t>(clock_.picoseconds(at));
  }
  [[nodiscard]] std::size_t part_of(Ticks at) const {
    return std::min(static_cast<std::size_t>(time(at) / width_), kParts - 1);
  }
  void add(const SimEvent& event, std::array<std::int64_t, kParts>& busy) {
    for (std::int64_t start = time(event.start); start < time(event.end);) {
      const std::int64_t part = start / width_;
      const std::int64_t until = std::min(time(event.end), (part + 1) * width_);
      busy[static_cast<std::size_t>(part)] += until - start;
      start = until;
    }
  }

  const SimResult& known_;
  TraceClock clock_;
  std::int64_t width_;
  std::size_t part_ = 0;
  std::int64_t bytes_ = 0;
};

constexpr std::int64_t kPicosecondsPerCycle = 1000;  // 1 GHz.

std::string share_rows(const Workload& workload, const Accelerator& accelerator, const SimulatedPlan& plan,
                       std::int64_t width) {
  const SimResult& known = plan.result;
  Timeline timeline{known, TraceClock{known.scale, accelerator.clock}, width};
  const auto shown = simulate(workload.block, plan.closed.plan, plan.closed.layout, accelerator,
                              {.steady_state = false}, &timeline);
  REQUIRE(shown.has_value());
  timeline.go_to(kParts - 1);
  std::string rows;
  const auto share = [&](std::int64_t busy) {
    return static_cast<double>(busy) / static_cast<double>(width);
  };
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::int64_t from = static_cast<std::int64_t>(part) * width;
    const bool over = from >= known.cycles.value() * kPicosecondsPerCycle;
    rows +=
        fmt::format("{},{},{:.4f},{:.4f},{}\n", plan.closed.plan.name, from / kPicosecondsPerCycle,
                    share(timeline.core[part]), share(timeline.dram[part]), over ? 0 : timeline.most[part]);
  }
  return rows;
}

TEST_CASE("The timeline of the committed figure is that of a block simulated tile by tile") {
  const Accelerator accelerator = value_of(load_accelerator("marca-pact25"));
  const std::vector<Setting> tokens{parse_setting("L=64").value()};
  const Workload workload = value_of(load_workload("mamba-2.8b-pact25", tokens));
  REQUIRE(accelerator.clock == Hertz{1e9});
  std::vector<SimulatedPlan> plans;
  std::int64_t longest = 0;
  for (const char* strategy : {"unfused", "fuse-all"}) {
    auto found = assess(workload.block, design_of(accelerator), *find_strategy(strategy));
    REQUIRE(found.has_value());
    auto run = simulate(workload.block, found->plan, found->layout, accelerator);
    REQUIRE(run.has_value());
    longest = std::max(longest, run->cycles.value());
    found->plan.name = strategy;
    plans.push_back({.closed = std::move(*found), .result = std::move(*run)});
  }
  const std::int64_t width = ceil_div(longest * kPicosecondsPerCycle, static_cast<std::int64_t>(kParts));
  std::string shares = "strategy,from_cycle,core_busy,dram_busy,onchip_bytes\n";
  std::string groups = "strategy,group,start_cycle,end_cycle\n";
  for (const SimulatedPlan& plan : plans) {
    shares += share_rows(workload, accelerator, plan, width);
    for (const SimGroupReport& group : details_of(workload, design_of(accelerator), plan).groups) {
      groups += fmt::format("{},{},{},{}\n", plan.closed.plan.name, group.name, group.start.value(),
                            group.end.value());
    }
  }
  check_regenerated("timeline.csv", shares);
  check_regenerated("timeline-groups.csv", groups);
}

}  // namespace
}  // namespace fusescape::timeline_test
