// Is `optimal` ever beaten, and does what it returns hold on random shapes and machines?
#include "fusescape/search/optimal.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/check/verification.hpp"
#include "fusescape/cost/busy_time.hpp"
#include "fusescape/cost/physical_limit.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/run_energy.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"
#include "objectives.hpp"
#include "random_machines.hpp"
#include "technology_tables.hpp"

namespace fusescape::test_plans::optimal_test {
namespace {

Mamba1 random_block(Dice& dice) {
  Mamba1 shape;
  shape.d_model = dice.in(1, 6);
  shape.d_inner = dice.in(1, 8);
  shape.d_state = dice.in(1, 4);
  shape.dt_rank = dice.in(1, 3);
  shape.d_conv = dice.in(1, 3);
  shape.tokens = dice.in(1, 9);
  shape.batch = dice.in(1, 2);
  return shape;
}

/// An accelerator with a memory of `bytes`.
Accelerator with_memory(Accelerator accelerator, std::int64_t bytes) {
  accelerator.sram.banks = 1;
  accelerator.sram.capacity = Bytes{bytes};
  return accelerator;
}

/// `check(planner, accelerator)` for random blocks and other cascades.
template <class Check>
void for_designs(std::uint32_t cases, const Check& check) {
  for_all(cases, [&](Dice& dice) {
    const Cascade cascade =
        dice.one_in(3) ? lengthened(dice, random_cascade(dice)) : sound(mamba1_block(random_block(dice)));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const Planner planner{cascade, accelerator};
    const Accelerator sized = with_memory(accelerator, std::int64_t{1} << dice.in(6, 14));
    CAPTURE(text_of(cascade), sized.sram.capacity.value());
    check(planner, sized);
  });
}

/// What `inputs` minimise, of a plan that was assessed. None: its energy is not known.
std::optional<double> minimised(const Assessment& assessed, const Cascade& cascade, const Design& design,
                                const StrategyInputs& inputs) {
  const Energy energy = plan_energy(run_of(cascade, design, assessed), design).plan.total;
  if (!energy && reads_energy(inputs.minimize)) return std::nullopt;
  const GroupCost& total = assessed.cost.total;
  switch (inputs.minimize) {
    case Objective::kLatency:
      return static_cast<double>(total.latency.value());
    case Objective::kEnergy:
      return energy->value();
    case Objective::kDramBytes:
      return static_cast<double>((total.dram_read + total.dram_write).value());
    case Objective::kEnergyDelay:
      break;
  }
  return energy->value() * static_cast<double>(assessed.cost.latency.value());
}

/// Energies are sums of doubles in another order.
constexpr double kRounding = 1.0 + 1e-12;

TEST_CASE("No strategy beats optimal in what it minimises, and where one has a plan so has optimal") {
  int feasible = 0;
  for_designs(25, [&](const Planner& planner, const Accelerator& accelerator) {
    const Design design = with_energies(accelerator);
    for (const ObjectiveFacts& facts : kObjectives) {
      const StrategyInputs inputs = minimising(facts.objective, design);
      const auto answer = optimal_answer(planner, design.machine, inputs);
      for (const Strategy& strategy : strategies()) {
        CAPTURE(facts.metric, strategy.name);
        if (strategy.name == kOptimalName) continue;
        const auto other = assess(planner, design, strategy);
        if (!other) continue;
        const auto theirs = minimised(*other, planner.cascade(), design, inputs);
        if (!theirs) continue;
        REQUIRE(answer.has_value());
        CHECK(figure_of(answer->figures, facts.objective, design.machine.scale) <= *theirs * kRounding);
      }
      feasible += answer.has_value() ? 1 : 0;
    }
  });
  CHECK(feasible > 30);
}

TEST_CASE("What optimal minimises is what its plan takes, and no less than its bound") {
  int feasible = 0;
  int keeping = 0;
  for_designs(25, [&](const Planner& planner, const Accelerator& accelerator) {
    const Design design = with_energies(accelerator);
    for (const ObjectiveFacts& facts : kObjectives) {
      CAPTURE(facts.metric);
      const StrategyInputs inputs = minimising(facts.objective, design);
      const auto answer = optimal_answer(planner, design.machine, inputs);
      if (!answer) continue;
      const auto assessed = assess(planner.cascade(), design, answer->plan);
      REQUIRE(assessed.has_value());
      const double value = figure_of(answer->figures, facts.objective, design.machine.scale);
      CHECK(value == Approx(*minimised(*assessed, planner.cascade(), design, inputs)).epsilon(1e-12));
      const OptimalBound bound = optimal_bound(planner, design.machine, inputs, *answer);
      CHECK(figure_of(bound.figures, facts.objective, design.machine.scale) <= value * kRounding);
      ++feasible;
      keeping += answer->winner == kOptimalName && !answer->plan.retentions.empty() ? 1 : 0;
    }
  });
  CHECK(feasible > 30);
  CHECK(keeping > 2);
}

TEST_CASE("Without an ingredient the best plan has none of it, and of a whole class it is no better") {
  int worse = 0;
  for_designs(20, [&](const Planner& planner, const Accelerator& accelerator) {
    const Machine machine = design_of(accelerator).machine;
    const auto all = optimal_answer(planner, machine);
    for (const IngredientFacts& facts : kIngredients) {
      CAPTURE(facts.name);
      StrategyInputs inputs;
      inputs.with = inputs.with.without(facts.ingredient);
      const auto fewer = optimal_answer(planner, machine, inputs);
      if (!fewer) continue;
      REQUIRE(all.has_value());
      // Of the others not all of a large class is laid out: what is, may be another part of it.
      const bool is_part =
          all->whole || facts.ingredient == Ingredient::kFusion || facts.ingredient == Ingredient::kRetention;
      if (is_part) CHECK(all->figures.latency <= fewer->figures.latency);
      worse += all->figures.latency < fewer->figures.latency ? 1 : 0;
      const auto is_chain = [](const Node& node) { return node.kind == NodeKind::kChain; };
      const std::vector<Node>& nodes = fewer->plan.nodes;
      if (facts.ingredient == Ingredient::kChains) CHECK(std::none_of(nodes.begin(), nodes.end(), is_chain));
      if (facts.ingredient == Ingredient::kRetention) CHECK(fewer->plan.retentions.empty());
      for (const NodeId group : fewer->plan.node(kRoot).children) {
        const std::vector<OpId> operators = operators_below(fewer->plan, group);
        if (facts.ingredient == Ingredient::kFusion)
          CHECK(operators.size() == planner.unit(operators.front()).size());
      }
    }
  });
  CHECK(worse > 6);
}

TEST_CASE("The front of latency and energy holds both optima and the best product, and no point twice") {
  int points = 0;
  for_designs(15, [&](const Planner& planner, const Accelerator& accelerator) {
    const Design design = with_energies(accelerator);
    const TickScale& scale = design.machine.scale;
    const auto best = [&](Objective objective) {
      return optimal_answer(planner, design.machine, minimising(objective, design));
    };
    const auto fastest = best(Objective::kLatency);
    const auto least = best(Objective::kEnergy);
    if (!fastest || !least) return;
    const auto front = latency_energy_front(planner, design.machine, minimising(Objective::kLatency, design));
    REQUIRE_FALSE(front.empty());
    CHECK(scale.whole_cycles(front.front().figures.latency) >=
          scale.whole_cycles(fastest->figures.latency));  // Whose energy may not be known.
    CHECK(front.back().figures.energy_pj == Approx(least->figures.energy_pj).epsilon(1e-12));
    double product = front.front().figures.energy_delay(scale);
    for (std::size_t i = 1; i < front.size(); ++i) {
      CHECK(scale.whole_cycles(front[i - 1].figures.latency) < scale.whole_cycles(front[i].figures.latency));
      CHECK(front[i - 1].figures.energy_pj > front[i].figures.energy_pj);
      product = std::min(product, front[i].figures.energy_delay(scale));
    }
    CHECK(product == Approx(best(Objective::kEnergyDelay)->figures.energy_delay(scale)).epsilon(1e-12));
    points += front.size() > 1 ? 1 : 0;
  });
  CHECK(points > 2);
}

TEST_CASE("What optimal returns is legal, costs what it says, and lies between its bounds and no lower") {
  int feasible = 0;
  int own = 0;
  for_designs(25, [&](const Planner& planner, const Accelerator& accelerator) {
    const Design design = design_of(accelerator);
    const auto answer = optimal_answer(planner, design.machine);
    if (!answer) return;
    ++feasible;
    own += answer->winner == kOptimalName ? 1 : 0;
    const auto assessed = assess(planner.cascade(), design, answer->plan);
    REQUIRE(assessed.has_value());
    CHECK(assessed->cost.total.latency == answer->figures.latency);
    // The plan's own groups, if none of their tiles waited, are among what the bound is the least of.
    Ticks busy;
    for (const GroupProfile& group : assessed->profile.groups)
      busy += busy_time(group, design.machine).least();
    const Ticks bound = optimal_bound(planner, design.machine, {}, *answer).figures.latency;
    CHECK(bound <= (answer->winner == kOptimalName ? busy : answer->figures.latency));
    const bool side_by_side = std::any_of(
        planner.spatial().begin(), planner.spatial().end(),
        [](const SpatialMapping& mapping) { return mapping.operand_loads == OperandLoads::kConcurrent; });
    const auto limit = physical_limit(planner.cascade(), accelerator);
    if (limit && !side_by_side) CHECK(limit->latency <= assessed->cost.latency);
  });
  CHECK(feasible > 8);
  CHECK(own > 4);
}

TEST_CASE("Optimal computes what the cascade says, in the memory that it says") {
  int verified = 0;
  for_designs(25, [&](const Planner& planner, const Accelerator& accelerator) {
    const auto answer = optimal_answer(planner, design_of(accelerator).machine);
    if (!answer) return;
    CHECK(verify(planner.cascade(), answer->plan, accelerator).passed());
    ++verified;
  });
  CHECK(verified > 8);
}

TEST_CASE("Optimal is never slower with more memory behind the same ports, nor with a wider DRAM") {
  int compared = 0;
  for_designs(20, [&](const Planner& planner, Accelerator accelerator) {
    std::optional<double> before;
    for (int step = 0; step < 6; ++step) {
      const Machine machine = make_machine(accelerator).value();
      const auto answer = optimal_answer(planner, machine);
      if (before) REQUIRE(answer.has_value());
      if (answer) {
        const double cycles = static_cast<double>(answer->figures.latency.value()) /
                              static_cast<double>(machine.scale.ticks_per_cycle());
        if (before) CHECK(cycles <= *before);
        compared += before ? 1 : 0;
        before = cycles;
      }
      if (step % 2 == 0) accelerator.sram.capacity = accelerator.sram.capacity * 2;
      if (step % 2 == 1) accelerator.dram.bandwidth.value *= 2;
    }
  });
  CHECK(compared > 25);
}

TEST_CASE("Optimal returns the same plan for the same inputs") {
  for_designs(15, [](const Planner& planner, const Accelerator& accelerator) {
    const Machine machine = make_machine(accelerator).value();
    const Planner other{planner.cascade(), accelerator};
    const auto a = optimal_answer(planner, machine);
    const auto b = optimal_answer(other, machine);
    REQUIRE(a.has_value() == b.has_value());
    if (a) CHECK(a->plan == b->plan);
  });
}

TEST_CASE("As many tensors may be kept between groups as a set of them has bits") {
  CascadeBuilder make{"chain", DataType::kInt8};
  const std::vector<RankId> ranks{make.rank("L", Elements{4})};
  TensorId read = make.tensor("x", ranks, TensorKind::kInput);
  for (int i = 0; i < 66; ++i) {
    const TensorId last = read;
    const std::string name = fmt::format("a{}", i);
    read = make.make(name, OpKind::kRelu, {name, ranks}, {make.at(last)});
  }
  const Cascade cascade = sound(make.finish());
  const Accelerator machine = with_memory(accelerator(2, 2), 64);
  const Planner planner{cascade, machine};
  StrategyInputs inputs;
  inputs.with = inputs.with.without(Ingredient::kFusion);
  const auto answer = optimal_answer(planner, make_machine(machine).value(), inputs);
  REQUIRE(answer.has_value());
  CHECK(assess(cascade, design_of(machine), answer->plan).has_value());
}

}  // namespace
}  // namespace fusescape::test_plans::optimal_test
