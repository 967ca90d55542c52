// Is what `optimal` finds the best plan of the class that it states? Against a plain enumeration.
#include <catch2/catch.hpp>
#include <map>
#include <tuple>

#include "designs.hpp"
#include "enumerated_class.hpp"
#include "fusescape/search/optimal.hpp"
#include "fusescape/search/run_energy.hpp"
#include "objectives.hpp"
#include "random_machines.hpp"
#include "technology_tables.hpp"

namespace fusescape::test_plans::optimal_class_test {
namespace {

/// A group with some tensors kept, whatever else is.
struct PricedGroup {
  GroupProfile profile;
  EnergyCounts counts;
};

/// Time, bytes and energy add up over groups.
struct Figures {
  Ticks latency;
  Bytes moved;
  double energy_pj = 0.0;

  friend Figures operator+(const Figures& a, const Figures& b) {
    return {a.latency + b.latency, a.moved + b.moved, a.energy_pj + b.energy_pj};
  }
};

double value_of(const Figures& figures, Objective objective, const TickScale& scale) {
  return figure_of(PlanFigures{figures.latency, figures.moved, figures.energy_pj}, objective, scale);
}

/// Made by a unit, read by later ones; no output.
struct Between {
  TensorId tensor{};
  Bytes bytes;
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Every partition into groups of the class, every group of it, and every choice of whole tensors that stay
/// on chip between groups.
class Enumeration {
 public:
  Enumeration(const Planner& planner, const Design& design, const StrategyInputs& inputs)
      : planner_{planner}, design_{design}, inputs_{inputs}, list_{planner}, units_{units_of(planner)} {
    for (std::size_t first = 0; first < units_.size(); ++first) {
      for (std::size_t last = first + 1; last <= units_.size(); ++last)
        plans_[{first, last}] = plans(first, last);
    }
    find_between();
  }

  [[nodiscard]] std::size_t groups() const {
    std::size_t count = 0;
    for (const auto& [ends, plans] : plans_) count += plans.size();
    return count;
  }
  [[nodiscard]] std::size_t tensors_between() const { return between_.size(); }

  /// None: nothing fits.
  [[nodiscard]] std::optional<double> best() {
    best_.reset();
    for (std::size_t kept = 0; kept < std::size_t{1} << between_.size(); ++kept) {
      kept_ = kept;
      memory_.clear();
      extend(0, {});
    }
    return best_;
  }

 private:
  using Ends = std::pair<std::size_t, std::size_t>;

  [[nodiscard]] std::vector<Plan> plans(std::size_t first, std::size_t last) const;
  void find_between();
  void extend(std::size_t at, const std::vector<Ends>& groups);
  [[nodiscard]] std::vector<Figures> figures_of(const Ends& ends, const std::vector<Retention>& own,
                                                Bytes reserved) const;
  [[nodiscard]] std::optional<Figures> figures_of(Plan plan, const std::vector<Retention>& own,
                                                  Bytes reserved) const;
  void finish(const std::vector<Ends>& groups);

  const Planner& planner_;
  const Design& design_;
  const StrategyInputs& inputs_;
  GroupList list_;
  std::vector<Unit> units_;
  std::map<Ends, std::vector<Plan>> plans_;
  std::vector<Between> between_;
  std::size_t kept_ = 0;  ///< Bits of between_.
  std::map<std::tuple<Ends, std::size_t, std::int64_t>, std::vector<Figures>> memory_;
  std::optional<double> best_;
};

/// Those that are legal and that the cores run.
std::vector<Plan> Enumeration::plans(std::size_t first, std::size_t last) const {
  const std::vector<Unit> units{units_.begin() + static_cast<std::ptrdiff_t>(first),
                                units_.begin() + static_cast<std::ptrdiff_t>(last)};
  std::vector<Plan> found;
  if (units.size() == 1) found = list_.alone(units.front());
  if (list_.is_cut(units_, first) && list_.is_cut(units_, last)) {
    std::vector<Plan> fused = list_.fused(units);
    found.insert(found.end(), fused.begin(), fused.end());
  }
  std::erase_if(found, [&](const Plan& plan) {
    return !lay_out(planner_.cascade(), plan, Coverage::kPart) || !planner_.runs_on_hardware(plan);
  });
  return found;
}

void Enumeration::find_between() {
  const Cascade& cascade = planner_.cascade();
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    if (!cascade.producer[i] || cascade.tensors[i].kind == TensorKind::kOutput) continue;
    Between one{tensor, bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensors[i].type))};
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (is_in(units_[u], *cascade.producer[i])) one.first = one.last = u;
    }
    for (std::size_t u = one.first; u < units_.size(); ++u) {
      for (const Use& use : cascade.uses[i]) {
        if (is_in(units_[u], use.op)) one.last = u;
      }
    }
    if (one.last > one.first) between_.push_back(one);
  }
}

std::optional<Figures> Enumeration::figures_of(Plan plan, const std::vector<Retention>& own,
                                               Bytes reserved) const {
  const Cascade& cascade = planner_.cascade();
  const auto layout = lay_out(cascade, plan, Coverage::kPart);
  plan.retentions = own;
  PlanProfile made{{profile_group(cascade, plan, layout->groups.front(), planner_.options())}};
  const auto counts = energy_counts(cascade, plan, *layout, made, planner_.options());
  made.groups.front().reserved = reserved;
  const auto cost = evaluate_group(made.groups.front(), design_.machine);
  if (!cost) return std::nullopt;
  Figures figures{cost->latency, made.groups.front().dram_read + made.groups.front().dram_write};
  if (!reads_energy(inputs_.minimize)) return figures;
  const std::vector<GroupCost> costs{*cost};
  const Energy energy =
      energy_of(counts, activities_of(costs, design_.machine, inputs_.prices->clock), *inputs_.prices)
          .plan.total;
  if (!energy) return std::nullopt;
  figures.energy_pj = energy->value();
  return figures;
}

