// Does every strategy obey the laws of docs/model/strategies.md, for any shape, memory and machine?
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>

#include "built_plans.hpp"
#include "designs.hpp"
#include "fusescape/cost/compulsory.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/families/opt.hpp"
#include "fusescape/workload/model.hpp"
#include "mamba_text.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::strategies_test {
namespace {

Mamba1 random_mamba(Dice& dice) {
  Mamba1 shape{.d_model = dice.in(1, 8),
               .d_inner = dice.in(1, 12),
               .d_state = dice.in(1, 6),
               .d_conv = dice.in(1, 4),
               .dt_rank = dice.in(1, 4),
               .batch = dice.in(1, 2),
               .tokens = dice.in(1, 9)};
  shape.norm_dt_b_c = dice.one_in(4);
  shape.conv = dice.one_in(4) ? Mamba1::Conv::kPadded : Mamba1::Conv::kCausal;
  shape.conv_bias = dice.one_in(2);
  if (dice.one_in(2)) shape.initial_state = Initial::kLoaded;
  if (dice.one_in(2)) shape.final_state = Final::kDropped;
  return shape;
}

Cascade block_of(const Mamba1& shape) {
  return sound(mamba1_block(shape));
}

Cascade rewritten(Mamba1 shape) {
  shape.rewrite = Mamba1::Rewrite::kDeltaX;
  return block_of(shape);
}

Accelerator with_capacity(Accelerator machine, Bytes capacity) {
  machine.sram.capacity = capacity;
  return machine;
}

constexpr Bytes kAmple{std::int64_t{1} << 40};

Bytes traffic(const Cascade& cascade, const Accelerator& machine, std::string_view strategy) {
  const auto found = assess(cascade, design_of(machine), *find_strategy(strategy));
  if (!found) FAIL(describe(found.error()));
  return dram_traffic(found->cost);
}

TEST_CASE(
    "Every strategy's plan is legal, fits, does all the work, moves what it must, and is the same again") {
  std::map<std::string_view, int> built;
  for_all(20, [&](Dice& dice) {
    const Mamba1 shape = random_mamba(dice);
    const Cascade cascade = block_of(shape);
    const Accelerator machine = planning_machine(dice);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name, text_of(shape), machine.sram.capacity.value());
      if (check_built(planner, machine, strategy)) ++built[strategy.name];
    }
  });
  for (const Strategy& strategy : strategies()) {
    CAPTURE(strategy.name);
    CHECK(built[strategy.name] > 4);
  }
}

TEST_CASE("Unfused, every operator moves at least its own compulsory traffic") {
  for_all(60, [](Dice& dice) {
    const Mamba1 shape = random_mamba(dice);
    const Cascade cascade = block_of(shape);
    const auto found = assess(cascade, design_of(planning_machine(dice)), *find_strategy("unfused"));
    if (!found) return;
    for (std::size_t g = 0; g < found->layout.groups.size(); ++g) {
      const GroupLayout& layout = found->layout.groups[g];
      if (layout.operators.size() > 1) continue;
      const CompulsoryTraffic least = compulsory_traffic(cascade, layout.operators.front());
      CAPTURE(text_of(shape), cascade.op(layout.operators.front()).name);
      CHECK(found->profile.groups[g].dram_read >= least.read);
      CHECK(found->profile.groups[g].dram_write >= least.written);
    }
  });
}

/// `check(planner, smaller machine, smaller, larger)` for each two neighbours of growing capacities at which
/// the strategy has a plan.
template <class Check>
void for_growing_memory(std::string_view name, std::uint32_t cases, const Check& check) {
  for_all(cases, [&](Dice& dice) {
    const Mamba1 shape = random_mamba(dice);
    const Cascade cascade = block_of(shape);
    Accelerator machine = planning_machine(dice);
    machine.dram.granule = Bytes{1};
    const Planner planner{cascade, machine};
    std::optional<Assessment> smaller;
    for (std::int64_t bytes = 64; bytes < 40'000; bytes += bytes / 4) {
      const Accelerator before = machine;
      machine.sram.capacity = Bytes{bytes};
      auto larger = assess(planner, design_of(machine), *find_strategy(name));
      CAPTURE(name, text_of(shape), bytes);
      if (smaller && name != "mem-aware") REQUIRE(larger.has_value());  // Its rule does not ask what fits.
      if (smaller && larger) check(planner, before, *smaller, *larger);
      if (larger) smaller = std::move(*larger);
    }
  });
}

