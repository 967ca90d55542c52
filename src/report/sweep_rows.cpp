#include "fusescape/report/sweep_rows.hpp"

#include <algorithm>
#include <array>

#include "csv_cell.hpp"
#include "fusescape/cost/printed_figure.hpp"
#include "fusescape/report/evaluation.hpp"
#include "fusescape/report/figures.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

using Status = PointOutcome::Status;

constexpr std::array<std::string_view, 4> kStatusWords{"feasible", "infeasible", "failed", "skipped"};

/// Metrics that are printed before the others, since they say what the design is.
constexpr std::array<std::string_view, 6> kDesignFirst{
    "pes", "rows", "cols", "onchip_capacity_bytes", "dram_bits_per_cycle", "area_mm2"};

std::string cell_of(std::string_view text) {
  std::string cell;
  append_text(cell, text);
  return cell;
}

void append_figure(std::string& out, const MetricValue& figure) {
  if (!figure) return;
  std::visit(overloaded{[&](std::int64_t v) { append_number(out, v); },
                        [&](double v) { append_number(out, v); }, [&](Unlimited) { out += "unlimited"; }},
             figure->number);
}

/// Why a point has no cost, or its model no sums.
std::string reason_of(const Evaluated& evaluated, const PointOutcome& outcome) {
  if (!outcome.feasible()) return one_line(outcome.why);
  const auto whole = whole_of(evaluated);
  return whole ? std::string{} : one_line(whole.error());
}

std::optional<bool> flag_in(std::string_view cell) {
  if (cell != "true" && cell != "false") return std::nullopt;
  return cell == "true";
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

/// The cells of a line, quotes and all.
class SweepRows::Line {
 public:
  explicit Line(std::string_view text) {
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (i < text.size() && text[i] == '"') quoted = !quoted;
      if (i < text.size() && (quoted || text[i] != ',')) continue;
      cells_.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }

  [[nodiscard]] std::size_t size() const { return cells_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const { return cells_[i]; }

  /// The text that the cell was written from.
  [[nodiscard]] std::string text(std::size_t i) const {
    std::string_view cell = cells_[i];
    if (cell.size() < 2 || cell.front() != '"') return std::string{with_formula(cell)};
    cell = cell.substr(1, cell.size() - 2);
    std::string text;
    for (std::size_t c = 0; c < cell.size(); ++c) {
      text += cell[c];
      if (cell[c] == '"') ++c;
    }
    return std::string{with_formula(text)};
  }

 private:
  std::vector<std::string_view> cells_;
};

SweepRows::SweepRows(const SweepSource& source, SweepRowsOf of, bool stack) : source_{source}, of_{of} {
  const SweepSpec& spec = source.spec();
  lead_ = {of == SweepRowsOf::kPoints ? "point" : "design"};
  if (of == SweepRowsOf::kBaselines) lead_.emplace_back("baseline");
  for (const Axis& axis : spec.axes) {
    lead_.push_back(axis.name);
    std::vector<std::string>& labels = labels_.emplace_back();
    for (const AxisValue& value : axis.values) labels.push_back(cell_of(value.label));
  }
  const std::vector<SweepStrategy>& strategies = source.strategies();
  const bool entropy = std::any_of(strategies.begin(), strategies.end(),
                                   [](const SweepStrategy& made) { return made.strategy->reads_entropy; });
  add("strategy", Kind::kStrategy);
  if (entropy) add("entropy", Kind::kEntropy);
  add("workload", Kind::kWorkload);
  add("arch", Kind::kArch);
  add("technology", Kind::kTechnology);
  add("phase", Kind::kPhaseWord);
  add("dtype", Kind::kDtype);
  for (const std::string_view name : kDesignFirst) add(name, Kind::kMetric, find_metric(name));
  add("feasible", Kind::kFeasible);
  for (const Metric& metric : metrics()) {
    const bool is_asked = !metric.of_generation || asks_for_generation(spec);
    if (is_asked && (!metric.reads_energy || source.energy())) add(metric.name, Kind::kMetric, &metric);
    if (metric.name == "utilization") add("bound", Kind::kBound);
  }
  if (stack) {
    add("whole_latency_cycles", Kind::kWholeLatency);
    add("whole_dram_bytes", Kind::kWholeBytes);
    add("whole_ops", Kind::kWholeOps);
    if (source.energy()) add("whole_energy_pj", Kind::kWholeEnergy);
    add("unfused_layers", Kind::kReplaced);
  }
  add("status", Kind::kStatus);
  add("reason", Kind::kReason);
  add("in_budget", Kind::kInBudget);
  if (!spec.constraints.empty()) add("meets_constraints", Kind::kMeetsConstraints);
}

/// A key may be an axis (`strategy`, `phase`): then its column is there already, with the same words. Not so
/// of baselines, whose own settings no axis shows.
void SweepRows::add(std::string_view name, Kind kind, const Metric* metric) {
  const bool is_axis = std::find(lead_.begin(), lead_.end(), name) != lead_.end();
  if (is_axis && of_ == SweepRowsOf::kBaselines) {
    lead_.erase(std::find(lead_.begin(), lead_.end(), name));
    for (std::size_t a = 0; a < source_.spec().axes.size(); ++a) {
      if (source_.spec().axes[a].name == name) labels_[a].clear();
    }
  } else if (is_axis) {
    return;
  }
  const auto same = [&](const Column& column) { return column.name == name; };
  if (std::any_of(columns_.begin(), columns_.end(), same)) return;
  columns_.push_back({std::string{name}, kind, metric});
}

bool SweepRows::is_flag(Kind kind) {
  return kind == Kind::kFeasible || kind == Kind::kInBudget || kind == Kind::kMeetsConstraints;
}

std::size_t SweepRows::position(Kind kind) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& column) { return column.kind == kind; });
  return lead_.size() + static_cast<std::size_t>(found - columns_.begin());
}