/// Of every group between these ends that fits. Of sums only the least is of use, of a product all are.
std::vector<Figures> Enumeration::figures_of(const Ends& ends, const std::vector<Retention>& own,
                                             Bytes reserved) const {
  std::vector<Figures> found;
  for (const Plan& plan : plans_.at(ends)) {
    if (const auto figures = figures_of(plan, own, reserved)) found.push_back(*figures);
  }
  const auto value = [&](const Figures& one) {
    return value_of(one, inputs_.minimize, design_.machine.scale);
  };
  if (inputs_.minimize != Objective::kEnergyDelay && !found.empty()) {
    found = {*std::min_element(found.begin(), found.end(),
                               [&](const Figures& a, const Figures& b) { return value(a) < value(b); })};
  }
  return found;
}

void Enumeration::finish(const std::vector<Ends>& groups) {
  std::vector<Figures> sums{Figures{}};
  for (const Ends& ends : groups) {
    std::vector<Retention> own;
    std::size_t own_bits = 0;
    Bytes reserved;
    for (std::size_t i = 0; i < between_.size(); ++i) {
      if ((kept_ >> i & 1U) == 0) continue;
      const Between& one = between_[i];
      const auto group_of_unit = [&](std::size_t unit) {
        return std::find_if(groups.begin(), groups.end(),
                            [&](const Ends& group) { return unit >= group.first && unit < group.second; });
      };
      if (group_of_unit(one.first) == group_of_unit(one.last)) return;  // Nothing to keep it for.
      if (one.first >= ends.second || one.last < ends.first) continue;
      reserved += one.bytes;
      const auto& uses = planner_.cascade().uses[index_of(one.tensor)];
      const bool reads = std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
        for (std::size_t u = ends.first; u < ends.second; ++u) {
          if (is_in(units_[u], use.op)) return true;
        }
        return false;
      });
      if (!reads && one.first < ends.first) continue;
      own.push_back({one.tensor, one.bytes});
      own_bits |= std::size_t{1} << i;
    }
    const auto [known, is_new] = memory_.try_emplace({ends, own_bits, reserved.value()});
    if (is_new) known->second = figures_of(ends, own, reserved);
    std::vector<Figures> longer;
    for (const Figures& sum : sums) {
      for (const Figures& figures : known->second) longer.push_back(sum + figures);
    }
    // What another sum beats in both figures is the start of no better product.
    std::vector<Figures> useful;
    for (const Figures& one : longer) {
      const bool beaten = std::any_of(useful.begin(), useful.end(), [&](const Figures& other) {
        return other.latency <= one.latency && other.energy_pj <= one.energy_pj && other.moved <= one.moved;
      });
      if (!beaten) useful.push_back(one);
    }
    sums = std::move(useful);
  }
  for (const Figures& sum : sums) {
    const double value = value_of(sum, inputs_.minimize, design_.machine.scale);
    if (!best_ || value < *best_) best_ = value;
  }
}

void Enumeration::extend(std::size_t at, const std::vector<Ends>& groups) {
  if (at == units_.size()) return finish(groups);
  for (std::size_t last = at + 1; last <= units_.size(); ++last) {
    if (plans_.at({at, last}).empty()) continue;
    std::vector<Ends> longer = groups;
    longer.emplace_back(at, last);
    extend(last, longer);
  }
}

TEST_CASE("Optimal is the best plan of its class, whichever way that is searched") {
  int own = 0;
  int fused = 0;
  int keeping = 0;
  int five = 0;
  int recurrent = 0;
  for_all(250, [&](Dice& dice) {
    Cascade cascade = random_cascade(dice);
    for (Tensor& tensor : cascade.tensors) {  // Ranks of weights may be tokens, or not.
      if (tensor.kind == TensorKind::kInput && dice.one_in(2)) tensor.kind = TensorKind::kWeight;
    }
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    accelerator.sram.banks = 1;
    accelerator.sram.capacity = Bytes{std::int64_t{1} << dice.in(4, 9)};
    const Planner planner{cascade, accelerator};
    const Design design = with_energies(accelerator);
    const ObjectiveFacts& facts = kObjectives[static_cast<std::size_t>(dice.in(0, 3))];
    const StrategyInputs inputs = minimising(facts.objective, design);
    CAPTURE(text_of(cascade), facts.metric, design.machine.capacity.value());
    const auto answer = optimal_answer(planner, design.machine, inputs);
    if (answer && !answer->whole) return;
    Enumeration all{planner, design, inputs};
    const std::optional<double> least = all.best();
    if (!least) return;
    REQUIRE(answer.has_value());
    const double found = figure_of(answer->figures, facts.objective, design.machine.scale);
    CAPTURE(found, *least, all.groups(), answer->winner, text_of(cascade, answer->plan));
    CHECK(found <= *least * (1.0 + 1e-12));
    if (answer->winner != kOptimalName) return;
    CHECK(found == Approx(*least).epsilon(1e-12));
    ++own;
    const std::size_t groups = answer->plan.node(kRoot).children.size();
    fused += groups < units_of(planner).size() ? 1 : 0;
    keeping += answer->plan.retentions.empty() ? 0 : 1;
    five += cascade.operators.size() == 5 ? 1 : 0;
    recurrent += cascade.recurrences.empty() ? 0 : 1;
  });
  CHECK(own > 30);
  CHECK(fused > 10);
  CHECK(keeping > 3);
  CHECK(five > 3);
  CHECK(recurrent > 10);
}

}  // namespace
}  // namespace fusescape::test_plans::optimal_class_test
