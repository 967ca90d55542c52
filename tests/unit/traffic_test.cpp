// How many bytes does each tensor move? The fetch rule's small numbers, calculated (docs/model/traffic.md).
#include <catch2/catch.hpp>

#include "plans.hpp"

namespace fusescape::test_plans::traffic_test {
namespace {

constexpr std::int64_t kWord = 4;  // fp32

std::int64_t elements_read(const Cascade& cascade, const PlanProfile& profile, std::string_view tensor) {
  return moved(cascade, profile, tensor).read / kWord;
}

TEST_CASE("A loop over one tile does not make an outer loop fetch again") {
  const Cascade cascade = state_update({.l = 64, .d = 5120, .n = 16});
  // A does not change from token to token, and the D loop has one trip: 5120 * 16 elements once, not 64
  // times.
  CHECK(elements_read(cascade, profile_of(cascade, "L:1{ D:5120{ dA } }"), "A") == 81'920);
  // Nine tiles of 600 (the last of 320) take turns in the buffer, so that each of 16 trips fetches all of A:
  // 16 * 81,920, and not 16 * 9 * 600 * 16 = 1,382,400, since the last tile is not rounded up.
  CHECK(elements_read(cascade, profile_of(cascade, "L:4{ D:600{ dA } }"), "A") == 1'310'720);
  // D outside: each tile is fetched once and stays while all tokens pass.
  CHECK(elements_read(cascade, profile_of(cascade, "D:600{ L:4{ dA } }"), "A") == 81'920);
  // Stored above the D loop, all of A is on chip.
  CHECK(elements_read(cascade, profile_of(cascade, "@A L:4{ D:600{ dA } }"), "A") == 81'920);
}

TEST_CASE("A small matmul reads 96 elements with n innermost and 80 with m innermost") {
  // M=8, N=4, K=4, tiles of 2, K whole. (m, n): X once, 32; Y (16) for each of 4 tiles of m, 64.
  // (n, m): Y once, 16; X for each of 2 tiles of n, 64.
  const Cascade cascade = matmul(8, 4, 4);
  const auto read = [&](const char* plan) {
    const PlanProfile profile = profile_of(cascade, plan);
    return elements_read(cascade, profile, "X") + elements_read(cascade, profile, "Y");
  };
  CHECK(read("M:2{ N:2{ Z } }") == 96);
  CHECK(read("N:2{ M:2{ Z } }") == 80);
}

TEST_CASE(
    "Sums that leave the chip come back: K outermost moves 48 + 64 elements of the output, K innermost 16") {
  // 4 x 4 outputs, K=8 in 4 tiles: each output tile is visited 4 times: 4 writes and 3 reads of 16 elements.
  const Cascade cascade = matmul(4, 4, 8);
  CHECK(moved(cascade, profile_of(cascade, "K:2{ M:2{ N:2{ Z } } }"), "Z") == Moved{48 * kWord, 64 * kWord});
  CHECK(moved(cascade, profile_of(cascade, "M:2{ N:2{ K:2{ Z } } }"), "Z") == Moved{0, 16 * kWord});
  // Between two output loops only those inside K come back.
  CHECK(moved(cascade, profile_of(cascade, "M:2{ K:2{ N:2{ Z } } }"), "Z") == Moved{48 * kWord, 64 * kWord});
  // One tile of output below K stays until its sum is complete.
  CHECK(moved(cascade, profile_of(cascade, "K:2{ Z }"), "Z") == Moved{0, 16 * kWord});
}

TEST_CASE("Incomplete sums travel in the accumulator's type, complete ones in their own") {
  // fp16 accumulates in fp32: 3 writes and 3 reads of 16 words of 4 bytes, and one write of 2 bytes each.
  const Cascade cascade = matmul(4, 4, 8, DataType::kFp16);
  CHECK(moved(cascade, profile_of(cascade, "K:2{ M:2{ N:2{ Z } } }"), "Z") ==
        Moved{3 * 16 * 4, 3 * 16 * 4 + 16 * 2});
}

/// y[l,d] = sum over k of w[d,k] x[l-k,d], a causal convolution.
Cascade convolution(std::int64_t l, Initial initial = Initial::kZero) {
  CascadeBuilder make{"conv", DataType::kFp32};
  const RankId tokens = make.rank("L", Elements{l});
  const RankId d = make.rank("D", Elements{8});
  const RankId k = make.rank("K", Elements{4});
  const TensorId x = make.tensor("x", {tokens, d}, TensorKind::kInput);
  make.tensor(x).initial = initial;
  const TensorId w = make.tensor("w", {d, k}, TensorKind::kWeight);
  make.make("conv", OpKind::kConv, {"y", {tokens, d}},
            {{x, {{.rank = tokens, .tap = k}, {.rank = d}}}, make.at(w)});
  return sound(make.finish());
}

TEST_CASE("A convolution refetches its halo by (t + K - 1) / t, unless it holds it") {
  constexpr std::int64_t kTokens = 64 * 1024;
  const Cascade cascade = convolution(kTokens);
  const auto factor = [&](const char* plan) {
    return static_cast<double>(elements_read(cascade, profile_of(cascade, plan), "x")) / (kTokens * 8);
  };
  // Tile 1: 4 elements for each, less 3 + 2 + 1 before the first token.
  CHECK(elements_read(cascade, profile_of(cascade, "L:1{ conv }"), "x") == (4 * kTokens - 6) * 8);
  CHECK(factor("L:1{ conv }") == Approx(4.0).epsilon(1e-4));
  // Tile 64: 67 for each but the first, which has 64: 67/64 = 1.047.
  CHECK(elements_read(cascade, profile_of(cascade, "L:64{ conv }"), "x") == (67 * 1024 - 3) * 8);
  CHECK(factor("L:64{ conv }") == Approx(67.0 / 64.0).epsilon(1e-4));
  CHECK(factor("L:1{ @x^ conv }") == 1.0);
  CHECK(factor("conv") == 1.0);
}

TEST_CASE("A loaded window brings the elements before the first; a zero one moves nothing for them") {
  CHECK(elements_read(convolution(10), profile_of(convolution(10), "conv"), "x") == 10 * 8);
  const Cascade loaded = convolution(10, Initial::kLoaded);
  CHECK(elements_read(loaded, profile_of(loaded, "conv"), "x") == 13 * 8);
}

TEST_CASE("Element-wise recompute is counted in operations and reads, never implicit") {
  // B_n[L,N] = B * s; dB[L,D,N] = Delta * B_n: under a D loop of 8 trips B_n is made 8 times.
  CascadeBuilder make{"B norm", DataType::kFp32};
  const RankId l = make.rank("L", Elements{32});
  const RankId d = make.rank("D", Elements{64});
  const RankId n = make.rank("N", Elements{16});
  const TensorId b = make.tensor("B", {l, n}, TensorKind::kInput);
  const TensorId s = make.tensor("s", {l}, TensorKind::kInput);
  const TensorId delta = make.tensor("Delta", {l, d}, TensorKind::kInput);
  const TensorId bn = make.make("B_norm", OpKind::kMul, {"B_n", {l, n}}, {make.at(b), make.at(s)});
  make.make("dB", OpKind::kMul, {"dB", {l, d, n}}, {make.at(delta), make.at(bn)});
  const Cascade cascade = sound(make.finish());

  const auto at = [&](const char* plan) { return profile_of(cascade, plan, kSingle); };
  // Recomputed: 8 times 512 operations and 8 times 512 reads of B; B_n never travels.
  const PlanProfile again = at("D:8{ L:1{ B_norm dB } }");
  CHECK(again.groups[0].ops == total_ops(cascade) + Ops{7 * 512});
  CHECK(moved(cascade, again, "B") == Moved{8 * 512 * kWord, 0});
  CHECK(moved(cascade, again, "B_n") == Moved{0, 0});
  // Made before the D loop and held whole over it: 512 elements, 2 KiB.
  const PlanProfile whole = at("B_norm D:8{ L:1{ dB } }");
  CHECK(whole.groups[0].ops == total_ops(cascade));
  CHECK(moved(cascade, whole, "B_n") == Moved{0, 0});
  CHECK(moved(cascade, whole, "B") == Moved{512 * kWord, 0});
  // Spilled: written once, read for each of 8 trips of D.
  const PlanProfile spilled = at("@B_n! L:1{ B_norm } | D:8{ L:1{ dB } }");
  CHECK(spilled.groups[0].ops + spilled.groups[1].ops == total_ops(cascade));
  CHECK(moved(cascade, spilled, "B_n") == Moved{8 * 512 * kWord, 512 * kWord});
  // Keeping one token's B_n for another loop to read would read an overwritten tile: refused.
  CHECK(faults(cascade, "L:1{ @B_n B_norm } D:8{ L:1{ dB } }").size() == 1);
}

TEST_CASE("Unfused, the state update's [L,D,N] tensors move 13 times; fused, never") {
  // dA 1, exp 2, dB 1, dBx 2, t 3, h 3, y 1 accesses; h before the first token is loaded by t, so that t
  // reads L slices of h and the last one is read by y alone.
  constexpr std::int64_t kL = 16;
  constexpr std::int64_t kD = 32;
  constexpr std::int64_t kN = 8;
  const Cascade cascade =
      state_update({.l = kL, .d = kD, .n = kN, .initial = Initial::kLoaded, .final_value = Final::kStored});
  constexpr std::int64_t kSlab = kL * kD * kN * kWord;
  const PlanProfile unfused = profile_of(cascade, "dA | exp | dB | dBx | L:1{ @t! @h! t h } | y");
  CHECK(moved(cascade, unfused, "dA") == Moved{kSlab, kSlab});
  CHECK(moved(cascade, unfused, "Abar") == Moved{kSlab, kSlab});
  CHECK(moved(cascade, unfused, "dB") == Moved{kSlab, kSlab});
  CHECK(moved(cascade, unfused, "dBx") == Moved{kSlab, kSlab});
  CHECK(moved(cascade, unfused, "t") == Moved{kSlab, kSlab});
  CHECK(moved(cascade, unfused, "h") == Moved{2 * kSlab, kSlab});  // By t, one token earlier, and by y.
  const PlanProfile fused = profile_of(cascade, "L:1{ dA exp dB dBx t h y }");
  for (const char* tensor : {"dA", "Abar", "dB", "dBx", "t"}) {
    CAPTURE(tensor);
    CHECK(moved(cascade, fused, tensor) == Moved{0, 0});
  }
  CHECK(moved(cascade, fused, "h") == Moved{kD * kN * kWord, kD * kN * kWord});  // In once, out once.
  // 13 accesses without the h0 that both schedules load.
  std::int64_t accesses = 0;
  for (const char* tensor : {"dA", "Abar", "dB", "dBx", "t", "h"}) {
    accesses += moved(cascade, unfused, tensor).read + moved(cascade, unfused, tensor).written;
  }
  CHECK(accesses == 13 * kSlab);
}

TEST_CASE("A state comes in once per pass over its rank and goes out once") {
  const Cascade cascade =
      state_update({.l = 64, .d = 5120, .n = 16, .initial = Initial::kLoaded, .final_value = Final::kStored});
  constexpr std::int64_t kState = 5120 * 16 * kWord;
  for (const char* plan : {"L:1{ dA exp dB dBx t h y }", "D:640{ L:1{ dA exp dB dBx t h y } }",
                           "L:1{ D:640{ dA exp dB dBx t h y } }", "L:1{ chain{ dA exp dB dBx t h y } }"}) {
    CAPTURE(plan);
    CHECK(moved(cascade, profile_of(cascade, plan), "h") == Moved{kState, kState});
  }
  const Cascade zero = state_update({.l = 64, .d = 5120, .n = 16});
  CHECK(moved(zero, profile_of(zero, "L:1{ dA exp dB dBx t h y }"), "h") == Moved{0, 0});
}

TEST_CASE("B and C are fetched once per D slice, A and the state once in all") {
  const Cascade cascade = state_update({.l = 64, .d = 5120, .n = 16});
  const PlanProfile profile = profile_of(cascade, "D:640{ L:1{ dA exp dB dBx t h y } }");
  CHECK(moved(cascade, profile, "B").read == 8 * 64 * 16 * kWord);
  CHECK(moved(cascade, profile, "C").read == 8 * 64 * 16 * kWord);
  CHECK(moved(cascade, profile, "A").read == 5120 * 16 * kWord);
  CHECK(moved(cascade, profile, "Delta").read == 64 * 5120 * kWord);
}

TEST_CASE("Every transfer of a tile is rounded up to the DRAM granule") {
  // Tiles of 3 x 4 elements: 48 bytes, one granule of 64 each; M=7 has tiles of 3, 3 and 1 (16 bytes).
  const Cascade cascade = matmul(7, 4, 4);
  ProfileOptions options;
  options.granule = Bytes{64};
  const PlanProfile profile = profile_of(cascade, "M:3{ Z }", options);
  CHECK(moved(cascade, profile, "X").read == 3 * 64);
  CHECK(moved(cascade, profile, "Y").read == 64);
  CHECK(moved(cascade, profile, "Z").written == 3 * 64);
}

TEST_CASE("A tensor in DRAM may have a width of its own; its tiles are packed and rounded up to bytes") {
  const Cascade cascade = matmul(3, 3, 3);
  Plan plan = plan_of(cascade, "M:1{ Z }");
  plan.formats.push_back({.tensor = *find_tensor(cascade, "X"), .bits = 5});
  const PlanProfile profile = profile_of(cascade, plan);
  CHECK(moved(cascade, profile, "X").read == 3 * 2);  // 3 * 5 bits, thrice.
  CHECK(moved(cascade, profile, "Y").read == 9 * kWord);
}

TEST_CASE("Slices of one tensor are fetched each for itself") {
  CascadeBuilder make{"halves", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{8});
  const RankId both = make.rank("D2", Elements{16});
  const TensorId xz = make.tensor("xz", {l, both}, TensorKind::kInput);
  make.make("gate", OpKind::kMul, {"g", {l, d}},
            {make.slice(xz, d, Elements{0}), make.slice(xz, d, Elements{8})});
  const Cascade cascade = sound(make.finish());
  CHECK(moved(cascade, profile_of(cascade, "L:1{ gate }"), "xz").read == 64 * kWord);
}

}  // namespace
}  // namespace fusescape::test_plans::traffic_test
