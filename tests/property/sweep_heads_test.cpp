// Is what a planner says of other machines true, and does a sweep's head cost what it costs by itself?
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "designs.hpp"
#include "fusescape/search/model_head.hpp"
#include "fusescape/search/planner.hpp"
#include "planner_cases.hpp"

namespace fusescape::test_plans::sweep_heads_test {
namespace {

/// Another memory; sometimes, too, ports of other widths.
void vary_ports(Dice& dice, Accelerator& accelerator, std::int64_t largest) {
  accelerator.sram.capacity = Bytes{dice.in(4, largest)};
  if (dice.one_in(2)) accelerator.sram.bank_read = accelerator.sram.bank_write = {8 * dice.in(0, 16)};
  if (dice.one_in(4)) accelerator.dram.bandwidth = {8 * dice.in(1, 16)};
}

/// Whether `a` bytes in `cycle_a` ticks per cycle take as long, in cycles, as `b` in `cycle_b`.
bool is_as_fast(std::int64_t a, std::int64_t cycle_a, std::int64_t b, std::int64_t cycle_b) {
  return Int128{a} * cycle_b == Int128{b} * cycle_a;
}
bool is_no_slower(std::int64_t a, std::int64_t cycle_a, std::int64_t b, std::int64_t cycle_b) {
  return Int128{a} * cycle_b <= Int128{b} * cycle_a;
}

struct Answer {
  BestWithin within;
  Machine machine;

  /// Whether it says what is the best on `other`.
  [[nodiscard]] bool covers(const Machine& other) const {
    const std::int64_t here = machine.scale.ticks_per_cycle();
    const std::int64_t there = other.scale.ticks_per_cycle();
    const auto port = within.with_faster_ports ? is_no_slower : is_as_fast;
    return within.has(other.capacity) &&
           is_as_fast(other.dram_ticks_per_byte, there, machine.dram_ticks_per_byte, here) &&
           port(other.sram_read_ticks_per_byte, there, machine.sram_read_ticks_per_byte, here) &&
           port(other.sram_write_ticks_per_byte, there, machine.sram_write_ticks_per_byte, here);
  }
};

TEST_CASE("What is the best on other machines, too, is the best there of a planner that knows none") {
  int covered = 0;
  int faster = 0;
  for_all(300, [&](Dice& dice) {
    const Cascade cascade =
        dice.one_in(2) ? random_convolution(dice) : lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const Planner planner{cascade, accelerator};
    CAPTURE(text_of(cascade));
    const OpId op{
        static_cast<std::uint16_t>(dice.in(0, static_cast<std::int64_t>(cascade.operators.size()) - 1))};
    std::vector<Answer> answers;
    const std::int64_t largest = std::int64_t{1} << dice.in(5, 14);
    for (int asked = 0; asked < 12; ++asked) {
      vary_ports(dice, accelerator, largest);
      const auto machine = make_machine(accelerator);
      if (!machine) continue;
      answers.push_back({planner.best_within(op, *machine), *machine});
      REQUIRE(answers.back().covers(*machine));
      const Planner fresh{cascade, accelerator};
      const Candidate* best = fresh.best(op, *machine);
      for (const Answer& answer : answers) {
        if (!answer.covers(*machine)) continue;
        ++covered;
        faster += answer.within.with_faster_ports ? 1 : 0;
        CAPTURE(asked, machine->capacity.value());
        REQUIRE((best == nullptr) == (answer.within.best == nullptr));
        if (best == nullptr) continue;
        CHECK(best->loops == answer.within.best->loops);
        CHECK(best->holds_windows == answer.within.best->holds_windows);
      }
    }
  });
  CHECK(covered > 5000);
  CHECK(faster > 300);
}

TEST_CASE("Heads of a sweep cost what they cost by themselves, whatever was asked before") {
  int runs = 0;
  int refused = 0;
  for_all(200, [&](Dice& dice) {
    auto workload = std::make_shared<Workload>();
    workload->lm_head = dice.one_in(2) ? random_convolution(dice) : lengthened(dice, random_cascade(dice));
    Accelerator accelerator = random_machine(dice);
    vary_machine(dice, accelerator);
    const WithEnergy energy = dice.one_in(2) ? WithEnergy::kYes : WithEnergy::kNo;
    CAPTURE(text_of(*workload->lm_head));
    SweepHeads heads;
    const std::int64_t largest = std::int64_t{1} << dice.in(5, 14);
    for (int asked = 0; asked < 12; ++asked) {
      vary_ports(dice, accelerator, largest);
      accelerator.clock = Hertz{1e9 * static_cast<double>(dice.in(1, 2))};
      const auto design = make_design(accelerator);
      if (!design) continue;
      SweepPoint point{.workload = workload};
      point.design = &*design;
      const auto told = heads.of(point, energy);
      const auto alone = head_of(*workload, *design, energy);
      CAPTURE(asked, accelerator.sram.capacity.value());
      REQUIRE(told->has_value() == alone->has_value());
      ++(*told ? runs : refused);
      if (!*told) {
        CHECK(told->error() == alone->error());
        continue;
      }
      const Cost& a = (*told)->cost;
      const Cost& b = (*alone)->cost;
      CHECK(a.latency == b.latency);
      CHECK(a.total.latency == b.total.latency);
      CHECK(a.total.onchip == b.total.onchip);
      CHECK(a.total.dram_read == b.total.dram_read);
      CHECK(a.total.dram_write == b.total.dram_write);
      CHECK(a.total.peak == b.total.peak);
      CHECK((*told)->energy.has_value() == (*alone)->energy.has_value());
    }
  });
  CHECK(runs > 1000);
  CHECK(refused > 50);
}

}  // namespace
}  // namespace fusescape::test_plans::sweep_heads_test
