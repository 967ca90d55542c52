// Does the corey strategy cut where entropies say, and does nothing else know of them?
#include <catch2/catch.hpp>
#include <map>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"
#include "plans.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::corey_strategy_test {
namespace {

Cascade block_of(std::int64_t tokens) {
  Mamba1 shape{.d_model = 8, .d_inner = 12, .d_state = 4, .d_conv = 4, .dt_rank = 2};
  shape.tokens = tokens;
  return sound(mamba1_block(shape));
}

const Strategy& corey() {
  return *find_strategy("corey");
}

EntropySource given(const Cascade& cascade, const std::function<double(std::size_t op)>& share) {
  GivenEntropy table{.file = "test", .tensors = {}};
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    table.tensors.push_back(
        {.tensor = cascade.tensor(cascade.operators[i].output).name, .bits = share(i) * kMostEntropyBits});
  }
  return {table};
}

std::size_t groups(const Plan& plan) {
  return plan.node(kRoot).children.size();
}

Assessment found(const Planner& planner, const Accelerator& machine, const EntropySource& source) {
  auto made = assess(planner, design_of(machine), corey(), {source});
  if (!made) FAIL(describe(made.error()));
  return std::move(*made);
}

TEST_CASE("Entropies of one source are the same every time, within their range, and of two seeds differ") {
  const Cascade cascade = block_of(4);
  for (const EntropySource& source : {EntropySource{SyntheticEntropy{1}}, EntropySource{RandomEntropy{1}},
                                      EntropySource{ConstantEntropy{}}}) {
    const auto values = normalised_entropies(source, cascade);
    REQUIRE(values.has_value());
    REQUIRE(values->size() == cascade.operators.size());
    for (const double value : *values) CHECK((value >= 0.0 && value <= 1.0));
    CHECK(*normalised_entropies(source, cascade) == *values);
    EntropySource mixed = source;
    mixed.shuffled = 3;
    std::vector<double> shuffled = *normalised_entropies(mixed, cascade);
    CHECK((shuffled != *values) == !std::holds_alternative<ConstantEntropy>(source.values));
    std::vector<double> sorted = *values;
    std::sort(sorted.begin(), sorted.end());
    std::sort(shuffled.begin(), shuffled.end());
    CHECK(shuffled == sorted);
  }
  CHECK(*normalised_entropies({SyntheticEntropy{1}}, cascade) !=
        *normalised_entropies({SyntheticEntropy{2}}, cascade));
}

TEST_CASE("A table without one of the made tensors is refused with its name") {
  const Cascade cascade = block_of(4);
  EntropySource source = given(cascade, [](std::size_t) { return 0.5; });
  std::get<GivenEntropy>(source.values).tensors.pop_back();
  const auto refused = assess(cascade, design_of(accelerator()), corey(), {source});
  REQUIRE_FALSE(refused.has_value());
  CHECK(describe(refused.error()).find("has no entropy of out: corey needs one") != std::string::npos);
}

TEST_CASE("What a corey plan costs is what its plan costs, whoever made it") {
  for_all(15, [](Dice& dice) {
    const Cascade cascade = block_of(dice.in(1, 9));
    Accelerator machine = accelerator(dice.in(1, 4), dice.in(1, 4));
    machine.sram.capacity = Bytes{1 << dice.in(12, 18)};
    const Planner planner{cascade, machine};
    const auto seed = static_cast<std::uint64_t>(dice.in(1, 1000));
    const auto made = assess(planner, design_of(machine), corey(), {{RandomEntropy{seed}}});
    if (!made) return;
    const auto again = assess(cascade, design_of(machine), made->plan);
    REQUIRE(again.has_value());
    CHECK(again->cost.total.latency == made->cost.total.latency);
    CHECK(again->cost.total.ops == total_ops(cascade));
  });
}

TEST_CASE(
    "Where all entropies are alike, their height cuts nothing: only differences between tensors count") {
  const Cascade cascade = block_of(9);
  const Accelerator machine = accelerator(2, 2);
  const Planner planner{cascade, machine};
  const Plan low = found(planner, machine, given(cascade, [](std::size_t) { return 0.1; })).plan;
  // At 0.1 of the most a tile is 96 elements, at 0.12 it is 128: both are all 9 tokens and 12 channels.
  CHECK(found(planner, machine, given(cascade, [](std::size_t) { return 0.12; })).plan.nodes == low.nodes);
  CHECK(found(planner, machine, {ConstantEntropy{}}).plan.nodes == low.nodes);
}

TEST_CASE("An operator joins while the score exceeds 0.52: high entropy joins a pair, low entropy cuts it") {
  // Two additions over one rank: each 4 operations over 2 * 16 bytes; two alike quantities normalise to 0. So
  // S of the pair = 0.45 N(mean H) + 0.18. Three outputs have entropies: of the pair a = first, b = second,
  // and a third, alone behind a reduction of its own, sets the extremes.
  CascadeBuilder make{"pair", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId a = make.make("first", OpKind::kAdd, {"a", {l}}, {make.at(x), make.at(x)});
  const TensorId b = make.make("second", OpKind::kAdd, {"b", {l}}, {make.at(a), make.at(a)});
  const TensorId c = make.tensor("c", {l}, TensorKind::kOutput);
  make.make("third", OpKind::kAdd, c, {make.at(b), make.at(b)});
  const Cascade cascade = sound(make.finish());
  const Accelerator machine = accelerator();
  const Planner planner{cascade, machine};
  const auto count = [&](double first, double second, double third) {
    const std::vector<double> shares{first, second, third};
    return groups(found(planner, machine, given(cascade, [&](std::size_t op) { return shares[op]; })).plan);
  };
  // Extremes 0.2 and 0.8. First pair: N(0.8) = 1, S = 0.63 > 0.52. All three: mean 0.6, N = 2/3,
  // S = 0.3 + 0.36 = 0.66: one group.
  CHECK(count(0.8, 0.8, 0.2) == 1);
  // First pair: mean 0.5, N = 0.5, S = 0.405: cut. Second pair: mean 0.5 again: cut.
  CHECK(count(0.2, 0.8, 0.2) == 3);
  // First pair: N(0.65) = 0.75, S = 0.5175: just cut; 0.66 gives 0.525. Second pair: (0.5 + 0.2) / 2: cut.
  CHECK(count(0.8, 0.5, 0.2) == 3);
  // First pair: N(0.665) = 0.775, S = 0.52875. All three: mean 0.51, N = 0.5167, S = 0.5925.
  CHECK(count(0.8, 0.53, 0.2) == 1);
}

}  // namespace
}  // namespace fusescape::test_plans::corey_strategy_test