std::string SweepRows::header() const {
  std::string line;
  for (const std::string& name : lead_) line += cell_of(name) + ",";
  for (const Column& column : columns_) line += cell_of(column.name) + ",";
  line.back() = '\n';
  return line;
}

void SweepRows::append_lead(std::string& out, std::size_t number) const {
  const SweepSpec& spec = source_.spec();
  append_number(out, number);
  out += ',';
  if (of_ == SweepRowsOf::kPoints) {
    std::size_t block = 1;
    for (const std::vector<std::string>& labels : labels_) block *= labels.size();
    std::size_t rest = grid_position(spec, number);
    for (const std::vector<std::string>& labels : labels_) {
      block /= labels.size();
      out += labels[rest / block];
      out += ',';
      rest %= block;
    }
    return;
  }
  const std::size_t scenario = number / (source_.baselines() / scenario_count(spec));
  std::size_t baseline = 0;
  BaselineDesigns designs = baseline_designs(spec, scenario, baseline);
  while (number >= designs.first + designs.count) designs = baseline_designs(spec, scenario, ++baseline);
  append_text(out, spec.baselines[baseline].name);
  out += ',';
  std::vector<const AxisValue*> values = scenario_values(spec, scenario);
  const std::vector<std::size_t> open = open_axes(spec, spec.baselines[baseline]);
  const std::vector<const AxisValue*> chosen =
      open_values(spec, spec.baselines[baseline], number - designs.first);
  for (std::size_t i = 0; i < open.size(); ++i) values[open[i]] = chosen[i];
  for (std::size_t a = 0; a < values.size(); ++a) {
    if (labels_[a].empty()) continue;
    if (values[a] != nullptr) append_text(out, values[a]->label);
    out += ',';
  }
}

void SweepRows::append_figures(std::string& out, const Column& column, const Evaluated& evaluated,
                               const PointOutcome& outcome) const {
  const auto sum = [&](auto get) {
    const auto whole = whole_of(evaluated);
    if (whole) append_number(out, get(*whole).value());
  };
  switch (column.kind) {
    case Kind::kMetric:
      // An infeasible point shows the bytes that it needs as its peak.
      if (column.metric->name == "peak_onchip_bytes" && outcome.needed > Bytes{0}) {
        append_number(out, outcome.needed.value());
      } else {
        append_figure(out, column.metric->value(evaluated));
      }
      break;
    case Kind::kBound:
      if (evaluated.cost != nullptr) out += name_of(outcome.cost.total.bound);
      break;
    case Kind::kWholeLatency:
      sum([](const WholeModel& whole) { return whole.latency; });
      break;
    case Kind::kWholeBytes:
      sum([](const WholeModel& whole) { return whole.dram(); });
      break;
    case Kind::kWholeOps:
      sum([](const WholeModel& whole) { return whole.ops; });
      break;
    case Kind::kWholeEnergy:
      if (const MetricValue pj = whole_energy_of(evaluated)) append_number(out, magnitude(*pj));
      break;
    case Kind::kReplaced:
      for (const LayerCost& layer : outcome.layers) {
        if (!layer.is_replaced) continue;
        if (out.back() != ',') out += ' ';
        append_text(out, layer.kind);
      }
      break;
    default:
      FUSESCAPE_EXPECTS(false);
  }
}

void SweepRows::append(std::string& out, const AnswerPoint& answer, const SweepPoint& point,
                       const PointOutcome& outcome) const {
  const Evaluated evaluated = evaluated_point(point, outcome);
  append_lead(out, answer.number);
  for (const Column& column : columns_) {
    switch (column.kind) {
      case Kind::kStrategy:
        append_text(out, point.strategy->name);
        break;
      case Kind::kEntropy:
        if (point.strategy->reads_entropy) append_text(out, describe(point.inputs->entropy));
        break;
      case Kind::kWorkload:
        append_text(out, evaluated.workload.name);
        break;
      case Kind::kArch:
        append_text(out, evaluated.design.accelerator.name);
        break;
      case Kind::kTechnology:
        append_text(out, evaluated.design.accelerator.technology);
        break;
      case Kind::kPhaseWord:
        out += name_of(evaluated.workload.phase);
        break;
      case Kind::kDtype:
        out += name_of(evaluated.workload.dtype);
        break;
      case Kind::kFeasible:
        out += outcome.feasible() ? "true" : "false";
        break;
      case Kind::kStatus:
        out += kStatusWords[static_cast<std::size_t>(outcome.status)];
        break;
      case Kind::kReason:
        append_text(out, reason_of(evaluated, outcome));
        break;
      case Kind::kInBudget:
        out += answer.in_budget ? "true" : "false";
        break;
      case Kind::kMeetsConstraints:
        out += answer.meets_constraints ? "true" : "false";
        break;
      default:
        append_figures(out, column, evaluated, outcome);
    }
    out += ',';
  }
  out.back() = '\n';
}

