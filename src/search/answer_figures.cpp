// Which figures of a design does a sweep's answer show, and what does it judge points by?
#include <algorithm>
#include <array>

#include "fusescape/search/sweep_answer.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// In the order of metrics().
constexpr std::array<std::string_view, 12> kAnswered{"latency_cycles",
                                                     "onchip_capacity_bytes",
                                                     "latency_s",
                                                     "area_mm2",
                                                     "latency_ms",
                                                     "latency_ms_per_token",
                                                     "pes",
                                                     "rows",
                                                     "cols",
                                                     "clock_hz",
                                                     "dram_bits_per_cycle",
                                                     "onchip_read_bits_per_cycle"};

const Metric& metric_of(std::string_view name) {
  const Metric* found = find_metric(name);
  FUSESCAPE_EXPECTS(found != nullptr);  // problems_of
  return *found;
}

}  // namespace

bool DesignFigures::has(std::string_view name) const {
  return std::any_of(figures.begin(), figures.end(),
                     [&](const auto& entry) { return entry.first->name == name; });
}

const MetricValue& DesignFigures::figure(std::string_view name) const {
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const auto& entry) { return entry.first->name == name; });
  FUSESCAPE_EXPECTS(found != figures.end());
  return found->second;
}

std::vector<const Metric*> answer_metrics(const SweepSpec& spec) {
  std::vector<const Metric*> found;
  found.reserve(kAnswered.size() + 2);
  for (const std::string_view name : kAnswered) found.push_back(&metric_of(name));
  if (asks_for_generation(spec)) found.push_back(&metric_of("generation_total_ms"));
  const Metric* minimized = &metric_of(spec.minimize);
  if (std::find(found.begin(), found.end(), minimized) == found.end()) found.push_back(minimized);
  return found;
}

DesignFigures design_figures(const SweepSpec& spec, const SweepPoint& point, const PointOutcome& outcome) {
  const Evaluated evaluated = evaluated_point(point, outcome);
  DesignFigures figures;
  figures.status = outcome.status;
  figures.strategy = point.strategy->name;
  const std::vector<Core>& cores = evaluated.design.accelerator.cores;
  if (!cores.empty()) figures.cores = cores.front().count;
  for (const Metric* metric : answer_metrics(spec)) {
    figures.figures.emplace_back(metric, metric->value(evaluated));
  }
  figures.needed = outcome.needed;
  if (evaluated.cost != nullptr) figures.bound = outcome.cost.total.bound;
  return figures;
}

AnswerPoint answer_point(const SweepSpec& spec, const SweepPoint& point, const PointOutcome& outcome) {
  AnswerPoint made{.status = outcome.status,
                   .minimized = unexpected<std::string>{""},
                   .sram = point.design->accelerator.sram.capacity};
  if (!outcome.feasible()) return made;
  const Evaluated evaluated = evaluated_point(point, outcome);
  made.meets_constraints = meet(spec.constraints, evaluated);
  made.minimized = metric_of(spec.minimize).value(evaluated);
  made.traded.reserve(spec.pareto.size());
  for (const std::string& column : spec.pareto) {
    MetricValue figure = metric_of(column).value(evaluated);
    if (!figure) {
      made.traded.clear();
      break;
    }
    made.traded.push_back(*figure);
  }
  return made;
}

}  // namespace fusescape
