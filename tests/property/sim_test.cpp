// Does the simulation obey its laws, and agree with the closed form, for any cascade, plan and machine?
#include <catch2/catch.hpp>

#include "fusescape/plan/spatial.hpp"
#include "random_machines.hpp"
#include "random_plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans {
namespace {

constexpr std::uint32_t kCases = 6000;

/// Calls `check(dice, cascade, plan, layout)` for legal random plans, and says how many there were.
template <class Check>
int for_legal_plans(const Check& check) {
  int legal = 0;
  for (std::uint32_t seed = 0; seed < kCases; ++seed) {
    Dice dice{seed};
    const Cascade cascade = random_cascade(dice);
    const Plan plan = RandomPlan{dice, cascade}.run();
    const auto layout = lay_out(cascade, plan);
    if (!layout) continue;
    ++legal;
    CAPTURE(seed, text_of(cascade), text_of(cascade, plan));
    check(dice, cascade, plan, *layout);
  }
  return legal;
}

ProfileOptions options_of(const Accelerator& machine) {
  return profile_options(machine);
}

TEST_CASE("On one core the simulation moves what the closed form says, per tensor and group") {
  CHECK(for_legal_plans([](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
          const Accelerator machine = random_machine(dice);
          const PlanProfile closed = profile(cascade, plan, layout, options_of(machine));
          const auto run = simulate(cascade, plan, layout, machine);
          REQUIRE(run.has_value());
          for (std::uint32_t g = 0; g < closed.groups.size(); ++g) {
            CHECK(run->groups[g].dram_read == closed.groups[g].dram_read);
            CHECK(run->groups[g].dram_write == closed.groups[g].dram_write);
            for (std::uint32_t t = 0; t < closed.groups[g].tensor_count; ++t) {
              const TensorTraffic& expected = closed.tensors[closed.groups[g].first_tensor + t];
              const auto found =
                  std::find_if(run->traffic.begin(), run->traffic.end(), [&](const SimTraffic& traffic) {
                    return traffic.group == g && traffic.tensor == expected.tensor;
                  });
              REQUIRE(found != run->traffic.end());
              CAPTURE(cascade.tensor(expected.tensor).name);
              CHECK(found->read == expected.read);
              CHECK(found->written == expected.written);
            }
          }
        }) > static_cast<int>(kCases / 5));
}

TEST_CASE("The closed form never exceeds the simulation") {
  for_legal_plans([](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const Accelerator machine = random_machine(dice);
    const Cost closed = cost_on(profile(cascade, plan, layout, options_of(machine)), machine);
    const auto run = simulate(cascade, plan, layout, machine);
    REQUIRE(run.has_value());
    CAPTURE(static_cast<double>(run->latency.value()) / static_cast<double>(closed.total.latency.value()));
    CHECK(run->latency >= closed.total.latency);
  });
}

TEST_CASE("What is skipped as periodic is what running every tile gives") {
  std::int64_t skipped = 0;
  for_legal_plans([&](Dice& dice, const Cascade& cascade, const Plan& plan, const Layout& layout) {
    const Accelerator machine = random_machine(dice);
    const auto fast = simulate(cascade, plan, layout, machine);
    const auto full = simulate(cascade, plan, layout, machine, {.steady_state = false});
    REQUIRE(fast.has_value());
    REQUIRE(full.has_value());
    skipped += fast->skipped;
    CHECK(fast->latency == full->latency);
    CHECK(fast->dram_read == full->dram_read);
    CHECK(fast->dram_write == full->dram_write);
    CHECK(fast->peak == full->peak);
  });
  CHECK(skipped > 0);
}

}  // namespace
}  // namespace fusescape::test_plans
