// Does a plan that was written read back as the same plan? For plans by hand, and for random trees.
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"

namespace fusescape {
namespace {

Cascade block() {
  Mamba1 shape;
  shape.d_model = 16;
  shape.d_inner = 32;
  shape.dt_rank = 1;
  shape.tokens = 8;
  CheckedCascade checked = mamba1_block(shape);
  REQUIRE(checked.problems.empty());
  return std::move(checked.cascade);
}

Plan read_back(const Cascade& cascade, const Plan& plan) {
  const auto input = parse_input("plan.yaml", write_plan(cascade, plan));
  if (!input) throw std::runtime_error{input.error().text};
  auto read = bind_plan(*input, cascade);
  if (!read) throw std::runtime_error{read.error().text};
  return *std::move(read);
}

/// A node with all that belongs to it, whatever its number: kind, what it is of, its storages, its children.
std::string form_of(const Plan& plan, NodeId id) {
  const Node& node = plan.node(id);
  std::string form = std::to_string(static_cast<int>(node.kind)) + ":" + std::to_string(index_of(node.rank)) +
                     ":" + std::to_string(node.tile) + ":" + std::to_string(index_of(node.op));
  for (const Storage& s : plan.storages) {
    if (s.node != id) continue;
    form += " s" + std::to_string(index_of(s.tensor)) + ":" + std::to_string(s.slots.value_or(0)) +
            (s.spilled ? "spilled" : "") + (s.held ? "held" : "");
  }
  for (const NodeId child : node.children) form += " (" + form_of(plan, child) + ")";
  return form;
}

bool same(const Plan& a, const Plan& b) {
  const auto formats = [](const StorageFormat& x, const StorageFormat& y) {
    return x.tensor == y.tensor && x.bits == y.bits;
  };
  const auto retentions = [](const Retention& x, const Retention& y) {
    return x.tensor == y.tensor && x.bytes == y.bytes;
  };
  return a.name == b.name && form_of(a, kRoot) == form_of(b, kRoot) &&
         std::equal(a.formats.begin(), a.formats.end(), b.formats.begin(), b.formats.end(), formats) &&
         std::equal(a.retentions.begin(), a.retentions.end(), b.retentions.begin(), b.retentions.end(),
                    retentions) &&
         a.spatial == b.spatial;
}

template <class Id>
Id any_id(std::size_t count) {
  return static_cast<Id>(*rc::gen::inRange<std::size_t>(0, count));
}

std::vector<RankId> any_ranks(const Cascade& cascade) {
  std::vector<RankId> ranks(*rc::gen::inRange<std::size_t>(0, 3));
  for (RankId& rank : ranks) rank = any_id<RankId>(cascade.ranks.size());
  return ranks;
}

void add_children(const Cascade& cascade, Plan& plan, NodeId parent, int depth) {
  const int children = *rc::gen::inRange(1, 4);
  for (int i = 0; i < children; ++i) {
    const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 4);
    if (kind == 0 || plan.node(parent).kind == NodeKind::kChain) {
      add_operator(plan, parent, any_id<OpId>(cascade.operators.size()));
      continue;
    }
    const std::int64_t tile = *rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 40U);
    const NodeId node = kind == 1   ? add_loop(plan, parent, any_id<RankId>(cascade.ranks.size()), tile)
                        : kind == 2 ? add_sequence(plan, parent)
                                    : add_chain(plan, parent);
    add_children(cascade, plan, node, depth - 1);
  }
}

Plan any_plan(const Cascade& cascade) {
  Plan plan;
  plan.name = "random-" + std::to_string(*rc::gen::inRange(0, 1000));
  add_children(cascade, plan, kRoot, 4);
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    Storage storage{any_id<TensorId>(cascade.tensors.size()), any_id<NodeId>(plan.nodes.size()), std::nullopt,
                    *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
    if (*rc::gen::arbitrary<bool>()) storage.slots = *rc::gen::inRange(1, 3);
    plan.storages.push_back(storage);
  }
  // Each tensor at most once: keys of a mapping are unique.
  for (std::size_t t = 0; t < cascade.tensors.size(); t += 5) {
    if (*rc::gen::arbitrary<bool>())
      plan.formats.push_back({static_cast<TensorId>(t), *rc::gen::inRange(1, 65)});
    if (*rc::gen::arbitrary<bool>()) {
      plan.retentions.push_back(
          {static_cast<TensorId>(t), Bytes{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000)}});
    }
  }
  if (*rc::gen::arbitrary<bool>()) plan.spatial.resize(cascade.operators.size());
  for (SpatialMapping& mapping : plan.spatial) {
    mapping.cores = any_ranks(cascade);
    const bool flat = *rc::gen::arbitrary<bool>();
    (flat ? mapping.flat : mapping.rows) = any_ranks(cascade);
    if (*rc::gen::arbitrary<bool>()) mapping.operand_loads = OperandLoads::kConcurrent;
    if (!flat) mapping.cols = any_ranks(cascade);
  }
  return plan;
}

TEST_CASE("Any plan that is written reads back as the same plan") {
  const Cascade cascade = block();
  const bool holds = rc::check([&] {
    const Plan plan = any_plan(cascade);
    RC_ASSERT(same(plan, read_back(cascade, plan)));
  });
  CHECK(holds);
}

TEST_CASE("A written plan is what its author would write") {
  const Cascade cascade = block();
  Plan plan;
  plan.name = "by-hand";
  const NodeId tokens = add_loop(plan, kRoot, *find_rank(cascade, "L"), 1);
  const NodeId chain = add_chain(plan, tokens);
  for (const char* name : {"dA", "exp"}) add_operator(plan, chain, *find_operator(cascade, name));
  add_operator(plan, kRoot, *find_operator(cascade, "in_proj"));
  plan.storages.push_back({*find_tensor(cascade, "A"), tokens, 1, false, false});
  plan.formats.push_back({*find_tensor(cascade, "h"), 16});
  plan.spatial.resize(cascade.operators.size());
  plan.spatial[index_of(*find_operator(cascade, "exp"))].rows = {*find_rank(cascade, "N")};
  CHECK(write_plan(cascade, plan) ==
        "kind: plan\n"
        "version: 1\n"
        "name: by-hand\n"
        "groups:\n"
        "  - loop: {rank: L, tile: 1}\n"
        "    do:\n"
        "      - chain:\n"
        "          - dA\n"
        "          - exp\n"
        "    storage:\n"
        "      - {tensor: A, slots: 1}\n"
        "  - in_proj\n"
        "formats:\n"
        "  h: 16 bit\n"
        "spatial:\n"
        "  exp: {rows: [N]}\n");
}

}  // namespace
}  // namespace fusescape
