// Does an access that goes chunk by chunk name what it says, and which plans may cut its chunks?
#include <catch2/catch.hpp>

#include "fusescape/cost/compulsory.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape::chunks_test {
namespace {

/// y[c, q] = exp(x[c*Q + q]): three chunks of four of a tensor of thirteen.
struct ChunkedCopy {
  CascadeBuilder make{"chunks", DataType::kFp32};
  RankId l = make.rank("L", Elements{13});
  RankId c = make.rank("C", Elements{3});
  RankId q = make.rank("Q", Elements{4});
  TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  Index index{.rank = q, .chunk = c};

  [[nodiscard]] CheckedCascade checked() {
    const TensorId y = make.tensor("y", {c, q}, TensorKind::kOutput);
    make.make("y", OpKind::kExp, y, {Access{x, {index}}});
    return make.finish();
  }
};

TEST_CASE("Three chunks of four elements are twelve of thirteen") {
  const CheckedCascade made = ChunkedCopy{}.checked();
  REQUIRE(made.problems.empty());
  CHECK(compulsory_traffic(made.cascade, OpId{0}).read == Bytes{12 * 4});
  CHECK(ops_of(made.cascade, OpId{0}) == Ops{12});
}

TEST_CASE("Chunks beyond their tensor, shifted or sliced ones and one rank for both are refused") {
  const auto problem = [](void (*change)(ChunkedCopy&)) {
    ChunkedCopy copy;
    change(copy);
    const auto problems = copy.checked().problems;
    return problems.empty() ? std::string{} : problems.front().message;
  };
  CHECK(problem([](ChunkedCopy& copy) { copy.index = {.rank = copy.c, .chunk = copy.l}; }) ==
        "'y' reads 'x' up to element 39 along C, but there are 13");
  CHECK(problem([](ChunkedCopy& copy) { copy.index.offset = 1; }) ==
        "'y' reads 'x' chunk by chunk, and shifted or sliced, along Q");
  CHECK(problem([](ChunkedCopy& copy) { copy.index.distance = 1; }) ==
        "'y' reads 'x' chunk by chunk, and shifted or sliced, along Q");
  CHECK(problem([](ChunkedCopy& copy) { copy.index.chunk = copy.q; }) ==
        "'y' reads 'x' with the same rank twice");
}

TEST_CASE("A plan has parts of one chunk, or several whole ones") {
  const CheckedCascade made = ChunkedCopy{}.checked();
  const RankId c = *find_rank(made.cascade, "C");
  const RankId q = *find_rank(made.cascade, "Q");
  const auto rules = [&](const std::vector<std::pair<RankId, std::int64_t>>& loops) {
    Plan plan;
    NodeId at = add_sequence(plan, kRoot);
    for (const auto& [rank, tile] : loops) at = add_loop(plan, at, rank, tile);
    add_operator(plan, at, OpId{0});
    std::vector<Rule> broken;
    const auto layout = lay_out(made.cascade, plan);
    if (layout) return broken;
    for (const Violation& violation : layout.error()) broken.push_back(violation.rule);
    return broken;
  };
  CHECK(rules({{c, 1}, {q, 2}}).empty());
  CHECK(rules({{c, 2}}).empty());
  CHECK(rules({{c, 2}, {c, 1}, {q, 3}}).empty());
  CHECK(rules({{q, 2}}) == std::vector<Rule>{Rule::kChunks});
  CHECK(rules({{q, 2}, {c, 1}}) == std::vector<Rule>{Rule::kChunks});
  CHECK(rules({{c, 2}, {q, 2}}) == std::vector<Rule>{Rule::kChunks});
}

}  // namespace
}  // namespace fusescape::chunks_test
