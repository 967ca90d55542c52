// What does keeping a tensor between groups save, what room does it take, and when is it refused?
#include "fusescape/plan/retention.hpp"

#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::retention_test {
namespace {

using Faults = std::vector<std::string>;

/// a = exp(x), b = exp(a), c = b * a over L: a is read by two groups, b by one.
Cascade three_steps(std::int64_t tokens, DataType type = DataType::kInt8) {
  CascadeBuilder make{"steps", type};
  const RankId l = make.rank("L", Elements{tokens});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kExp, {"a", {l}}, {make.at(x)});
  const TensorId b = make.make("b", OpKind::kExp, {"b", {l}}, {make.at(a)});
  const TensorId c = make.tensor("c", {l}, TensorKind::kOutput);
  make.make("c", OpKind::kMul, c, {make.at(a), make.at(b)});
  return sound(make.finish());
}

Plan retaining(const Cascade& cascade, std::string_view text,
               const std::vector<std::pair<std::string, std::int64_t>>& kept) {
  Plan plan = plan_of(cascade, text);
  for (const auto& [name, bytes] : kept)
    plan.retentions.push_back({*find_tensor(cascade, name), Bytes{bytes}});
  return plan;
}

TEST_CASE("A tensor retained whole is neither written nor read, and nothing else changes") {
  const Cascade cascade = three_steps(60);
  const char* text = "L:10{ a } | L:10{ b } | L:10{ c }";
  const PlanProfile without = profile_of(cascade, text);
  CHECK(moved(cascade, without, "a") == Moved{120, 60});
  const PlanProfile with = profile_of(cascade, retaining(cascade, text, {{"a", 60}}));
  CHECK(moved(cascade, with, "a") == Moved{0, 0});
  for (const char* other : {"x", "b", "c"})
    CHECK(moved(cascade, with, other) == moved(cascade, without, other));
}

TEST_CASE("A part that is retained is left out of the write and of each whole pass over the tensor") {
  const Cascade cascade = three_steps(60);
  const PlanProfile made =
      profile_of(cascade, retaining(cascade, "L:10{ a } | L:10{ b } | L:10{ c }", {{"a", 25}, {"b", 7}}));
  CHECK(moved(cascade, made, "a") == Moved{2 * (60 - 25), 60 - 25});
  CHECK(moved(cascade, made, "b") == Moved{60 - 7, 60 - 7});
}

TEST_CASE("An operand that is read in three passes saves its retained part three times") {
  // Z[M,N] = X[M,K] Y[K,N] with N in three tiles outermost: X, 4 * 8 bytes, is read three times.
  CascadeBuilder make{"product", DataType::kInt8};
  const RankId m = make.rank("M", Elements{4});
  const RankId n = make.rank("N", Elements{6});
  const RankId k = make.rank("K", Elements{8});
  const TensorId x =
      make.make("x", OpKind::kExp, {"X", {m, k}}, {make.at(make.tensor("in", {m, k}, TensorKind::kInput))});
  const TensorId y = make.tensor("Y", {k, n}, TensorKind::kWeight);
  make.make("z", OpKind::kMatmul, {"Z", {m, n}}, {make.at(x), make.at(y)});
  const Cascade cascade = sound(make.finish());
  const char* text = "x | N:2{ M:2{ z } }";
  CHECK(moved(cascade, profile_of(cascade, text), "X") == Moved{96, 32});
  CHECK(moved(cascade, profile_of(cascade, retaining(cascade, text, {{"X", 10}})), "X") == Moved{66, 22});
  CHECK(moved(cascade, profile_of(cascade, retaining(cascade, text, {{"X", 32}})), "X") == Moved{0, 0});
}

