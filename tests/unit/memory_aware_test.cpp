// In how many slices does a fused state update run where memory is short?
#include <algorithm>
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/search/published_slices.hpp"
#include "state_updates.hpp"

namespace fusescape::test_plans::memory_aware_test {
namespace {

constexpr std::int64_t kChannels = 12;
constexpr std::int64_t kStates = 8;

/// The tile of D in the plan that mem-aware-exact makes; all channels if D is not cut.
std::int64_t tile_of(const Cascade& cascade, std::int64_t capacity,
                     std::int64_t channels_in_all = kChannels) {
  Accelerator machine = accelerator();
  machine.model.double_buffering = false;
  machine.sram.capacity = Bytes{capacity};
  const auto found = assess(cascade, design_of(machine), *find_strategy("mem-aware-exact"));
  if (!found) FAIL(describe(found.error()));
  const auto channels = find_rank(cascade, "D");
  for (const Node& node : found->plan.nodes) {
    if (node.kind == NodeKind::kLoop && node.rank == *channels) return node.tile;
  }
  return channels_in_all;
}

/// Single buffers, D channels at a time: the more of A, h, Abar, dB, dBx, x and C (while dBx is made) and A,
/// h, dA, Abar, Delta, x, B and C (while exp runs).
std::int64_t footprint(std::int64_t channels) {
  return 4 * std::max(5 * channels * kStates + channels + kStates,
                      4 * channels * kStates + 2 * channels + 2 * kStates);
}

TEST_CASE(
    "The fewest slices that fit are taken, whatever their number: enough, and with a byte less the next") {
  const Cascade cascade = state_update({.l = 3, .d = kChannels, .n = kStates});
  for (const std::int64_t tile : {12, 6, 4, 3, 2, 1}) {
    CAPTURE(tile);
    CHECK(tile_of(cascade, footprint(tile)) == tile);
    if (tile < kChannels) CHECK(tile_of(cascade, footprint(tile) + 1) == tile);
    if (tile > 1) CHECK(tile_of(cascade, footprint(tile) - 1) < tile);
  }
}

TEST_CASE("Slices of a prime number of channels are equal but the last, which is shorter") {
  constexpr std::int64_t kPrime = 13;
  const Cascade cascade = state_update({.l = 3, .d = kPrime, .n = kStates});
  for (const std::int64_t tile : {13, 7, 5, 4, 3, 2, 1}) {  // ceil(13 / j)
    CAPTURE(tile);
    CHECK(tile_of(cascade, footprint(tile), kPrime) == tile);
    if (tile > 1) CHECK(tile_of(cascade, footprint(tile) - 1, kPrime) < tile);
  }
}

TEST_CASE("The published rule is raised to the next divisor, and to no more than all channels") {
  // 16261 / 100 bits for each of D * N entries: 12 * 8 * 162.61 / 8 = 1951.32 B.
  CHECK(published_slices(12, 8, Bytes{1952}) == 1);
  CHECK(published_slices(12, 8, Bytes{1951}) == 2);
  CHECK(published_slices(12, 8, Bytes{650}) == 4);   // 3.002 slices.
  CHECK(published_slices(12, 8, Bytes{390}) == 6);   // 5.003.
  CHECK(published_slices(12, 8, Bytes{278}) == 12);  // 7.02.
  CHECK(published_slices(12, 8, Bytes{1}) == 12);
}

}  // namespace
}  // namespace fusescape::test_plans::memory_aware_test
