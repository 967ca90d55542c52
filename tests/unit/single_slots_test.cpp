// What do single slots of loops over several bodies wait for? Each bound of docs/model/latency.md, single
// slots, where it decides, by hand.
#include <catch2/catch.hpp>

#include "plans.hpp"
#include "simulation.hpp"

namespace fusescape::test_plans::single_slots_test {
namespace {

constexpr std::int64_t kAmple = 1 << 20;

/// In cycles.
struct Times {
  std::int64_t simulated = 0;
  std::int64_t closed = 0;
};

/// Two cycles a byte, on one port; an operation a cycle; 8 bits an element. With `capacity` B, or ample
/// memory.
Times times_of(const Cascade& cascade, const char* text, std::int64_t capacity = kAmple) {
  Accelerator machine = accelerator();
  machine.dram.bandwidth = BitsPerCycle{4};
  machine.sram.capacity = Bytes{capacity};
  const Plan plan = plan_of(cascade, text);
  const PlanProfile closed = profile_of(cascade, plan, profile_options(machine));
  return {simulated(cascade, plan, machine).cycles.value(), cost_on(closed, machine).latency.value()};
}

/// Over four tokens and 8 channels: A = x + x, B = A + z, C = B + B; z is A if it `reads` nothing else; C
/// leaves, and B if that is `stored`.
Cascade three_sums(bool reads, bool stored) {
  CascadeBuilder make{"sums", DataType::kInt8};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{8});
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kAdd, {"A", {l, d}}, {make.at(x), make.at(x)});
  const TensorId z = reads ? make.tensor("z", {l, d}, TensorKind::kInput) : a;
  const TensorId b = make.make("b", OpKind::kAdd, {"B", {l, d}}, {make.at(a), make.at(z)});
  const TensorId c = make.make("c", OpKind::kAdd, {"C", {l, d}}, {make.at(b), make.at(b)});
  make.tensor(stored ? b : c).kind = TensorKind::kOutput;
  make.tensor(c).kind = TensorKind::kOutput;
  return sound(make.finish());
}

void check(const Times& times, std::int64_t cycles) {
  CHECK(times.simulated == cycles);
  CHECK(times.closed == cycles);
}

TEST_CASE("What a body makes again, and what it reads into one slot, moves while it does not run") {
  // 16 cycles for a slab; 8 of compute for a, 16 for b and c. x comes in while b and c run; z and C cannot.
  // A turn: C out, z in, b and c: 48, but the first, x in, a beside z, b and c; after the last C leaves.
  const char* const text = "L:1{ @x*1 @z*1 D:8{ a } D:8{ b c } }";
  check(times_of(three_sums(true, false), text), 16 + (16 + 16) + 3 * (16 + 16 + 16) + 16);
  // With B, too, which leaves before z comes.
  check(times_of(three_sums(true, true), text), 16 + (16 + 16) + 3 * (16 + 16 + 16 + 16) + 16 + 16);
}

TEST_CASE("Where memory is full, what comes before a turn comes while nothing runs") {
  // In 40 B x has no place beside b and c: a turn is x in, a beside C out, z in, b and c.
  const char* const text = "L:1{ @x*1 @z*1 D:8{ a } D:8{ b c } }";
  check(times_of(three_sums(true, false), text, 40), 4 * (16 + 16 + 16) + 3 * 16 + 16);
}

TEST_CASE("A single slab without a place before its turn is waited for") {
  // In 24 B: x in, a, b, c, 40 cycles a turn; C leaves meanwhile, after the last one at the end.
  check(times_of(three_sums(false, false), "L:1{ @x*1 D:8{ a } D:8{ b } D:8{ c } }", 24),
        4 * (16 + 3 * 8) + 16);
}

TEST_CASE("What is stored from one slot leaves before it is made again") {
  // x in, a, b and c; then b and c again as soon as C has left.
  check(times_of(three_sums(false, false), "L:1{ @x*1 @C*1 D:8{ a } D:8{ b c } }"),
        16 + 8 + 16 + 3 * (16 + 16) + 16);
}

TEST_CASE(
    "A single slab without a place is waited for at each turn, also if not all of the group takes turns") {
  // a: A = x + x; b: the largest A of a token. In 17 B x has no place beside A and two results, nor y beside
  // them: x in, a and b for each token, then y in and c, 8 cycles; and a byte leaves.
  CascadeBuilder make{"then one", DataType::kInt8};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{8});
  const RankId one = make.rank("O", Elements{1});
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId y = make.tensor("y", {one, d}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kAdd, {"A", {l, d}}, {make.at(x), make.at(x)});
  make.make("b", OpKind::kReduceMax, {"m", {l}}, {make.at(a)});
  make.make("c", OpKind::kReduceMax, {"r", {one}}, {make.at(y)});
  const Cascade cascade = sound(make.finish());
  check(times_of(cascade, "L:1{ @x*1 D:8{ a } D:8{ b } } D:8{ c }", 17), 4 * (16 + 8 + 8) + 16 + 8 + 2);
}

TEST_CASE("A slot that is taken keeps its place before what the same turn loads after it") {
  // a: A = x + y; b: B = A + x; c: the largest B of a token. While b runs, y would have a place in 32 B, but
  // x comes first, and has none: both come while c runs, and after it. The closed form does not count the
  // last c.
  CascadeBuilder make{"taken", DataType::kInt8};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{8});
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId y = make.tensor("y", {l, d}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kAdd, {"A", {l, d}}, {make.at(x), make.at(y)});
  const TensorId b = make.make("b", OpKind::kAdd, {"B", {l, d}}, {make.at(a), make.at(x)});
  make.make("c", OpKind::kReduceMax, {"m", {l}}, {make.at(b)});
  const Cascade cascade = sound(make.finish());
  const Times times = times_of(cascade, "L:1{ @x*1 @y*1 D:8{ a } D:8{ b } D:8{ c } }", 32);
  CHECK(times.simulated == 32 + 3 * (8 + 8 + 32) + 8 + 8 + 8 + 2);
  CHECK(times.closed == 32 + 3 * (8 + 8 + 32) + 8 + 8 + 2);
}

}  // namespace
}  // namespace fusescape::test_plans::single_slots_test