TEST_CASE("A retained part takes its share of a narrower format, in whole granules") {
  const Cascade cascade = three_steps(60);
  Plan plan = retaining(cascade, "a | b | c", {{"b", 40}});
  plan.formats.push_back({*find_tensor(cascade, "b"), 4});
  // 60 elements of 4 bits are 30 B in DRAM; 40 of the 60 stay: 20 B.
  CHECK(moved(cascade, profile_of(cascade, plan), "b") == Moved{10, 10});
  // In granules of 8 B, 32 B travel; two thirds of them, 21 B, are two whole granules.
  ProfileOptions coarse;
  coarse.granule = Bytes{8};
  CHECK(moved(cascade, profile_of(cascade, plan, coarse), "b") == Moved{16, 16});
  plan.retentions.front().bytes = Bytes{60};
  CHECK(moved(cascade, profile_of(cascade, plan, coarse), "b") == Moved{0, 0});
}

/// xc[l] = sum over k of x[l-k] w[k] of a state x = exp(in), 16 tokens of one byte and 4 taps.
Cascade convolution(Initial initial, Final final_value) {
  CascadeBuilder make{"convolution", DataType::kInt8};
  const RankId l = make.rank("L", Elements{16});
  const RankId k = make.rank("K", Elements{4});
  const TensorId in = make.tensor("in", {l}, TensorKind::kInput);
  const TensorId x = make.tensor("x", {l}, TensorKind::kState);
  make.tensor(x).initial = initial;
  make.tensor(x).final_value = final_value;
  make.make("exp", OpKind::kExp, x, {make.at(in)});
  const Access window{x, {{.rank = l, .tap = k}}};
  make.make("conv", OpKind::kConv, {"xc", {l}},
            {window, make.at(make.tensor("w", {k}, TensorKind::kWeight))});
  return sound(make.finish());
}

TEST_CASE("Overlapping windows of a tensor retained whole are not read at all") {
  const Cascade cascade = convolution(Initial::kZero, Final::kDropped);
  const char* text = "exp | L:1{ conv }";
  // Four tokens a window, clipped at the start: 16 * 4 - (3 + 2 + 1).
  CHECK(moved(cascade, profile_of(cascade, text), "x") == Moved{58, 16});
  CHECK(moved(cascade, profile_of(cascade, retaining(cascade, text, {{"x", 16}})), "x") == Moved{0, 0});
}

TEST_CASE("Values from before the call are read, and those for the next call written, whatever is retained") {
  const Cascade cascade = convolution(Initial::kLoaded, Final::kStored);
  const char* text = "exp | L:1{ conv }";
  CHECK(moved(cascade, profile_of(cascade, text), "x") == Moved{64, 16});
  // The first three windows reach 3 + 2 + 1 tokens back; the next call needs the last K - 1 = 3 tokens.
  CHECK(moved(cascade, profile_of(cascade, retaining(cascade, text, {{"x", 16}})), "x") == Moved{6, 3});
}

TEST_CASE("A state of a recurrence that is retained leaves only its last token behind") {
  const Cascade cascade =
      state_update({.l = 9, .d = 5, .n = 3, .initial = Initial::kLoaded, .final_value = Final::kStored});
  const char* text = "dA | exp | dB | dBx | L:1{ t h @h! } | y";
  const std::int64_t token = 4 * 5 * 3;
  CHECK(moved(cascade, profile_of(cascade, text), "h") == Moved{2 * 9 * token, 9 * token});
  CHECK(moved(cascade, profile_of(cascade, retaining(cascade, text, {{"h", 9 * token}})), "h") ==
        Moved{token, token});
}

TEST_CASE("What is retained is reserved in every group from its producer to its last reader") {
  const Cascade cascade = three_steps(60);
  const PlanProfile made = profile_of(cascade, retaining(cascade, "a | b | c", {{"a", 60}, {"b", 7}}));
  CHECK(made.groups[0].reserved == Bytes{60});
  CHECK(made.groups[1].reserved == Bytes{67});
  CHECK(made.groups[2].reserved == Bytes{67});
}

