// What changes when states and caches stay on chip? Their traffic, and the memory that is left.
#include "fusescape/workload/resident.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/strategy.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "random_families.hpp"
#include "random_machines.hpp"
#include "random_variations.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::resident_test {
namespace {

constexpr Bytes kAmple{std::int64_t{1} << 40U};

/// A cascade with something in DRAM, and the same with all of that on chip.
struct Places {
  Cascade in_dram;
  Cascade resident;
};

Places places_of(Cascade cascade) {
  Places made{cascade, std::move(cascade)};
  for (Tensor& tensor : made.resident.tensors) {
    if (tensor.initial == Initial::kLoaded) tensor.initial = Initial::kResident;
    if (tensor.final_value == Final::kStored) tensor.final_value = Final::kResident;
  }
  made.resident.resident = resident_bytes(made.resident);
  return made;
}

bool is_resident_somehow(const Tensor& tensor) {
  return tensor.initial == Initial::kResident || tensor.final_value == Final::kResident;
}

TEST_CASE(
    "In one plan, what is resident moves no more and the rest moves the same, beside its bytes on chip") {
  int less = 0;
  for_all(4000, [&](Dice& dice) {
    const Places places = places_of(CascadeVariation{dice, random_cascade(dice)}.run());
    Plan plan = RandomPlan{dice, places.in_dram}.run();
    vary_plan(dice, places.in_dram, plan);
    if (!lay_out(places.in_dram, plan)) return;
    CAPTURE(text_of(places.in_dram), text_of(places.in_dram, plan));
    const PlanProfile before = profile_of(places.in_dram, plan);
    const PlanProfile after = profile_of(places.resident, plan);
    for (std::size_t g = 0; g < before.groups.size(); ++g) {
      CHECK(after.groups[g].peak == before.groups[g].peak);
      CHECK(after.groups[g].reserved == before.groups[g].reserved + places.resident.resident);
      REQUIRE(after.groups[g].tensors.size() == before.groups[g].tensors.size());
      for (std::size_t i = 0; i < before.groups[g].tensors.size(); ++i) {
        const TensorTraffic& was = before.groups[g].tensors[i];
        const TensorTraffic& is = after.groups[g].tensors[i];
        const bool stays = is_resident_somehow(places.resident.tensor(was.tensor));
        CHECK((stays ? is.read <= was.read : is.read == was.read));
        CHECK((stays ? is.written <= was.written : is.written == was.written));
        less += is.read + is.written < was.read + was.written ? 1 : 0;
      }
    }
  });
  CHECK(less > 500);
}

TEST_CASE("One plan simulates no slower where what is loaded and stored is resident, if all of it fits") {
  int faster = 0;
  for_all(600, [&](Dice& dice) {
    const Places places = places_of(random_cascade(dice));
    const Plan plan = RandomPlan{dice, places.in_dram}.run();
    const auto layout = lay_out(places.in_dram, plan);
    if (!layout) return;
    Accelerator machine = random_machine(dice);
    machine.sram.capacity = kAmple;
    machine.sram.banks = 1;
    CAPTURE(text_of(places.in_dram), text_of(places.in_dram, plan));
    const auto before = simulate(places.in_dram, plan, *layout, machine);
    const auto after = simulate(places.resident, plan, *layout, machine);
    REQUIRE(before.has_value());
    REQUIRE(after.has_value());
    CHECK(after->latency <= before->latency);
    faster += after->latency < before->latency ? 1 : 0;
  });
  CHECK(faster > 50);
}

/// DRAM bytes of a decode step under a strategy, with room for anything.
Bytes moved_by(const Cascade& block, std::string_view strategy) {
  Accelerator machine = accelerator(4, 4);
  machine.sram.capacity = kAmple;
  machine.sram.banks = 1;
  const auto found = assess(block, design_of(machine), *find_strategy(strategy));
  REQUIRE(found.has_value());
  return found->cost.total.dram_read + found->cost.total.dram_write;
}

Cascade resident(Cascade block) {
  keep_resident(block);
  block.resident = resident_bytes(block);
  return block;
}

Mamba1 random_decode_mamba1(Dice& dice) {
  return {.d_model = dice.in(2, 5),
          .d_inner = dice.in(2, 6),
          .d_state = dice.in(1, 4),
          .d_conv = dice.in(1, 5),
          .dt_rank = dice.in(1, 3),
          .phase = Phase::kDecode,
          .batch = dice.in(1, 3)};
}

Mamba2 random_decode_mamba2(Dice& dice) {
  Mamba2 shape = random_mamba2(dice);
  shape.phase = Phase::kDecode;
  shape.tokens = 1;
  shape.d_conv = dice.in(1, 5);
  shape.initial_state.reset();
  shape.final_state = Final::kStored;
  return shape;
}

/// x[l,d] = a[l,d] b[d], and y[l,d] = sum over k of w[d,k] x[l-k,d].
Cascade made_and_convolved(std::int64_t tokens, std::int64_t channels, std::int64_t taps) {
  CascadeBuilder make{"window", DataType::kFp32};
  const RankId l = make.rank("L", Elements{tokens});
  const RankId d = make.rank("D", Elements{channels});
  const RankId k = make.rank("K", Elements{taps});
  const TensorId a = make.tensor("a", {l, d}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {d}, TensorKind::kWeight);
  const TensorId w = make.tensor("w", {d, k}, TensorKind::kWeight);
  const TensorId x = make.make("x", OpKind::kMul, {"x", {l, d}}, {make.at(a), make.at(b)});
  const TensorId y = make.tensor("y", {l, d}, TensorKind::kOutput);
  make.make("conv", OpKind::kConv, y, {{x, {{.rank = l, .tap = k}, {.rank = d}}}, make.at(w)});
  make.tensor(x).initial = Initial::kLoaded;
  make.tensor(x).final_value = Final::kStored;
  return sound(make.finish());
}

TEST_CASE("A convolution's window moves K - 1 slices in and, of one token, one out") {
  for_all(300, [](Dice& dice) {
    const std::int64_t channels = dice.in(1, 6);
    const std::int64_t taps = dice.in(2, 7);
    const std::int64_t tokens = dice.one_in(2) ? 1 : dice.in(1, 9);
    const std::int64_t tile = dice.in(1, channels);
    CAPTURE(channels, taps, tokens, tile);
    const std::int64_t slice = 4 * channels;
    const std::int64_t out = std::min(taps - 1, tokens);  // As a ring buffer: what is there already stays.
    const Cascade cascade = made_and_convolved(tokens, channels, taps);
    for (const std::string& plan : {std::string{"L:1{ x conv }"}, fmt::format("D:{}{{ x conv }}", tile)}) {
      CHECK(moved(cascade, profile_of(cascade, plan), "x") == Moved{slice * (taps - 1), slice * out});
      const Cascade kept = places_of(cascade).resident;
      CHECK(kept.resident == Bytes{slice * (taps - 1)});
      CHECK(moved(kept, profile_of(kept, plan), "x") == Moved{0, 0});
    }
  });
}

TEST_CASE("A decode step with its states resident moves their one read and one write less") {
  for_all(60, [](Dice& dice) {
    const Mamba1 one = random_decode_mamba1(dice);
    // h and K - 1 columns in; h and, beside what conv reads of xz anyway, no column out.
    const std::int64_t state = one.batch * one.d_inner * one.d_state;
    const std::int64_t window = one.batch * one.d_inner * (one.d_conv - 1);
    const Cascade block = sound(mamba1_block(one));
    CHECK(resident(block).resident == Bytes{4 * (state + window)});
    CHECK(moved_by(block, "fuse-all") - moved_by(resident(block), "fuse-all") ==
          Bytes{4 * (2 * state + window)});
    const Mamba2 two = random_decode_mamba2(dice);
    const std::int64_t h = two.batch * two.n_head * two.d_head * two.d_state;
    const std::int64_t channels = two.n_head * two.d_head + 2 * two.n_group * two.d_state;
    const Cascade grouped = sound(mamba2_block(two));
    CHECK(resident(grouped).resident == Bytes{4 * (h + two.batch * channels * (two.d_conv - 1))});
    CHECK(moved_by(grouped, "fuse-all") - moved_by(resident(grouped), "fuse-all") ==
          Bytes{4 * (2 * h + two.batch * channels * (two.d_conv - 1))});
  });
}

TEST_CASE("A prefill with its states resident does not write the last one, and reads none") {
  for_all(40, [](Dice& dice) {
    Mamba1 one = random_decode_mamba1(dice);
    one.phase = Phase::kPrefill;
    one.tokens = dice.in(2, 6);
    const Cascade block = sound(mamba1_block(one));
    CHECK(moved_by(block, "fuse-all") - moved_by(resident(block), "fuse-all") ==
          Bytes{4 * one.batch * one.d_inner * one.d_state});
    Mamba2 two = random_decode_mamba2(dice);
    two.phase = Phase::kPrefill;
    two.tokens = dice.in(2, 6);
    const Cascade grouped = sound(mamba2_block(two));
    CHECK(moved_by(grouped, "fuse-all") - moved_by(resident(grouped), "fuse-all") ==
          Bytes{4 * two.batch * two.n_head * two.d_head * two.d_state});
  });
}

TEST_CASE("Of a resident KV cache nothing moves: neither the cached tokens nor those that join them") {
  for_all(40, [](Dice& dice) {
    GroupedAttention shape = random_attention(dice);
    shape.phase = Phase::kDecode;
    shape.tokens = 1;
    const std::int64_t token = 2 * shape.batch * shape.n_kv_head * shape.d_head;
    const Cascade block = sound(attention_block(shape));
    const Cascade kept = resident(block);
    CHECK(kept.resident == Bytes{4 * token * (shape.cache_tokens + 1)});
    for (const char* strategy : {"unfused", "greedy"}) {
      const Design design = design_of(accelerator(4, 4));
      const auto found = assess(kept, design, *find_strategy(strategy));
      REQUIRE(found.has_value());
      for (const char* tensor : {"K_cache", "V_cache"}) {
        if (find_tensor(kept, tensor)) CHECK(moved(kept, found->profile, tensor).read == 0);
      }
    }
    CHECK(moved_by(block, "unfused") > moved_by(kept, "unfused"));
  });
}

TEST_CASE("Every strategy plans in what resident states leave, and simulates and fits there") {
  for_all(12, [](Dice& dice) {
    const Cascade block = resident(sound(mamba1_block(random_decode_mamba1(dice))));
    Accelerator machine = accelerator(2, 4);
    machine.sram.capacity = block.resident + Bytes{dice.in(40, 400)};
    const Design design = design_of(machine);
    for (const Strategy& strategy : strategies()) {
      CAPTURE(strategy.name, machine.sram.capacity.value(), block.resident.value());
      const auto found = assess(block, design, strategy);
      const auto room = found ? std::nullopt : capacity_needed(found.error());
      if (!found) {
        REQUIRE(room.has_value());
        CHECK(*room > machine.sram.capacity);
        continue;
      }
      CHECK(found->cost.total.peak <= machine.sram.capacity);
      CHECK(found->cost.total.peak > block.resident);
      const auto simulated = simulate_plan(block, design, found->plan);
      REQUIRE(simulated.has_value());
      CHECK(simulated->result.cycles >= found->cost.latency);
    }
  });
}

}  // namespace
}  // namespace fusescape::test_plans::resident_test