/// Also of one that shares no time with others: strategies with retention take what it saves into account.
TEST_CASE(
    "More memory raises the traffic of a strategy that chooses tiles or slices by it only to save time") {
  for (const std::string_view name : {"unfused", "pact-a", "pact-b", "pact-as", "pact-bs", "fuse-all",
                                      "fuse-all-chain", "mem-aware", "mem-aware-exact", "mem-aware-chain"}) {
    for_growing_memory(
        name, 15,
        [](const Planner&, const Accelerator&, const Assessment& smaller, const Assessment& larger) {
          for (std::size_t g = 0; g < smaller.groups.size() && g < larger.groups.size(); ++g) {
            if (smaller.layout.groups[g].operators != larger.layout.groups[g].operators) break;
            const GroupCost& before = smaller.groups[g];
            const GroupCost& after = larger.groups[g];
            const bool heavier = after.dram_read + after.dram_write > before.dram_read + before.dram_write;
            if (heavier) CHECK(after.latency < before.latency);
          }
        });
  }
}

/// Whether operators that run alone lose at most a sixteenth of their time for want of memory.
bool hardly_bound(const Planner& planner, const Accelerator& machine) {
  const Strategy& unfused = *find_strategy("unfused");
  const auto here = assess(planner, design_of(machine), unfused);
  const auto ample = assess(planner, design_of(with_capacity(machine, kAmple)), unfused);
  if (!here || !ample) return false;
  return here->cost.total.latency * 16 <= ample->cost.total.latency * 17;
}

TEST_CASE("More memory never raises the traffic of what is retained once tiles are hardly bound by it") {
  int counted = 0;
  for_growing_memory("retained", 6,
                     [&](const Planner& planner, const Accelerator& smaller_machine,
                         const Assessment& smaller, const Assessment& larger) {
                       if (!hardly_bound(planner, smaller_machine)) return;
                       ++counted;
                       CHECK(dram_traffic(larger.cost) <= dram_traffic(smaller.cost));
                     });
  CHECK(counted > 30);
}

/// Single buffers, one batch, R = 1.
Bytes traffic_at(Mamba1 shape, Bytes capacity, std::string_view strategy) {
  shape.dt_rank = 1;
  Accelerator machine = with_capacity(accelerator(), capacity);
  machine.model.double_buffering = false;
  return traffic(block_of(shape), machine, strategy);
}

TEST_CASE("A tensor that fits only now may take the room of later ones that saved more") {
  // The smallest case found. At 48 B x_dbl (R + 2N = 5 elements, 20 B) fits beside the groups up to y, and
  // delta, dA, Abar, dB and h, which come later in the cascade, no longer do.
  const Mamba1 shape{.d_model = 1, .d_inner = 1, .d_state = 2};
  CHECK(traffic_at(shape, Bytes{48}, "marca-upper") > traffic_at(shape, Bytes{44}, "marca-upper"));
}

TEST_CASE("A larger tile that saves little does not take the room of tensors that save more") {
  // The smallest case found: at 36 B some operators fit in larger tiles, beside which x_norm (16 B, read by
  // in_proj) cannot be kept.
  const Mamba1 shape{.d_model = 4, .d_inner = 4, .d_state = 1};
  CHECK(traffic_at(shape, Bytes{36}, "retained") <= traffic_at(shape, Bytes{32}, "retained"));
}

