// Which of its candidates does a planner choose, and does it know what they cost?
#include <catch2/catch.hpp>
#include <set>
#include <utility>

#include "../../src/search/group_trials.hpp"
#include "../../src/search/least_time.hpp"
#include "../../src/search/operator_key.hpp"
#include "../../src/search/ways.hpp"
#include "fusescape/search/array_work.hpp"
#include "fusescape/search/parallel_for.hpp"
#include "fusescape/search/planner.hpp"
#include "fusescape/search/strategy.hpp"
#include "planner_cases.hpp"
#include "random_machines.hpp"

namespace fusescape::test_plans::planner_best_test {
namespace {

/// Whether rows of tiles end with a shorter one: an outer loop runs more than once.
bool ends_rows_short(const Cascade& cascade, const Candidate& candidate) {
  bool outer = false;
  for (const LoopSpec& loop : candidate.loops) {
    const std::int64_t extent = cascade.extent(loop.rank).value();
    if (outer && extent % loop.tile != 0) return true;
    outer = outer || loop.tile < extent;
  }
  return false;
}

TEST_CASE("The best ends rows with a short tile only if what does not moves more, or takes a 128th longer") {
  int short_rows = 0;
  for_operators(200, [&](const Planner& planner, OpId op, const Machine& machine) {
    const Candidate* best = planner.best(op, machine);
    if (best == nullptr || !ends_rows_short(planner.cascade(), *best)) return;
    ++short_rows;
    const Ticks time = evaluate_group(planner.profile(*best), machine).value().latency;
    const Ticks least = least_time(planner, planner.candidates(op), machine).value();
    for (const Candidate& other : planner.candidates(op)) {
      const auto cost = evaluate_group(planner.profile(other), machine);
      if (!cost || ends_rows_short(planner.cascade(), other) || moved(other) > moved(*best)) continue;
      const bool close = at_most_a_part_above(cost->latency, time, kPartForEvenTiles);
      CHECK_FALSE((close && about(cost->latency, least)));
    }
  });
  CHECK(short_rows > 10);
}

/// What the decision record says of `candidates`, word by word: all of them are evaluated.
const Candidate* best_by_rule(const Planner& planner, const std::vector<Candidate>& candidates,
                              const Machine& machine) {
  const std::optional<Ticks> least = least_time(planner, candidates, machine);
  std::vector<std::pair<Ticks, const Candidate*>> lightest;
  for (const Candidate& candidate : candidates) {
    const auto cost = evaluate_group(planner.profile(candidate), machine);
    if (!cost || !about(cost->latency, *least)) continue;
    if (!lightest.empty() && moved(candidate) > moved(*lightest.front().second)) break;
    lightest.emplace_back(cost->latency, &candidate);
  }
  if (lightest.empty()) return nullptr;
  const auto faster = [](const auto& a, const auto& b) { return a.first < b.first; };
  const auto fastest = std::min_element(lightest.begin(), lightest.end(), faster);
  std::vector<std::pair<Ticks, const Candidate*>> even;
  for (const auto& one : lightest) {
    const bool close = at_most_a_part_above(one.first, fastest->first, kPartForEvenTiles);
    if (close && !ends_rows_short(planner.cascade(), *one.second)) even.push_back(one);
  }
  return even.empty() ? fastest->second : std::min_element(even.begin(), even.end(), faster)->second;
}

TEST_CASE("The best that few candidates settle is the best of all to the last tie") {
  int few = 0;
  int found = 0;
  for_operators(600, [&](const Planner& planner, OpId op, const Machine& machine) {
    const Candidate* first = planner.best(op, machine);  // Whoever asks once is answered from a few.
    const std::vector<Candidate>& all = planner.candidates(op);
    const Candidate* ruled = best_by_rule(planner, all, machine);
    REQUIRE((first == nullptr) == (ruled == nullptr));
    if (ruled == nullptr) return;
    ++found;
    CAPTURE(planner.cascade().op(op).name, first->loops.size(), ruled->loops.size());
    CHECK(planner.best(op, machine) == first);
    CHECK(first->loops == ruled->loops);
    CHECK(first->holds_windows == ruled->holds_windows);
    CHECK(first->weights == ruled->weights);
    few += first != ruled ? 1 : 0;
  });
  CHECK(few * 2 > found);
}

TEST_CASE("The best is the same whatever other memories and ports were asked about before") {
  int others = 0;
  for_all(1000, [&](Dice& dice) {  // Forgetting that the fastest must fit, too, fails the 800th.
    const Cascade cascade =
        dice.one_in(2) ? random_convolution(dice) : lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const Planner planner{cascade, accelerator};
    CAPTURE(text_of(cascade));
    std::vector<const Candidate*> before(cascade.operators.size(), nullptr);
    const std::int64_t largest = std::int64_t{1} << dice.in(5, 14);
    for (int asked = 0; asked < 16; ++asked) {
      accelerator.sram.capacity = Bytes{dice.in(4, largest)};
      if (dice.one_in(4)) {  // Often as they were: then answers for other memories are at hand.
        accelerator.sram.bank_read = {8 * dice.in(0, 16)};
        accelerator.sram.bank_write = {8 * dice.in(0, 16)};
        accelerator.dram.bandwidth = {8 * dice.in(1, 64)};
      }
      const auto machine = make_machine(accelerator);
      if (!machine) continue;
      for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
        const OpId op{static_cast<std::uint16_t>(i)};
        const Candidate* best = planner.best(op, *machine);
        const Candidate* ruled = best_by_rule(planner, planner.candidates(op), *machine);
        CAPTURE(asked, cascade.op(op).name, machine->capacity.value());
        REQUIRE((best == nullptr) == (ruled == nullptr));
        if (best == nullptr) continue;
        CHECK(best->operators == ruled->operators);
        CHECK(best->loops == ruled->loops);
        CHECK(best->holds_windows == ruled->holds_windows);
        others += best != std::exchange(before[i], best) ? 1 : 0;
      }
    }
  });
  CHECK(others > 1000);
}

TEST_CASE("A way weighs and takes no less than its sketch says, and than its draft says") {
  for_operators(300, [](const Planner& planner, OpId op, const Machine& machine) {
    const LeastTime least{planner, op, machine};
    const std::unique_ptr<Ways> ways = ways_of(planner, op);
    for (const Sketch& sketch : ways->sketches()) {
      const Draft draft = ways->draft(sketch.number);
      const Weights sketched = least_weights(sketch);
      CHECK(no_worse(sketched, draft.weights));
      Candidate made = ways->candidate(draft);
      if (!planner.try_profile(made)) continue;
      CAPTURE(planner.cascade().op(op).name, sketch.number, made.loops.size());
      CHECK(no_worse(draft.weights, made.weights));
      if (draft.exact) CHECK(draft.weights == made.weights);
      const auto cost = evaluate_group(planner.profile(made), machine);
      if (!cost) continue;
      CHECK(least.exactly(made.weights) <= cost->latency);
      CHECK(least.exactly(sketched) <= least.exactly(made.weights));
      CHECK(least.of(made.weights) <= static_cast<double>(least.exactly(made.weights).value()));
    }
  });
}

TEST_CASE("An operator that is profiled on its own has the profile that it has in its cascade") {
  for_all(300, [](Dice& dice) {
    const Cascade cascade =
        dice.one_in(2) ? random_convolution(dice) : lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const Planner planner{cascade, accelerator};
    CAPTURE(text_of(cascade));
    for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
      for (const Candidate& candidate : planner.candidates(OpId{static_cast<std::uint16_t>(i)})) {
        CHECK(planner.profile(candidate) == profile_of(planner, candidate));
      }
    }
  });
}

