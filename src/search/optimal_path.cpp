#include "optimal_path.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "optimal_steps.hpp"

namespace fusescape {
namespace {

/// A path up to some unit: its last group, and the path before it.
struct Label {
  PlanFigures sum;
  PathStep step;
  std::size_t before = 0;  ///< Of PathSearch::labels_; the first one is the empty path.
};

/// What may still be on chip of what is read later, and the paths that leave just that.
using Arrivals = std::map<KeptSet, std::vector<std::size_t>>;

PlanFigures operator+(const PlanFigures& a, const PlanFigures& b) {
  return {a.latency + b.latency, a.moved + b.moved, a.energy_pj + b.energy_pj, a.busy + b.busy};
}

PlanFigures least_of(const PlanFigures& a, const PlanFigures& b) {
  return {std::min(a.latency, b.latency), std::min(a.moved, b.moved), std::min(a.energy_pj, b.energy_pj),
          std::min(a.busy, b.busy)};
}

class PathSearch {
 public:
  explicit PathSearch(const PathQuestion& question)
      : question_{question},
        pricing_{question},
        edges_{question.space.edges()},
        front_{question.trades || question.inputs.minimize == Objective::kEnergyDelay} {}

  [[nodiscard]] std::vector<OptimalPath> run();

 private:
  void search(KeptSet may_keep);
  void relax(const SpaceEdge& edge, KeptSet kept, const std::vector<std::size_t>& from);
  void relax_keeping(const SpaceEdge& edge, KeptSet kept, KeptSet more, const std::vector<std::size_t>& from);
  /// A way, and what it takes at the least.
  struct Promise {
    const Way* way = nullptr;
    PlanFigures least;
  };
  void find_promising(const SpaceEdge& edge, KeptSet own, Bytes reserved, const PlanFigures& before);
  void find_steps(const SpaceEdge& edge, KeptSet own, Bytes reserved, const PlanFigures& before);
  void find_rests(KeptSet may_keep);
  [[nodiscard]] PlanFigures rest_from(std::size_t unit) const {
    return rests_.empty() ? PlanFigures{} : rests_[unit].value_or(PlanFigures{});
  }
  [[nodiscard]] KeptSet keepable() const;
  [[nodiscard]] bool hopeless(const PlanFigures& least) const;
  [[nodiscard]] bool beats(const PlanFigures& a, const PlanFigures& b) const;
  [[nodiscard]] PlanFigures least_sum(const std::vector<std::size_t>& labels) const;
  template <class Item, class FiguresOf>
  bool offer(std::vector<Item>& kept, const Item& item, const FiguresOf& figures_of) const;
  [[nodiscard]] std::vector<std::size_t> complete() const;
  void add_complete(std::vector<OptimalPath>& found) const;
  [[nodiscard]] OptimalPath path_to(std::size_t label) const;

