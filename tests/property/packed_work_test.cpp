// Is packed work, unpacked, the same work?
#include "../../src/search/packed_work.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "for_all.hpp"

namespace fusescape::test_plans {
namespace {

/// As likely one byte long as eight.
std::int64_t any_number(Dice& dice) {
  if (dice.one_in(8)) return std::numeric_limits<std::int64_t>::max();
  const std::int64_t digits = dice.in(0, (std::int64_t{1} << dice.in(0, 32)) - 1);
  return digits << dice.in(0, 30);
}

OperandAccess any_access(Dice& dice) {
  OperandAccess access;
  access.whole_bits = any_number(dice);
  access.partial_count = static_cast<std::uint8_t>(dice.in(0, kDimensionCount));
  for (std::size_t p = 0; p < access.partial_count; ++p) {
    access.partial[p] = {static_cast<Dimension>(dice.in(0, kDimensionCount - 1)),
                         static_cast<Share>(dice.in(0, 3)), any_number(dice)};
  }
  access.stays = static_cast<std::uint8_t>(dice.in(0, 15));
  access.bits = static_cast<int>(dice.in(1, 64));
  return access;
}

OperatorWork any_operator(Dice& dice) {
  OperatorWork work;
  work.op = OpId{static_cast<std::uint32_t>(dice.in(0, 1000))};
  work.kind = kOpKinds[static_cast<std::size_t>(dice.in(0, std::size(kOpKinds) - 1))].kind;
  work.ops = any_number(dice);
  work.temporal = any_number(dice);
  for (std::int64_t& extent : work.extent) extent = any_number(dice);
  work.stationary_count = static_cast<std::uint32_t>(dice.in(0, kMostCandidates));
  for (std::size_t c = 0; c < work.stationary_count; ++c) work.stationary[c].repeats = any_number(dice);
  work.output_bits = any_number(dice);
  work.first_access = static_cast<std::uint32_t>(dice.in(0, 100000));
  work.access_count = static_cast<std::uint32_t>(dice.in(0, kMostAccesses));
  return work;
}

bool same(const OperandAccess& a, const OperandAccess& b) {
  const auto equal = [](const PartialShare& one, const PartialShare& other) {
    return one.dimension == other.dimension && one.share == other.share && one.part == other.part;
  };
  return a.whole_bits == b.whole_bits && a.partial_count == b.partial_count && a.stays == b.stays &&
         a.bits == b.bits && std::equal(a.partial.begin(), a.partial.end(), b.partial.begin(), equal);
}

bool same(const OperatorWork& a, const OperatorWork& b) {
  const auto equal = [](StationaryCandidate one, StationaryCandidate other) {
    return one.repeats == other.repeats;
  };
  return a.op == b.op && a.kind == b.kind && a.ops == b.ops && a.temporal == b.temporal &&
         a.extent == b.extent && a.stationary_count == b.stationary_count &&
         std::equal(a.stationary.begin(), a.stationary.end(), b.stationary.begin(), equal) &&
         a.output_bits == b.output_bits && a.first_access == b.first_access &&
         a.access_count == b.access_count;
}

TEST_CASE("Packed work is, unpacked, the same work") {
  for_all(2000, [](Dice& dice) {
    WorkTable table;
    for (auto n = dice.in(0, 5); n > 0; --n) table.operators.push_back(any_operator(dice));
    for (auto n = dice.in(0, 12); n > 0; --n) table.accesses.push_back(any_access(dice));

    WorkTable read;
    read.operators.resize(3);  // What was there goes.
    const PackedWork packed{table};
    CHECK_FALSE(packed.empty());
    packed.unpack(read);

    const auto equal = [](const auto& a, const auto& b) { return same(a, b); };
    CHECK(std::equal(table.operators.begin(), table.operators.end(), read.operators.begin(),
                     read.operators.end(), equal));
    CHECK(std::equal(table.accesses.begin(), table.accesses.end(), read.accesses.begin(), read.accesses.end(),
                     equal));
  });
}

}  // namespace
}  // namespace fusescape::test_plans
