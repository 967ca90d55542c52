// Does a plan that was written read back as the same plan? For plans by hand, and for random trees.
#include <catch2/catch.hpp>

#include "for_all.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/workload/families/mamba1.hpp"

namespace fusescape::plan_round_trip_test {
namespace {

using test_plans::Dice;
using test_plans::for_all;

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
Id any_id(Dice& dice, std::size_t count) {
  return static_cast<Id>(dice.in(0, static_cast<std::int64_t>(count) - 1));
}

std::vector<RankId> any_ranks(Dice& dice, const Cascade& cascade) {
  std::vector<RankId> ranks(static_cast<std::size_t>(dice.in(0, 2)));
  for (RankId& rank : ranks) rank = any_id<RankId>(dice, cascade.ranks.size());
  return ranks;
}

void add_children(Dice& dice, const Cascade& cascade, Plan& plan, NodeId parent, int depth) {
  for (std::int64_t children = dice.in(1, 3); children > 0; --children) {
    const std::int64_t kind = depth == 0 ? 0 : dice.in(0, 3);
    if (kind == 0 || plan.node(parent).kind == NodeKind::kChain) {
      add_operator(plan, parent, any_id<OpId>(dice, cascade.operators.size()));
      continue;
    }
    const std::int64_t tile = dice.in(1, 1 << 20) * dice.in(1, 1 << 20);
    const NodeId node = kind == 1   ? add_loop(plan, parent, any_id<RankId>(dice, cascade.ranks.size()), tile)
                        : kind == 2 ? add_sequence(plan, parent)
                                    : add_chain(plan, parent);
    add_children(dice, cascade, plan, node, depth - 1);
  }
}

/// What each tensor at most once has: keys of a mapping are unique.
void add_tensor_facts(Dice& dice, const Cascade& cascade, Plan& plan) {
  for (std::size_t t = 0; t < cascade.tensors.size(); t += 5) {
    const TensorId tensor = static_cast<TensorId>(t);
    if (dice.one_in(2)) plan.formats.push_back({tensor, static_cast<int>(dice.in(1, 64))});
    if (dice.one_in(2)) plan.retentions.push_back({tensor, Bytes{dice.in(0, 1'000'000'000)}});
  }
}

void add_mappings(Dice& dice, const Cascade& cascade, Plan& plan) {
  plan.spatial.resize(cascade.operators.size());
  for (SpatialMapping& mapping : plan.spatial) {
    mapping.cores = any_ranks(dice, cascade);
    const bool flat = dice.one_in(2);
    (flat ? mapping.flat : mapping.rows) = any_ranks(dice, cascade);
    if (dice.one_in(2)) mapping.operand_loads = OperandLoads::kConcurrent;
    if (!flat) mapping.cols = any_ranks(dice, cascade);
  }
}

Plan any_plan(Dice& dice, const Cascade& cascade) {
  Plan plan;
  plan.name = "random-" + std::to_string(dice.in(0, 1000));
  for (std::int64_t groups = dice.in(1, 3); groups > 0; --groups) {
    add_children(dice, cascade, plan, add_sequence(plan, kRoot), 4);
  }
  for (std::int64_t i = dice.in(0, 5); i > 0; --i) {
    const auto node = static_cast<NodeId>(dice.in(1, static_cast<std::int64_t>(plan.nodes.size()) - 1));
    Storage storage{any_id<TensorId>(dice, cascade.tensors.size()), node, std::nullopt, dice.one_in(2),
                    dice.one_in(2)};
    if (dice.one_in(2)) storage.slots = static_cast<int>(dice.in(1, 2));
    plan.storages.push_back(storage);
  }
  add_tensor_facts(dice, cascade, plan);
  if (dice.one_in(2)) add_mappings(dice, cascade, plan);
  return plan;
}

TEST_CASE("Any plan that is written reads back as the same plan") {
  const Cascade cascade = block();
  for_all(100, [&](Dice& dice) {
    const Plan plan = any_plan(dice, cascade);
    CAPTURE(write_plan(cascade, plan));
    CHECK(same(plan, read_back(cascade, plan)));
  });
}

TEST_CASE("A written plan is what its author would write") {
  const Cascade cascade = block();
  Plan plan;
  plan.name = "by-hand";
  const NodeId tokens = add_loop(plan, add_sequence(plan, kRoot), *find_rank(cascade, "L"), 1);
  const NodeId chain = add_chain(plan, tokens);
  for (const char* name : {"dA", "exp"}) add_operator(plan, chain, *find_operator(cascade, name));
  add_operator(plan, add_sequence(plan, kRoot), *find_operator(cascade, "in_proj"));
  plan.storages.push_back({*find_tensor(cascade, "A"), tokens, 1, false, false});
  plan.formats.push_back({*find_tensor(cascade, "h"), 16});
  plan.spatial.resize(cascade.operators.size());
  plan.spatial[index_of(*find_operator(cascade, "exp"))].rows = {*find_rank(cascade, "N")};
  CHECK(write_plan(cascade, plan) ==
        "kind: plan\n"
        "version: 1\n"
        "name: by-hand\n"
        "groups:\n"
        "  - sequence:\n"
        "      - loop: {rank: L, tile: 1}\n"
        "        do:\n"
        "          - chain:\n"
        "              - dA\n"
        "              - exp\n"
        "        storage:\n"
        "          - {tensor: A, slots: 1}\n"
        "  - sequence:\n"
        "      - in_proj\n"
        "formats:\n"
        "  h: 16 bit\n"
        "spatial:\n"
        "  exp: {rows: [N]}\n");
}

TEST_CASE("A group that is a loop, a chain or an operator is a sequence of that one node") {
  const Cascade cascade = block();
  const std::string head = "kind: plan\nversion: 1\nname: short\ngroups:\n";
  const auto bound = [&](const std::string& groups) {
    auto input = parse_input("plan.yaml", head + groups);
    if (!input) throw std::runtime_error{input.error().text};
    auto plan = bind_plan(*input, cascade);
    if (!plan) throw std::runtime_error{plan.error().text};
    return *std::move(plan);
  };
  CHECK(bound("  - {loop: {rank: L, tile: 1}, do: [dA]}\n  - {chain: [exp]}\n  - dB\n  - {op: dBx}\n") ==
        bound("  - {sequence: [{loop: {rank: L, tile: 1}, do: [dA]}]}\n  - {sequence: [{chain: [exp]}]}\n"
              "  - {sequence: [dB]}\n  - {sequence: [{op: dBx}]}\n"));
}

}  // namespace
}  // namespace fusescape::plan_round_trip_test
