// Are candidates that planners share those that each would make by itself?
#include "fusescape/search/known_candidates.hpp"

#include <catch2/catch.hpp>

#include "built_plans.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::known_candidates_test {
namespace {

/// Two kinds of layers of one stack, which have many equal operators.
std::vector<Cascade> random_kinds(Dice& dice) {
  if (dice.one_in(3)) {
    const Zamba2 shape = random_zamba2(dice);
    return {sound(zamba2_block(shape)), sound(zamba2_block(shape))};
  }
  if (dice.one_in(2)) {
    Mamba2 shape = random_mamba2(dice);
    const Cascade plain = sound(mamba2_block(shape));
    shape.side_input = true;
    return {plain, sound(mamba2_block(shape))};
  }
  return {random_stateless_block(dice), random_stateless_block(dice)};
}

void check_same(const Planner& planner, const Candidate& shared, const Candidate& own) {
  CHECK(shared.loops == own.loops);
  CHECK(shared.operators == own.operators);
  CHECK(shared.spilled == own.spilled);
  CHECK(shared.holds_windows == own.holds_windows);
  CHECK(shared.weights == own.weights);
  Candidate profiled = shared;
  REQUIRE(planner.try_profile(profiled));
  CHECK(profiled.weights == shared.weights);
}

TEST_CASE("Candidates that planners share are those that each would make by itself") {
  for_all(60, [](Dice& dice) {
    const Accelerator machine = planning_machine(dice);
    const auto known = std::make_shared<KnownCandidates>();
    for (const Cascade& kind : random_kinds(dice)) {
      const Planner sharing{kind, machine, {}, known};
      const Planner alone{kind, machine};
      CAPTURE(text_of(kind));
      for (std::size_t i = 0; i < kind.operators.size(); ++i) {
        const OpId op{static_cast<std::uint16_t>(i)};
        const std::vector<Candidate>& shared = sharing.candidates(op);
        const std::vector<Candidate>& own = alone.candidates(op);
        REQUIRE(shared.size() == own.size());
        for (std::size_t c = 0; c < own.size(); ++c) check_same(sharing, shared[c], own[c]);
      }
    }
  });
}

TEST_CASE("Planners for other arrays share nothing") {
  const Cascade cascade = matmul(12, 10, 8, DataType::kFp32);
  const auto known = std::make_shared<KnownCandidates>();
  for (const std::int64_t rows : {2, 4}) {
    const Accelerator machine = accelerator(rows, 4);
    const Planner sharing{cascade, machine, {}, known};
    const Planner alone{cascade, machine};
    const std::vector<Candidate>& own = alone.candidates(OpId{0});
    REQUIRE(sharing.candidates(OpId{0}).size() == own.size());
    for (std::size_t c = 0; c < own.size(); ++c) check_same(sharing, sharing.candidates(OpId{0})[c], own[c]);
  }
}

}  // namespace
}  // namespace fusescape::test_plans::known_candidates_test