TEST_CASE("The best amounts to keep never move more than keeping whole tensors where they fit") {
  int better = 0;
  for_all(10, [&](Dice& dice) {
    const Mamba1 shape = random_mamba(dice);
    const Cascade cascade = block_of(shape);
    Accelerator machine = planning_machine(dice);
    machine.dram.granule = Bytes{1};
    const Planner planner{cascade, machine};
    for (std::int64_t bytes = 64; bytes < 40'000; bytes += bytes / 2) {
      machine.sram.capacity = Bytes{bytes};
      const auto upper = assess(planner, design_of(machine), *find_strategy("marca-upper"));
      const auto best = assess(planner, design_of(machine), *find_strategy("retained"));
      CAPTURE(text_of(shape), bytes);
      CHECK(upper.has_value() == best.has_value());
      if (!upper || !best) continue;
      CHECK(dram_traffic(best->cost) <= dram_traffic(upper->cost));
      if (dram_traffic(best->cost) < dram_traffic(upper->cost)) ++better;
    }
  });
  CHECK(better > 5);
}

struct Sums {
  Bytes unfused;
  Bytes fused;
};

/// Traffic of one tensor under unfused and fuse-all, with ample memory.
Sums sums_of(const Cascade& cascade, std::string_view tensor) {
  Sums sums;
  for (const auto& [name, sum] : {std::pair{"unfused", &sums.unfused}, std::pair{"fuse-all", &sums.fused}}) {
    const auto found = assess(cascade, design_of(with_capacity(accelerator(), kAmple)), *find_strategy(name));
    REQUIRE(found.has_value());
    const Moved bytes = moved(cascade, found->profile, tensor);
    *sum = Bytes{bytes.read + bytes.written};
  }
  return sums;
}

TEST_CASE("Fuse-all saves the traffic of what it keeps on chip and the second read of Delta") {
  for_all(60, [](Dice& dice) {
    const Mamba1 shape = random_mamba(dice);
    const bool loaded = shape.initial_state == Initial::kLoaded;
    const bool stored = shape.final_state == Final::kStored;
    const std::int64_t token = 4 * shape.batch * shape.d_inner * shape.d_state;
    CAPTURE(text_of(shape));
    for (const bool rewrite : {false, true}) {
      const Cascade cascade = rewrite ? rewritten(shape) : block_of(shape);
      const Accelerator machine = with_capacity(accelerator(), kAmple);
      const Bytes saved = traffic(cascade, machine, "unfused") - traffic(cascade, machine, "fuse-all");
      // 13 moves of [B, L, D, N], 11 without dB; h[-1] is read if loaded. Fused, only the state's ends
      // travel. Delta is read by dA and dB; rewritten, delta_x stays outside.
      const std::int64_t moves = (rewrite ? 11 : 13) * shape.tokens - (loaded ? 0 : 1);
      const std::int64_t ends = (loaded ? 1 : 0) + (stored ? 1 : 0);
      const std::int64_t delta = rewrite ? 0 : 4 * shape.batch * shape.tokens * shape.d_inner;
      CHECK(saved == Bytes{(moves - ends) * token + delta});
    }
  });
}

TEST_CASE("Unfused, a rewritten state update moves eleven tensors of L, D and N, and fused none") {
  const Mamba1 shape{.d_model = 4,
                     .d_inner = 8,
                     .d_state = 4,
                     .dt_rank = 2,
                     .tokens = 6,
                     .initial_state = Initial::kLoaded,
                     .final_state = Final::kDropped};
  const Cascade cascade = rewritten(shape);
  Bytes unfused;
  for (const char* tensor : {"dA", "Abar", "dBx", "t"}) {
    unfused += sums_of(cascade, tensor).unfused;
    CHECK(sums_of(cascade, tensor).fused == Bytes{0});
  }
  const Sums h = sums_of(cascade, "h");
  CHECK(unfused + h.unfused == Bytes{11 * 6 * 8 * 4 * 4});
  CHECK(h.fused == Bytes{8 * 4 * 4});  // The state from before the call.
  CHECK(sums_of(cascade, "delta_x").fused == sums_of(cascade, "delta_x").unfused);
}

