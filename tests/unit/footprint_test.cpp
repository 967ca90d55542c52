// How many bytes must be on chip? Calculated peaks of hand-written plans (docs/model/footprint.md).
#include <catch2/catch.hpp>

#include "plans.hpp"

namespace fusescape::test_plans::footprint_test {
namespace {

constexpr std::int64_t kWord = 4;
constexpr std::int64_t kD = 5120;
constexpr std::int64_t kN = 64;
constexpr std::int64_t kDN = kD * kN;

std::int64_t peak(const Cascade& cascade, std::string_view plan, const ProfileOptions& options = kSingle) {
  Bytes most;
  for (const GroupProfile& group : profile_of(cascade, plan, options).groups)
    most = std::max(most, group.peak);
  return most.value();
}

TEST_CASE("The state carried over tokens is as large as its tile outside the token loop") {
  // t and h take over the state's memory; Abar, dBx and y are streamed.
  const Cascade cascade = state_update({.l = 64, .d = kD, .n = 16});
  // L outer, D inner: one slice of all channels, 5120 * 16 * 4 = 327,680 B, beside Abar's and dBx's tiles of
  // 640 (40,960 B each).
  CHECK(peak(cascade, "L:1{ D:640{ t h } }") == 327'680 + 2 * 40'960);
  // D outer in tiles of 640: 640 * 16 * 4 = 40,960 B, beside the same two.
  CHECK(peak(cascade, "D:640{ L:1{ t h } }") == 40'960 + 2 * 40'960);
}

TEST_CASE("One fused token holds 5DN + D + N elements in the published order, less in better ones") {
  // N=64, single buffers; A and the state stay for all tokens. x and C arrive with the token; Delta and B are
  // dead when dBx is made.
  const Cascade cascade = state_update({.l = 64, .d = kD, .n = kN});
  CHECK(5 * kDN + kD + kN == 1'643'584);
  // While dBx is made: A, h, Abar, dB, dBx, and x and C.
  CHECK(peak(cascade, "L:1{ dA exp dB dBx t h y }") == 1'643'584 * kWord);
  CHECK(1'643'584 * kWord == 6'574'336);  // The study's Eq. 2.
  // t before dB: while exp runs A, h, dA, Abar, and Delta, x, B, C.
  CHECK(4 * kDN + 2 * kD + 2 * kN == 1'321'088);
  CHECK(peak(cascade, "L:1{ dA exp t dB dBx h y }") == 1'321'088 * kWord);
  // In place, Abar is dA: A, h and one temporary.
  ProfileOptions in_place = kSingle;
  in_place.in_place = true;
  CHECK(3 * kDN + 2 * kD + 2 * kN == 993'408);
  CHECK(peak(cascade, "L:1{ dA exp t dB dBx h y }", in_place) == 993'408 * kWord);
}

TEST_CASE("The footprint of a fused token does not depend on the number of tokens") {
  const auto of = [](std::int64_t tokens) {
    return peak(state_update({.l = tokens, .d = kD, .n = kN}), "L:1{ dA exp dB dBx t h y }");
  };
  CHECK(of(2) == of(64));
  CHECK(of(2) == of(1'000'000'000));
}

TEST_CASE("A chain keeps its temporaries in registers: A, the state and the token's vectors remain") {
  const Cascade cascade = state_update({.l = 64, .d = kD, .n = kN});
  CHECK(peak(cascade, "L:1{ chain{ dA exp dB dBx t h y } }") == (2 * kDN + 3 * kD + 2 * kN) * kWord);
}

TEST_CASE("A streamed tensor takes two slots if the machine double-buffers, whatever stays takes one") {
  // X and Z move with M, in tiles of 2 x 4 and 2 x 8; Y (4 x 8) stays.
  const Cascade cascade = matmul(6, 8, 4);
  CHECK(peak(cascade, "M:2{ Z }") == (8 + 16 + 32) * kWord);
  CHECK(peak(cascade, "M:2{ Z }", {}) == (2 * 8 + 2 * 16 + 32) * kWord);
  CHECK(peak(cascade, "M:6{ Z }", {}) == (24 + 48 + 32) * kWord);  // One tile: nothing to prefetch.
  CHECK(peak(cascade, "M:2{ @X*1 @Y*2 Z }", {}) == (8 + 2 * 16 + 2 * 32) * kWord);
  ProfileOptions uncounted;
  uncounted.count_second_slots = false;
  CHECK(peak(cascade, "M:2{ Z }", uncounted) == (8 + 16 + 32) * kWord);
}

TEST_CASE("A tensor is alive from its maker to its last reader, and its memory is reused after") {
  // a -> b -> c -> d, 10 elements each: in and a; a and b; b and c; c and out.
  CascadeBuilder make{"line", DataType::kFp32};
  const RankId l = make.rank("L", Elements{10});
  TensorId last = make.tensor("in", {l}, TensorKind::kInput);
  for (const char* name : {"a", "b", "c", "d"})
    last = make.make(name, OpKind::kExp, {name, {l}}, {make.at(last)});
  const Cascade cascade = sound(make.finish());
  CHECK(peak(cascade, "a b c d") == 2 * 10 * kWord);
  // Held at the group, above the loops, they are whole and all alive while their children run.
  CHECK(peak(cascade, "L:5{ a } L:5{ b c d }") == (10 + 5 + 5) * kWord);
}

TEST_CASE("Bits are packed: a slab of three 4-bit values takes two bytes") {
  CHECK(peak(matmul(1, 3, 1, DataType::kInt4), "Z") == 1 + 2 + 2);
}

TEST_CASE("A window holds its halo: t + K - 1 tokens, no more than there are") {
  CascadeBuilder make{"conv", DataType::kFp32};
  const RankId l = make.rank("L", Elements{64});
  const RankId k = make.rank("K", Elements{4});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  make.make("conv", OpKind::kConv, {"y", {l}}, {{x, {{.rank = l, .tap = k}}}, make.at(w)});
  const Cascade cascade = sound(make.finish());
  CHECK(peak(cascade, "L:16{ conv }") == (19 + 4 + 16) * kWord);
  CHECK(peak(cascade, "L:16{ @x^ conv }") == (19 + 4 + 16) * kWord);
  CHECK(peak(cascade, "conv") == (64 + 4 + 64) * kWord);
}

TEST_CASE("New values that are made before old ones are read have memory of their own") {
  // L(1){ p; c = p[l-1] }: p[l] must not overwrite p[l-1], which c still reads; after c they need one slice
  // less.
  CascadeBuilder make{"late reader", DataType::kFp32};
  const RankId l = make.rank("L", Elements{6});
  const RankId d = make.rank("D", Elements{10});
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId p = make.make("p", OpKind::kExp, {"p", {l, d}}, {make.at(x)});
  make.make("c", OpKind::kExp, {"c", {l, d}}, {make.earlier(p, l, 1)});
  const Cascade cascade = sound(make.finish());
  // While c runs: p[l-1], p[l] and c. (x is dead, c not yet alive while p runs: x, p[l-1], p[l].)
  CHECK(peak(cascade, "L:1{ p c }") == 3 * 10 * kWord);
  // Read first, p[l-1] is overwritten by p[l]; beside it x, which may arrive early, and c, which may leave
  // late.
  CHECK(peak(cascade, "L:1{ c p }") == 3 * 10 * kWord);
}

TEST_CASE("A part of a state stored above its tile is not updated in place") {
  // t is kept whole over the D loop, the state tile by tile.
  const Cascade cascade = state_update({.l = 1, .d = 8, .n = 4});
  CHECK(peak(cascade, "@t D:2{ t h }") - peak(cascade, "D:2{ t h }") == 8 * 4 * kWord);
}

TEST_CASE("Groups are held one at a time") {
  const Cascade cascade = state_update({.l = 4, .d = 16, .n = 4});
  CHECK(peak(cascade, "dA | exp") == std::max(peak(cascade, "dA"), peak(cascade, "exp")));
}

}  // namespace
}  // namespace fusescape::test_plans::footprint_test