TEST_CASE("A plan fits while footprint and reservation together do, to the byte") {
  const Cascade cascade = three_steps(60);
  Accelerator machine = accelerator();
  machine.model.double_buffering = false;
  // In tiles of 10, group c holds 30 bytes, and beside them 60 + 7.
  const Plan plan = retaining(cascade, "L:10{ a } | L:10{ b } | L:10{ c }", {{"a", 60}, {"b", 7}});
  machine.sram.capacity = Bytes{97};
  CHECK(assess(cascade, design_of(machine), plan).has_value());
  machine.sram.capacity = Bytes{96};
  const auto short_by_one = assess(cascade, design_of(machine), plan);
  REQUIRE_FALSE(short_by_one.has_value());
  REQUIRE(std::holds_alternative<DoesNotRun>(short_by_one.error()));
  CHECK(std::get<DoesNotRun>(short_by_one.error()).why.needed == Bytes{97});
}

TEST_CASE("Retentions that cannot be are refused with the reason") {
  const Cascade cascade = three_steps(60);
  const auto refused = [&](const char* text, const std::vector<std::pair<std::string, std::int64_t>>& kept) {
    const Faults found = faults(cascade, retaining(cascade, text, kept));
    REQUIRE(found.size() >= 1);
    return found.front();
  };
  CHECK_THAT(refused("a | b | c", {{"a", 5}, {"a", 5}}), Catch::Contains("it is retained twice"));
  CHECK_THAT(refused("a | b | c", {{"a", 61}}), Catch::Contains("retains 61 B of its 60 B"));
  CHECK_THAT(refused("a | b | c", {{"a", 0}}), Catch::Contains("retains 0 B of its 60 B"));
  CHECK_THAT(refused("a | { b c }", {{"b", 5}}), Catch::Contains("no later group reads it"));
  CHECK_THAT(refused("a | b | c", {{"x", 5}}), Catch::Contains("no group makes it"));
  CHECK_THAT(refused("a | b | c", {{"c", 5}}), Catch::Contains("no later group reads it"));
  CHECK(faults(cascade, retaining(cascade, "a | { b c }", {{"a", 60}})).empty());
}

TEST_CASE("A part of a tensor that some reader slices or shifts is refused, the whole is not") {
  const Cascade cascade = convolution(Initial::kZero, Final::kDropped);
  const Faults part = faults(cascade, retaining(cascade, "exp | conv", {{"x", 15}}));
  REQUIRE(part.size() == 1);
  CHECK_THAT(part.front(), Catch::Contains("only if every reader reads all of it"));
  CHECK(faults(cascade, retaining(cascade, "exp | conv", {{"x", 16}})).empty());
}

TEST_CASE("A part of a tensor that a group loads unequally often is refused, the whole is not") {
  CascadeBuilder make{"outer product", DataType::kInt8};
  const RankId l = make.rank("L", Elements{7});
  const RankId n = make.rank("N", Elements{3});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {n}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kExp, {"a", {l}}, {make.at(x)});
  make.make("z", OpKind::kMul, {"z", {n, l}}, {make.at(a), make.at(w)});
  const Cascade cascade = sound(make.finish());
  // Of the first four elements slabs of 3 and 1 take turns, for each of N; the other three stay.
  const char* uneven = "a | L:4{ N:1{ L:3{ z } } }";
  const Faults part = faults(cascade, retaining(cascade, uneven, {{"a", 4}}));
  REQUIRE(part.size() == 1);
  CHECK_THAT(part.front(), Catch::Contains("only if all of it is loaded equally often"));
  CHECK(faults(cascade, retaining(cascade, uneven, {{"a", 7}})).empty());
  // Slabs of 2 and 2, then 2 and 1: three passes over all, of which 4 bytes stay.
  const Plan even = retaining(cascade, "a | L:4{ N:1{ L:2{ z } } }", {{"a", 4}});
  CHECK(moved(cascade, profile_of(cascade, even), "a") == Moved{3 * 3, 3});
}

TEST_CASE("Where a plan lacks the last reader, the reservation ends with the last one that it has") {
  const Cascade cascade = three_steps(60);
  const Plan plan = retaining(cascade, "a | b", {{"a", 60}});
  const Layout layout = lay_out(cascade, plan, Coverage::kPart).value();
  const GroupSpan span = retained_span(cascade, layout, *find_tensor(cascade, "a"));
  CHECK(span.first == 0);
  CHECK(span.last == 1);
}

}  // namespace
}  // namespace fusescape::test_plans::retention_test
