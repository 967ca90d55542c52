// Can a plan's tree be built, walked and compared?
#include "fusescape/plan/plan.hpp"

#include <catch2/catch.hpp>

#include "plans.hpp"

namespace fusescape::test_plans::plan_test {
namespace {

TEST_CASE("A plan's nodes are numbered as they are added, and know their parents") {
  const Cascade cascade = matmul(4, 4, 4);
  const Plan plan = plan_of(cascade, "M:2{ N:2{ Z } }");  // Root, group, M, N, Z.
  REQUIRE(plan.nodes.size() == 5);
  CHECK(plan.node(kRoot).children == std::vector<NodeId>{NodeId{1}});
  CHECK(plan.node(NodeId{4}).kind == NodeKind::kOperator);
  CHECK(plan.node(NodeId{4}).parent == NodeId{3});
  CHECK(group_of(plan, NodeId{4}) == NodeId{1});
  CHECK(plan == plan_of(cascade, "M:2{ N:2{ Z } }"));
  CHECK_FALSE(plan == plan_of(cascade, "M:2{ N:3{ Z } }"));
}

TEST_CASE("Loops above a node come outermost first, with the node itself if it is a loop") {
  const Cascade cascade = matmul(4, 4, 4);
  const Plan plan = plan_of(cascade, "M:2{ N:3{ Z } }");
  const std::vector<PathLoop> loops = loops_above(plan, NodeId{4});
  REQUIRE(loops.size() == 2);
  CHECK(loops[0].tile == 2);
  CHECK(loops[1].tile == 3);
  CHECK(loops_above(plan, NodeId{2}).size() == 1);
  CHECK(loops_above(plan, kRoot).empty());
}

TEST_CASE("The common ancestor is the lowest node above both, a node itself included") {
  const Cascade cascade = state_update({.l = 4, .d = 4, .n = 4});
  const Plan plan =
      plan_of(cascade, "L:1{ D:2{ dA } exp } | dB");  // 0, group 1, L 2, D 3, dA 4, exp 5, group 6, dB 7.
  CHECK(common_ancestor(plan, NodeId{4}, NodeId{5}) == NodeId{2});
  CHECK(common_ancestor(plan, NodeId{4}, NodeId{3}) == NodeId{3});
  CHECK(common_ancestor(plan, NodeId{4}, NodeId{7}) == kRoot);
  CHECK(is_above(plan, NodeId{2}, NodeId{4}));
  CHECK(is_above(plan, NodeId{4}, NodeId{4}));
  CHECK_FALSE(is_above(plan, NodeId{4}, NodeId{2}));
}

TEST_CASE("Operators below a node come in the order in which they run") {
  const Cascade cascade = state_update({.l = 4, .d = 4, .n = 4});
  const Plan plan = plan_of(cascade, "L:1{ chain{ dB dBx } dA } | exp");
  std::vector<std::string> names;
  for (const OpId op : operators_below(plan, kRoot)) names.push_back(cascade.op(op).name);
  CHECK(names == std::vector<std::string>{"dB", "dBx", "dA", "exp"});
}

}  // namespace
}  // namespace fusescape::test_plans::plan_test
