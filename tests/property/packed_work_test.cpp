// Is packed work, unpacked, the same work?
#include "../../src/search/packed_work.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "for_all.hpp"

namespace fusescape::test_plans::packed_work_test {
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
  work.op = OpId{static_cast<std::uint16_t>(dice.in(0, 1000))};
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

    CHECK(read == table);
  });
}

}  // namespace
}  // namespace fusescape::test_plans::packed_work_test
