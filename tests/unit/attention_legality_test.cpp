// May attention be fused with the projections that make its keys?
#include <algorithm>
#include <catch2/catch.hpp>

#include "fusescape/plan/layout.hpp"
#include "fusescape/workload/families/opt.hpp"

namespace fusescape::attention_legality_test {
namespace {

Cascade small_block() {
  CheckedCascade checked = opt_block(
      {.name = "small", .d_model = 12, .d_ff = 20, .n_head = 3, .vocab = 10, .positions = 7, .tokens = 6});
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

/// `ops` in one loop over `rank`, in tiles of `tile`.
auto laid_out(const Cascade& cascade, const char* rank, std::int64_t tile,
              const std::vector<const char*>& ops) {
  Plan plan;
  const NodeId group = add_sequence(plan, kRoot);
  const NodeId loop = add_loop(plan, group, find_rank(cascade, rank).value(), tile);
  for (const char* op : ops) add_operator(plan, loop, find_operator(cascade, op).value());
  return lay_out(cascade, plan, Coverage::kPart);
}

TEST_CASE("A query projection may share its tokens with the scores, a key projection may not") {
  const Cascade block = small_block();
  CHECK(laid_out(block, "L", 1, {"q_proj", "qk"}));
  const auto refused = laid_out(block, "L", 1, {"k_proj", "qk"});
  REQUIRE_FALSE(refused);
  CHECK(std::any_of(refused.error().begin(), refused.error().end(), [&](const Violation& violation) {
    return violation.rule == Rule::kOrder && violation.rank == find_rank(block, "L") &&
           violation.producer == find_operator(block, "k_proj") &&
           violation.consumer == find_operator(block, "qk");
  }));
  // One tile of all tokens makes every key before the scores are taken; heads are independent of each other.
  CHECK(laid_out(block, "L", 6, {"k_proj", "qk"}));
  CHECK(laid_out(block, "H", 1, {"k_proj", "qk"}));
}

}  // namespace
}  // namespace fusescape::attention_legality_test