  const PathQuestion& question_;
  StepPricing pricing_;
  const std::vector<SpaceEdge>& edges_;
  bool front_;  ///< All that is best in latency or energy is kept, not the best of one figure.
  std::vector<Label> labels_;
  std::vector<Arrivals> arrivals_;  ///< Per unit.
  KeptSet may_keep_ = 0;
  std::vector<Promise> promising_;  ///< What find_promising() has found,
  std::vector<PathStep> steps_;     ///< and find_steps().
  // Once paths are known that keep nothing between groups:
  std::vector<PlanFigures> known_;                 ///< What they take.
  std::vector<PlanFigures> lowest_;                ///< Per edge, what any of its ways takes at the least.
  std::vector<std::optional<PlanFigures>> rests_;  ///< Per unit, what any path from it on does.
};

/// Of two ways to run the same units: in what is minimised, then in time, then in bytes, then in
/// how long PEs and on-chip ports are busy; of a front in both
/// latency and energy.
bool PathSearch::beats(const PlanFigures& a, const PlanFigures& b) const {
  if (front_) return a.latency <= b.latency && a.energy_pj <= b.energy_pj;
  switch (question_.inputs.minimize) {
    case Objective::kEnergy:
      return std::tie(a.energy_pj, a.latency, a.moved) <= std::tie(b.energy_pj, b.latency, b.moved);
    case Objective::kDramBytes:
      return std::tie(a.moved, a.latency, a.busy) <= std::tie(b.moved, b.latency, b.busy);
    case Objective::kLatency:
    case Objective::kEnergyDelay:
      break;
  }
  return std::tie(a.latency, a.moved, a.busy) <= std::tie(b.latency, b.moved, b.busy);
}

/// Whether a whole path that takes no less than this is no better than one that is known.
bool PathSearch::hopeless(const PlanFigures& least) const {
  return std::any_of(known_.begin(), known_.end(), [&](const PlanFigures& known) {
    if (front_) return known.latency <= least.latency && known.energy_pj <= least.energy_pj;
    switch (question_.inputs.minimize) {
      case Objective::kEnergy:
        return known.energy_pj <= least.energy_pj;
      case Objective::kDramBytes:
        return known.moved <= least.moved;
      case Objective::kLatency:
      case Objective::kEnergyDelay:
        break;
    }
    return known.latency <= least.latency;
  });
}

/// Keeps `item` unless one that is kept beats it, and drops those that it beats.
template <class Item, class FiguresOf>
bool PathSearch::offer(std::vector<Item>& kept, const Item& item, const FiguresOf& figures_of) const {
  const PlanFigures& figures = figures_of(item);
  for (const Item& other : kept) {
    if (beats(figures_of(other), figures)) return false;
  }
  std::erase_if(kept, [&](const Item& other) { return beats(figures, figures_of(other)); });
  kept.push_back(item);
  return true;
}

/// Ways of the edge that fit and may still lead to a better path than those known. Of one figure that is
/// minimised only those that may be as good as the one that promises most.
void PathSearch::find_promising(const SpaceEdge& edge, KeptSet own, Bytes reserved,
                                const PlanFigures& before) {
  std::vector<Promise>& found = promising_;
  found.clear();
  const PlanFigures around = before + rest_from(edge.last);
  const Promise* most = nullptr;
  for (const Way& way : edge.ways) {
    if (!pricing_.fits(way, reserved)) continue;
    const PlanFigures least = pricing_.least(way, own);
    if (known_.empty() || !hopeless(around + least)) found.push_back({&way, least});
  }
  if (front_ || found.size() < 2) return;
  for (const Promise& one : found) {
    if (most == nullptr || !beats(most->least, one.least)) most = &one;
  }
  const std::optional<PlanFigures> reached = pricing_.price(*most->way, own, reserved);
  if (reached) std::erase_if(found, [&](const Promise& one) { return !beats(one.least, *reached); });
}

/// Ways of one edge that no other one beats.
void PathSearch::find_steps(const SpaceEdge& edge, KeptSet own, Bytes reserved, const PlanFigures& before) {
  steps_.clear();
  const auto figures_of = [](const PathStep& step) -> const PlanFigures& { return step.figures; };
  find_promising(edge, own, reserved, before);
  for (const Promise& one : promising_) {
    if (!front_ && !steps_.empty() && beats(steps_.front().figures, one.least)) continue;
    const std::optional<PlanFigures> figures = pricing_.price(*one.way, own, reserved);
    if (figures) offer(steps_, PathStep{&edge, one.way, own, *figures}, figures_of);
  }
}

/// Paths to the edge's first unit that keep `kept`, with one group more that keeps `more` of what it makes.
void PathSearch::relax_keeping(const SpaceEdge& edge, KeptSet kept, KeptSet more,
                               const std::vector<std::size_t>& from) {
  const Bytes reserved = question_.space.reserved(kept | more);
  if (reserved > question_.machine.capacity) return;
  const auto sum_of = [&](std::size_t label) -> const PlanFigures& { return labels_[label].sum; };
  std::vector<std::size_t>& to = arrivals_[edge.last][(kept & edge.later) | more];
  find_steps(edge, (kept & edge.read) | more, reserved, least_sum(from));
  for (const PathStep& step : steps_) {
    for (const std::size_t before : from) {
      labels_.push_back({labels_[before].sum + step.figures, step, before});
      if (!offer(to, labels_.size() - 1, sum_of)) labels_.pop_back();
    }
  }
}

PlanFigures PathSearch::least_sum(const std::vector<std::size_t>& labels) const {
  PlanFigures least = labels_[labels.front()].sum;
  for (const std::size_t label : labels) least = least_of(least, labels_[label].sum);
  return least;
}

void PathSearch::relax(const SpaceEdge& edge, KeptSet kept, const std::vector<std::size_t>& from) {
  if (from.empty()) return;
  const auto at = static_cast<std::size_t>(&edge - edges_.data());
  if (!known_.empty() && hopeless(least_sum(from) + lowest_[at] + rest_from(edge.last))) return;
  const KeptSet made = edge.made & may_keep_;
  for (KeptSet more = made;; more = (more - 1) & made) {  // Every subset.
    relax_keeping(edge, kept, more, from);
    if (more == 0) return;
  }
}

/// What each edge, and each path from a unit on, takes at the least.
void PathSearch::find_rests(KeptSet may_keep) {
  rests_.assign(question_.space.units() + 1, std::nullopt);
  rests_.back() = PlanFigures{};
  lowest_.assign(edges_.size(), PlanFigures{});
  for (std::size_t at = edges_.size(); at-- > 0;) {
    const SpaceEdge& edge = edges_[at];
    if (question_.avoided == std::pair{edge.first, edge.last} || !rests_[edge.last]) continue;
    std::optional<PlanFigures> lowest;
    for (const Way& way : edge.ways) {
      if (!pricing_.fits(way, Bytes{0})) continue;
      const PlanFigures least = pricing_.least(way, (edge.read | edge.made) & may_keep);
      lowest = lowest ? least_of(*lowest, least) : least;
    }
    if (!lowest) continue;
    lowest_[at] = *lowest;
    const PlanFigures from_here = *lowest + *rests_[edge.last];
    std::optional<PlanFigures>& rest = rests_[edge.first];
    rest = rest ? least_of(*rest, from_here) : from_here;
  }
}

void PathSearch::search(KeptSet may_keep) {
  may_keep_ = may_keep;
  labels_.assign(1, Label{});
  arrivals_.assign(question_.space.units() + 1, Arrivals{});
  arrivals_.front()[0] = {0};
  for (const SpaceEdge& edge : edges_) {
    if (question_.avoided == std::pair{edge.first, edge.last}) continue;
    for (const auto& [kept, from] : arrivals_[edge.first]) relax(edge, kept, from);
  }
}

std::vector<std::size_t> PathSearch::complete() const {
  const auto found = arrivals_.back().find(0);
  return found == arrivals_.back().end() ? std::vector<std::size_t>{} : found->second;
}

OptimalPath PathSearch::path_to(std::size_t label) const {
  OptimalPath path{.figures = labels_[label].sum, .steps = {}};
  for (std::size_t at = label; at != 0; at = labels_[at].before) path.steps.push_back(labels_[at].step);
  std::reverse(path.steps.begin(), path.steps.end());
  return path;
}

/// Those that fit.
KeptSet PathSearch::keepable() const {
  KeptSet set = 0;
  if (!question_.inputs.with.has(Ingredient::kRetention)) return set;
  const std::vector<KeptTensor>& kept = question_.space.kept();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i].bytes <= question_.machine.capacity) set |= KeptSet{1} << i;
  }
  return set;
}

