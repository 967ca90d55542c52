// Which buffers does a legal plan need, in which role, and for how long? (docs/model/plan.md)
#include "fusescape/plan/layout.hpp"

#include <catch2/catch.hpp>

#include "plans.hpp"

namespace fusescape::test_plans::layout_test {
namespace {

std::vector<Buffer> buffers_of(const Cascade& cascade, std::string_view plan, std::string_view tensor) {
  const auto layout = lay_out(cascade, plan_of(cascade, plan), Coverage::kPart);
  REQUIRE(layout.has_value());
  std::vector<Buffer> found;
  for (const Buffer& buffer : layout->groups.front().buffers) {
    if (buffer.tensor == *find_tensor(cascade, tensor)) found.push_back(buffer);
  }
  return found;
}

Buffer buffer_of(const Cascade& cascade, std::string_view plan, std::string_view tensor) {
  const std::vector<Buffer> found = buffers_of(cascade, plan, tensor);
  REQUIRE(found.size() == 1);
  return found.front();
}

TEST_CASE("A tensor is fetched, produced or exchanged as its maker and readers share the group") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  CHECK(buffer_of(cascade, "L:1{ dA exp }", "A").role == BufferRole::kFetched);
  CHECK(buffer_of(cascade, "L:1{ dA exp }", "dA").role == BufferRole::kExchanged);
  CHECK_FALSE(buffer_of(cascade, "L:1{ dA exp }", "dA").stored);
  CHECK(buffer_of(cascade, "L:1{ dA exp }", "Abar").role == BufferRole::kProduced);
  CHECK(buffers_of(cascade, "L:1{ chain{ dA exp } }", "dA").empty());  // In registers.
}

TEST_CASE("A spilled tensor is produced and fetched") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  const std::vector<Buffer> both = buffers_of(cascade, "L:1{ @dA! dA exp }", "dA");
  REQUIRE(both.size() == 2);
  CHECK(both[0].role == BufferRole::kFetched);
  CHECK(both[0].slots == 1);  // It cannot be fetched ahead of its maker.
  CHECK(both[1].role == BufferRole::kProduced);
}

TEST_CASE("Buffers live at the lowest node above their users, or where the plan says") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  const Plan plan = plan_of(cascade, "L:1{ D:4{ dA } exp }");  // Nodes: root, group, L, D, dA, exp.
  const auto layout = lay_out(cascade, plan, Coverage::kPart).value();
  for (const Buffer& buffer : layout.groups.front().buffers) {
    if (buffer.tensor == *find_tensor(cascade, "A")) CHECK(buffer.node == NodeId{3});
    if (buffer.tensor == *find_tensor(cascade, "dA")) CHECK(buffer.node == NodeId{2});
  }
  CHECK(buffer_of(cascade, "@A L:1{ D:4{ dA } exp }", "A").node == NodeId{1});
}

TEST_CASE("A state is carried above the outermost live loop over its rank, and updated in place") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  // Nodes: root 0, group 1, D 2, L 3.
  const std::vector<Buffer> state = buffers_of(cascade, "D:4{ L:1{ t h y } }", "h");
  REQUIRE(state.size() == 2);
  CHECK(state[0].role == BufferRole::kExchanged);  // Read by y in the same iteration,
  CHECK(state[0].inside.has_value());              // in the state's own memory.
  CHECK(state[1].role == BufferRole::kCarried);
  CHECK(state[1].depth == 1);
  CHECK(state[1].node == NodeId{2});
  // Two L loops: the outer one carries. One trip carries nothing.
  CHECK(buffers_of(cascade, "L:2{ D:4{ L:1{ t h y } } }", "h")[1].node == NodeId{1});
  CHECK(buffers_of(cascade, "L:4{ D:4{ L:1{ t h y } } }", "h")[1].node == NodeId{3});
}

}  // namespace
}  // namespace fusescape::test_plans::layout_test