/// An operator that reads x chunk by chunk, of a rank of equal chunks.
Cascade random_chunks(Dice& dice) {
  CascadeBuilder make{"chunks", DataType::kInt8};
  const RankId c = make.rank("C", Elements{dice.in(1, 6)});
  const RankId q = make.rank("Q", Elements{dice.in(1, 8)});
  const RankId d = make.rank("D", Elements{dice.in(1, 4)});
  const RankId whole = make.rank("X", make.extent(c) * make.extent(q).value());
  const TensorId x = make.tensor("x", {whole, d}, TensorKind::kInput);
  make.make("exp", OpKind::kExp, {"y", {c, q, d}}, {{x, {{.rank = q, .chunk = c}, {.rank = d}}}});
  return sound(make.finish());
}

/// Any loops around an operator, each over another rank; many break a rule.
Candidate random_nest(Dice& dice, const Cascade& cascade, OpId op) {
  Candidate nest{.loops = {}, .operators = {op}, .holds_windows = dice.one_in(2)};
  std::vector<RankId> ranks = cascade.op(op).ranks;
  while (!ranks.empty() && !dice.one_in(4)) {
    const auto at = ranks.begin() + dice.in(0, static_cast<std::int64_t>(ranks.size()) - 1);
    nest.loops.push_back({*at, dice.one_in(2) ? 1 : dice.in(1, cascade.extent(*at).value())});
    ranks.erase(at);
  }
  return nest;
}

TEST_CASE("What was profiled before makes no difference to what nests are legal and to their profiles") {
  for_all(300, [](Dice& dice) {
    const Cascade cascade = dice.one_in(2) ? random_chunks(dice) : random_convolution(dice);
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const Planner planner{cascade, accelerator};
    CAPTURE(text_of(cascade));
    for (int nests = 0; nests < 12; ++nests) {
      Candidate nest = random_nest(dice, cascade, OpId{0});
      const std::optional<GroupProfile> alone = profile_of(planner, nest);
      REQUIRE(planner.try_profile(nest) == alone.has_value());
      if (alone) CHECK(planner.profile(nest) == *alone);
    }
  });
}

TEST_CASE("Operators that read other slices share nests, but not those that read two of them") {
  CascadeBuilder make{"slices", DataType::kInt8};
  const RankId l = make.rank("L", Elements{64});
  const RankId d = make.rank("D", Elements{32});
  const TensorId x = make.tensor("x", {l, make.rank("D2", Elements{64})}, TensorKind::kInput);
  const Access low = make.slice(x, d, Elements{0});
  const Access high = make.slice(x, d, Elements{32});
  make.make("low", OpKind::kMul, {"y0", {l, d}}, {low, low});
  make.make("both", OpKind::kMul, {"y1", {l, d}}, {low, high});
  make.make("high", OpKind::kMul, {"y2", {l, d}}, {high, high});
  const Cascade cascade = sound(make.finish());
  Core core;
  core.rows = core.cols = 4;
  core.cycles_per_op.fill(1);
  Accelerator accelerator;
  accelerator.cores = {core};
  accelerator.sram.capacity = Bytes{1 << 20};
  accelerator.dram.bandwidth = {64};
  const Planner planner{cascade, accelerator};
  const std::vector<OpId> firsts = first_equals(planner);
  CHECK(firsts[2] == OpId{0});
  CHECK(firsts[1] == OpId{1});
  // A slice is 64 x 32 bytes: `low` reads one and writes as much, `both` reads two.
  const Machine machine = make_machine(accelerator).value();
  CHECK(planner.best(OpId{0}, machine)->weights.moved == Bytes{2 * 2048});
  CHECK(planner.best(OpId{1}, machine)->weights.moved == Bytes{3 * 2048});
}

}  // namespace
}  // namespace fusescape::test_plans::planner_best_test