/// Of the whole cascade, those that none of `found` beats.
void PathSearch::add_complete(std::vector<OptimalPath>& found) const {
  const auto figures_of = [](const OptimalPath& path) -> const PlanFigures& { return path.figures; };
  for (const std::size_t label : complete()) offer(found, path_to(label), figures_of);
}

/// First with nothing kept between groups, then only for what may be better with it.
std::vector<OptimalPath> PathSearch::run() {
  std::vector<OptimalPath> found;
  search(0);
  add_complete(found);
  if (const KeptSet may_keep = keepable(); may_keep != 0) {
    for (const OptimalPath& path : found) known_.push_back(path.figures);
    find_rests(may_keep);
    const bool hope = rests_.front() && !hopeless(*rests_.front());
    if (hope) search(may_keep);
    if (hope) add_complete(found);
  }
  std::sort(found.begin(), found.end(),
            [](const OptimalPath& a, const OptimalPath& b) { return a.figures.latency < b.figures.latency; });
  return found;
}

}  // namespace

std::vector<OptimalPath> optimal_paths(const PathQuestion& question) {
  return PathSearch{question}.run();
}

Plan plan_of(const OptimalPath& path, const Planner& planner, const OptimalSpace& space) {
  Plan plan;
  plan.spatial = planner.spatial();
  KeptSet kept = 0;
  for (const PathStep& step : path.steps) {
    add_way(plan, planner.cascade(), space.updates(), *step.way);
    kept |= step.own & step.edge->made;
  }
  plan.retentions = space.retentions(kept);
  return plan;
}

}  // namespace fusescape
