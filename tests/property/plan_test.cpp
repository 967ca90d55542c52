// Does the closed form move what really running every loop moves? Random cascades and plans, counted.
#include <catch2/catch.hpp>

#include "interpreter.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {
namespace {

constexpr std::uint32_t kCases = 40000;

ProfileOptions random_options(Dice& dice) {
  return {.granule = Bytes{dice.one_in(2) ? 1 : 4},
          .double_buffering = dice.one_in(2),
          .count_second_slots = dice.one_in(2),
          .in_place = dice.one_in(2)};
}

TEST_CASE("Bytes per tensor, peak bytes and operations are those that running every loop counts") {
  int legal = 0;
  for (std::uint32_t seed = 0; seed < kCases; ++seed) {
    Dice dice{seed};
    const Cascade cascade = random_cascade(dice);
    const Plan plan = RandomPlan{dice, cascade}.run();
    const auto layout = lay_out(cascade, plan);
    if (!layout) continue;
    ++legal;
    const ProfileOptions options = random_options(dice);
    const PlanProfile closed = profile(cascade, plan, *layout, options);
    const Counts counted = interpret(cascade, plan, *layout, options);
    CAPTURE(seed, text_of(cascade), text_of(cascade, plan));
    Ops ops;
    for (const GroupProfile& group : closed.groups) ops += group.ops;
    CHECK(ops.value() == counted.ops);
    Bytes peak;
    for (const GroupProfile& group : closed.groups) peak = std::max(peak, group.peak);
    CHECK(peak.value() == counted.peak);
    CHECK(reads_only_final_values(cascade, plan));
    for (const auto& [tensor, bytes] : counted.traffic) {
      CAPTURE(tensor);
      CHECK(moved(cascade, closed, tensor).read == bytes.read);
      CHECK(moved(cascade, closed, tensor).written == bytes.written);
    }
  }
  CHECK(legal > static_cast<int>(kCases / 5));
}

/// Reads of incomplete sums are refused by their loops, though some shifted ones would find complete values.
bool is_about_values(const Cascade& cascade, const Violation& violation) {
  if (violation.rule == Rule::kOrder || violation.rule == Rule::kRecurrenceTile) return true;
  if (violation.rule != Rule::kPartialSum) return false;
  const std::vector<Access>& inputs = cascade.op(*violation.consumer).inputs;
  return std::any_of(inputs.begin(), inputs.end(), [&](const Access& access) {
    return access.tensor == *violation.tensor && !is_shifted(access);
  });
}

TEST_CASE("Plans refused for their order, tile or partial sums would read values that are not final") {
  int refused = 0;
  for (std::uint32_t seed = 0; seed < kCases; ++seed) {
    Dice dice{seed};
    const Cascade cascade = random_cascade(dice);
    if (cascade.ranks.front().extent <= Elements{4})
      continue;  // A shift beyond it would read nothing at all.
    const Plan plan = RandomPlan{dice, cascade}.run();
    const auto layout = lay_out(cascade, plan);
    const auto twice = [](const Violation& violation) { return violation.rule == Rule::kDoubleAccumulation; };
    if (!layout && std::any_of(layout.error().begin(), layout.error().end(), twice)) continue;
    const auto counts = [&](const Violation& violation) { return is_about_values(cascade, violation); };
    if (layout || std::none_of(layout.error().begin(), layout.error().end(), counts)) continue;
    ++refused;
    CAPTURE(seed, text_of(cascade), text_of(cascade, plan), faults(cascade, plan));
    CHECK_FALSE(reads_only_final_values(cascade, plan));
  }
  CHECK(refused > static_cast<int>(kCases / 20));
}

}  // namespace
}  // namespace fusescape::test_plans