TEST_CASE("Every strategy fuses a rewritten state update, which has one operator less beside the input") {
  for_all(6, [](Dice& dice) {
    const Mamba1 shape = random_mamba(dice);
    const Cascade cascade = rewritten(shape);
    const Accelerator machine = with_capacity(planning_machine(dice), kAmple);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      const auto found = assess(planner, design_of(machine), strategy);
      CAPTURE(strategy.name, text_of(shape));
      if (!found) FAIL(describe(found.error()));
      CHECK(found->cost.total.ops == total_ops(cascade));
    }
  });
}

TEST_CASE("With ample memory traffic is affine in the number of tokens under every strategy but corey") {
  std::map<std::string_view, std::vector<std::int64_t>> bytes;
  for (const std::int64_t tokens : {8, 16, 24, 32}) {
    const Cascade cascade =
        block_of({.d_model = 8, .d_inner = 12, .d_state = 4, .dt_rank = 2, .tokens = tokens});
    const Accelerator machine = with_capacity(accelerator(), kAmple);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      if (strategy.reads_entropy)
        continue;  // Its score has intensities, so it cuts elsewhere at other lengths.
      const auto found = assess(planner, design_of(machine), strategy);
      REQUIRE(found.has_value());
      bytes[strategy.name].push_back(dram_traffic(found->cost).value());
    }
  }
  for (const auto& [strategy, at] : bytes) {
    CAPTURE(strategy, at);
    CHECK(at[2] - at[1] == at[1] - at[0]);
    CHECK(at[3] - at[2] == at[2] - at[1]);
  }
}

TEST_CASE("With little memory traffic is affine in whole multiples of the largest tile that fits") {
  // 4096 B: no operator holds 1024 tokens; tiles are powers of four, and each holds 1024 tokens a whole
  // number of times.
  for (const char* name :
       {"unfused", "marca-upper", "fuse-all", "fuse-all-chain", "mem-aware", "mem-aware-exact"}) {
    Mamba1 shape{.d_model = 8, .d_inner = 12, .d_state = 4, .dt_rank = 2};
    std::vector<std::int64_t> bytes;
    for (const std::int64_t tokens : {1024, 2048, 3072, 1'024'000, 1'025'024}) {
      shape.tokens = tokens;
      const Accelerator machine = with_capacity(accelerator(), Bytes{4096});
      bytes.push_back(traffic(block_of(shape), machine, name).value());
    }
    CAPTURE(name, bytes);
    CHECK(bytes[2] - bytes[1] == bytes[1] - bytes[0]);
    CHECK(bytes[3] - bytes[0] == 999 * (bytes[1] - bytes[0]));
    CHECK(bytes[4] - bytes[3] == bytes[1] - bytes[0]);
  }
}

TEST_CASE("Every strategy runs a transformer's layer or says which operators it lacks") {
  for_all(6, [](Dice& dice) {
    const Cascade cascade = sound(opt_block({.d_model = 8, .d_ff = 8, .n_head = 2, .tokens = dice.in(1, 5)}));
    const Accelerator machine = planning_machine(dice);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      const auto found = assess(planner, design_of(machine), strategy);
      CAPTURE(strategy.name, text_of(cascade));
      if (found) {
        CHECK(found->cost.total.ops == total_ops(cascade));
        continue;
      }
      CHECK_FALSE(std::holds_alternative<IllegalPlan>(found.error()));
      if (!std::holds_alternative<Refusal>(found.error())) continue;
      const Refusal& refusal = std::get<Refusal>(found.error());
      CHECK(refusal.reason != Refusal::Reason::kIllegal);
      const bool named = refusal.message.find("has no recurrence: ") != std::string::npos;
      CHECK((refusal.reason == Refusal::Reason::kDoesNotFit || named));
    }
  });
}

}  // namespace
}  // namespace fusescape::test_plans::strategies_test