void SweepRows::append_failed(std::string& out, std::size_t number, std::string_view why) const {
  append_lead(out, number);
  for (const Column& column : columns_) {
    if (is_flag(column.kind)) out += "false";
    if (column.kind == Kind::kStatus) out += kStatusWords[static_cast<std::size_t>(Status::kFailed)];
    if (column.kind == Kind::kReason) append_text(out, one_line(why));
    out += ',';
  }
  out.back() = '\n';
}

std::optional<SweepRow> SweepRows::read(std::string_view line, std::size_t number,
                                        const SweepPoint* point) const {
  std::string lead;
  append_lead(lead, number);
  if (!line.starts_with(lead)) return std::nullopt;
  const Line cells{line};
  if (cells.size() != lead_.size() + columns_.size()) return std::nullopt;
  const auto* const word =
      std::find(kStatusWords.begin(), kStatusWords.end(), cells[position(Kind::kStatus)]);
  if (word == kStatusWords.end()) return std::nullopt;
  const auto in_budget = flag_in(cells[position(Kind::kInBudget)]);
  const bool has_constraints = !source_.spec().constraints.empty();
  const auto meets = flag_in(has_constraints ? cells[position(Kind::kMeetsConstraints)] : "true");
  const auto status = static_cast<Status>(word - kStatusWords.begin());
  const auto feasible = flag_in(cells[position(Kind::kFeasible)]);
  if (!in_budget || !meets || feasible != (status == Status::kFeasible)) return std::nullopt;
  SweepRow row;
  AnswerPoint& answer = row.answer;
  answer.number = number;
  answer.status = status;
  answer.in_budget = *in_budget;
  answer.meets_constraints = *meets;
  answer.minimized = unexpected<std::string>{""};
  if (answer.status == Status::kFailed) row.reason = cells.text(position(Kind::kReason));
  if (point == nullptr) return row;
  const SweepSpec& spec = source_.spec();
  answer.sram = point->design->accelerator.sram.capacity;
  if (answer.status != Status::kFeasible) return row;
  answer.minimized = figure(cells, *find_metric(spec.minimize), *point);
  for (const std::string& name : spec.pareto) {
    const MetricValue traded = figure(cells, *find_metric(name), *point);
    if (traded) answer.traded.push_back(*traded);
  }
  if (answer.traded.size() != spec.pareto.size()) answer.traded.clear();
  if (const std::size_t at = position(Kind::kReplaced); at < cells.size()) {
    row.replaced = words_of(cells.text(at));
  }
  return row;
}

MetricValue SweepRows::figure(const Line& line, const Metric& metric, const SweepPoint& point) const {
  if (metric.of == MetricOf::kDesign) {
    const PointOutcome nothing;
    return metric.value(evaluated_point(point, nothing));
  }
  const auto found = std::find_if(columns_.begin(), columns_.end(),
                                  [&](const Column& column) { return column.metric == &metric; });
  FUSESCAPE_EXPECTS(found != columns_.end());
  const std::size_t at = lead_.size() + static_cast<std::size_t>(found - columns_.begin());
  return printed_figure(metric, line[at], *point.workload, *point.design);
}

DesignFigures SweepRows::figures(std::string_view text, const SweepPoint& point) const {
  const Line line{text};
  DesignFigures made;
  const auto* const word = std::find(kStatusWords.begin(), kStatusWords.end(), line[position(Kind::kStatus)]);
  made.status = static_cast<Status>(word - kStatusWords.begin());
  made.strategy = point.strategy->name;
  const std::vector<Core>& cores = point.design->accelerator.cores;
  if (!cores.empty()) made.cores = cores.front().count;
  const bool runs = made.status == Status::kFeasible;
  for (const Metric* metric : answer_metrics(source_.spec())) {
    const bool known = runs || metric->of == MetricOf::kDesign;
    made.figures.emplace_back(metric, known ? figure(line, *metric, point)
                                            : MetricValue{unexpected<std::string>{"it does not run"}});
  }
  constexpr std::array kBounds{Bound::kCompute, Bound::kDram, Bound::kOnChip, Bound::kLink};
  for (const Bound bound : kBounds) {
    if (line[position(Kind::kBound)] == name_of(bound)) made.bound = bound;
  }
  return made;
}

}  // namespace fusescape
