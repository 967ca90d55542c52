// What does the type that sums are kept in change? Partial sums on chip and in DRAM, and their rounding.
#include <catch2/catch.hpp>

#include "fusescape/exec/semantics.hpp"
#include "fusescape/workload/role_types.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::accumulator_test {
namespace {

Cascade fp16_matmul(std::optional<DataType> accumulator) {
  Cascade cascade = matmul(4, 4, 8, DataType::kFp16);
  set_types(cascade, {.weight = {}, .state = {}, .cache = {}, .activation = {}, .accumulator = accumulator});
  return cascade;
}

TEST_CASE(
    "Partial sums travel and stay in the accumulator that the model asks for, results in their own type") {
  // 16 outputs, K = 8 in 4 tiles outside: 3 writes and 3 reads of 16 sums, one write of 16 results of 2
  // bytes.
  constexpr const char* kPlan = "K:2{ M:2{ N:2{ Z } } }";
  for (const auto& [accumulator, bytes] : {std::pair{DataType::kFp16, 2}, std::pair{DataType::kFp32, 4}}) {
    const Cascade cascade = fp16_matmul(accumulator);
    const PlanProfile profile = profile_of(cascade, kPlan, kSingle);
    CHECK(moved(cascade, profile, "Z") == Moved{3 * 16 * bytes, 3 * 16 * bytes + 16 * 2});
    // Tiles of 2 x 2: X and Y of 2 bytes, four sums.
    CHECK(profile.groups.front().peak == Bytes{4 * 2 + 4 * 2 + 4 * bytes});
  }
}

TEST_CASE("Without a word on accumulators they are what a type has, and nothing changes") {
  const Cascade cascade = fp16_matmul(std::nullopt);
  const Cascade said = fp16_matmul(DataType::kFp32);
  for (const char* plan : {"Z", "K:2{ M:2{ N:2{ Z } } }", "M:2{ N:2{ K:2{ Z } } }"}) {
    CHECK(moved(cascade, profile_of(cascade, plan), "Z") == moved(said, profile_of(said, plan), "Z"));
    CHECK(profile_of(cascade, plan).groups.front().peak == profile_of(said, plan).groups.front().peak);
  }
}

TEST_CASE("A sum is rounded to its accumulator after each term, and to its own type at the end") {
  // bf16 has 8 bits: 2^-9 vanishes beside 1, and four of them beside each other make 2^-7.
  const Summation wide{OpKind::kReduceSum, {.type = DataType::kBf16}};
  const Summation narrow{OpKind::kReduceSum, {.type = DataType::kBf16, .accumulator = DataType::kBf16}};
  double in_fp32 = wide.start() + 1.0;
  double in_bf16 = narrow.start() + 1.0;
  for (int i = 0; i < 4; ++i) {
    in_fp32 = wide.add(in_fp32, 0x1p-9);
    in_bf16 = narrow.add(in_bf16, 0x1p-9);
  }
  CHECK(wide.finish(in_fp32, 5) == 1.0 + 0x1p-7);
  CHECK(narrow.finish(in_bf16, 5) == 1.0);
}

TEST_CASE("Sums are held by floats that are as wide at least, and integers by int32") {
  CHECK(holds_sums(DataType::kFp32, DataType::kBf16));
  CHECK(holds_sums(DataType::kFp16, DataType::kBf16));
  CHECK(holds_sums(DataType::kFp8, DataType::kFp8));
  CHECK_FALSE(holds_sums(DataType::kBf16, DataType::kFp32));
  CHECK(holds_sums(DataType::kInt32, DataType::kInt8));
  CHECK_FALSE(holds_sums(DataType::kInt8, DataType::kInt4));
  CHECK_FALSE(holds_sums(DataType::kInt32, DataType::kFp16));
  CHECK_FALSE(holds_sums(DataType::kFp32, DataType::kInt8));
}

}  // namespace
}  // namespace fusescape::test_plans::accumulator_test
