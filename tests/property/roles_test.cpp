// Are roles found from the graph alone: whatever things are called, and whatever the cascade?
#include "fusescape/workload/roles.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "loaded.hpp"
#include "random_plans.hpp"
#include "state_updates.hpp"

namespace fusescape::test_plans::roles_test {
namespace {

template <class Named>
void exchange_names(std::vector<Named>& things, Dice& dice) {
  for (std::size_t i = things.size(); i > 1; --i) {
    const auto other = static_cast<std::size_t>(dice.in(0, static_cast<std::int64_t>(i) - 1));
    std::swap(things[i - 1].name, things[other].name);
  }
}

/// The same cascade, its operators, tensors and ranks called by each other's names.
Cascade renamed(Cascade cascade, Dice& dice) {
  exchange_names(cascade.operators, dice);
  exchange_names(cascade.tensors, dice);
  exchange_names(cascade.ranks, dice);
  return cascade;
}

/// Ids are positions, so equal plans are the same plan of whatever is called how.
void check_same(const Cascade& cascade, const Cascade& other, const Accelerator& machine) {
  const Planner planner{cascade, machine};
  const Planner renamed_planner{other, machine};
  for (const Strategy& strategy : strategies()) {
    CAPTURE(cascade.name, strategy.name);
    const auto found = assess(planner, design_of(machine), strategy);
    const auto again = assess(renamed_planner, design_of(machine), strategy);
    REQUIRE(found.has_value() == again.has_value());
    if (!found) continue;
    CHECK(found->plan == again->plan);
    CHECK(found->cost.total.latency == again->cost.total.latency);
    CHECK(found->cost.total.dram_read == again->cost.total.dram_read);
    CHECK(found->cost.total.dram_write == again->cost.total.dram_write);
  }
}

TEST_CASE("Every strategy makes the same plan of a shipped cascade, whatever its parts are called") {
  Accelerator machine = accelerator(4, 8);
  machine.cores.front().registers_per_pe = Bytes{64};
  machine.dram.bandwidth = BitsPerCycle{64};
  machine.sram.capacity = Bytes{1 << 22};
  const std::vector<Setting> tokens{{"L", "3", {}}};
  for (const char* name :
       {"mamba-130m", "mamba-2.8b-pact25", "falcon-mamba-7b", "gated-linear-attention", "opt-2.7b"}) {
    const Workload workload = value_of(load_workload(name, tokens));
    for_all(1, [&](Dice& dice) { check_same(workload.block, renamed(workload.block, dice), machine); });
  }
}

void check_roles(const Cascade& cascade, const StateUpdate& update, std::set<OpId>& seen) {
  for (const OpId op : operators_of(update)) CHECK(seen.insert(op).second);
  // Operators are in an order in which every unshifted read follows its write.
  for (const auto* feeders : {&update.decay, &update.input}) {
    for (const OpId op : *feeders) {
      CHECK(class_of(cascade.op(op).kind) == OpClass::kElementwise);
      CHECK(op < update.recurrence.back());
      for (const Use& use : cascade.uses[index_of(cascade.op(op).output)]) {
        const bool here = std::find(feeders->begin(), feeders->end(), use.op) != feeders->end();
        const auto& within = cascade.recurrence_of[index_of(use.op)];
        CHECK((here || within == cascade.recurrence_of[index_of(update.recurrence.front())]));
      }
    }
  }
  std::vector<RankId> ranks = update.entries;
  ranks.insert(ranks.end(), update.channels.begin(), update.channels.end());
  ranks.insert(ranks.end(), update.lanes.begin(), update.lanes.end());
  ranks.push_back(update.tokens);
  CHECK(same_ranks(ranks, cascade.tensor(update.state).ranks));
}

TEST_CASE(
    "Each operator has one role at most, feeders lead to their recurrence only, ranks are of one sort") {
  int updates = 0;
  for_all(2000, [&](Dice& dice) {
    const CheckedCascade checked = RandomCascade{dice}.run();
    if (!checked.problems.empty()) return;
    std::set<OpId> seen;
    for (const StateUpdate& update : state_updates(checked.cascade)) {
      check_roles(checked.cascade, update, seen);
      ++updates;
    }
  });
  CHECK(updates > 100);
}

TEST_CASE("Fused state updates of random cascades are legal, and do all the work") {
  int fused = 0;
  for_all(600, [&](Dice& dice) {
    const CheckedCascade checked = RandomCascade{dice}.run();
    if (!checked.problems.empty() || checked.cascade.recurrences.empty()) return;
    for (const char* name : {"fuse-all", "mem-aware-exact", "pact-b"}) {
      const auto found = assess(checked.cascade, design_of(accelerator()), *find_strategy(name));
      if (!found) {
        CAPTURE(name, describe(found.error()));
        CHECK_FALSE(std::holds_alternative<IllegalPlan>(found.error()));
        continue;
      }
      ++fused;
      CHECK(found->cost.total.ops >= total_ops(checked.cascade));
    }
  });
  CHECK(fused > 50);
}

/// Two scans, the second of what the first makes, gated: u -> s -> silu -> z.
Cascade two_scans() {
  CascadeBuilder make{"two scans", DataType::kFp32};
  const RankId l = make.rank("L", Elements{6});
  const std::vector<RankId> all{l, make.rank("D", Elements{4})};
  const TensorId a = make.tensor("a", all, TensorKind::kInput);
  const TensorId gate = make.make("gate", OpKind::kSigmoid, {"gate", all}, {make.at(a)});
  const TensorId s = make.tensor("s", all, TensorKind::kState);
  make.make("first", OpKind::kScan, s, {make.at(gate), make.earlier(s, l, 1), make.at(a)});
  const TensorId u = make.make("silu", OpKind::kSilu, {"u", all}, {make.at(s)});
  const TensorId z = make.tensor("z", all, TensorKind::kState);
  make.make("second", OpKind::kScan, z, {make.at(a), make.earlier(z, l, 1), make.at(u)});
  return sound(make.finish());
}

TEST_CASE("Several recurrences are fused each, with the feeders it has; a role that none has is refused") {
  const Cascade cascade = two_scans();
  const auto groups_of = [&](const char* strategy) {
    const auto found = assess(cascade, design_of(accelerator()), *find_strategy(strategy));
    if (!found) FAIL(describe(found.error()));
    std::vector<std::size_t> sizes;
    for (const GroupLayout& group : found->layout.groups) sizes.push_back(group.operators.size());
    return sizes;
  };
  CHECK(groups_of("fuse-all") == std::vector<std::size_t>{2, 2});      // gate, first; silu, second
  CHECK(groups_of("pact-as") == std::vector<std::size_t>{2, 1, 1});    // gate, first; silu; second
  CHECK(groups_of("pact-a-bs") == std::vector<std::size_t>{1, 1, 2});  // gate; first; silu, second
}

TEST_CASE("A scheme that fuses a side without element-wise operators is refused in one line") {
  CascadeBuilder make{"bare", DataType::kFp32};
  const RankId l = make.rank("L", Elements{6});
  const TensorId a = make.tensor("a", {l}, TensorKind::kInput);
  const TensorId s = make.tensor("s", {l}, TensorKind::kState);
  make.make("scan", OpKind::kScan, s, {make.at(a), make.earlier(s, l, 1), make.at(a)});
  const Cascade cascade = sound(make.finish());
  const auto said = [&](const char* strategy) {
    const auto found = assess(cascade, design_of(accelerator()), *find_strategy(strategy));
    return found ? std::string{} : describe(found.error());
  };
  CHECK(
      said("pact-as") ==
      "bare has no element-wise operator that makes only what its state is multiplied by: pact-as needs one");
  CHECK(said("pact-b") ==
        "bare has no element-wise operator that makes only what is added to its state: pact-b needs one");
  CHECK(said("fuse-all").empty());
}

/// Bytes that a fused plan with ample memory reads of a tensor.
std::int64_t read_by(const Cascade& cascade, const char* strategy, Bytes capacity, const char* tensor) {
  Accelerator machine = accelerator();
  machine.model.double_buffering = false;
  machine.sram.capacity = capacity;
  const auto found = assess(cascade, design_of(machine), *find_strategy(strategy));
  if (!found) FAIL(describe(found.error()));
  return moved(cascade, found->profile, tensor).read;
}

TEST_CASE("Heads that share B and C stay inside the token loop: 8 groups of 8 heads read B and C once") {
  const SsdShape shape{.tokens = 5, .groups = 8, .heads = 8, .head_dim = 4, .entries = 6, .batch = 2};
  const Cascade cascade = ssd(shape);
  constexpr Bytes kAmple{1 << 30};
  const std::int64_t once = 4 * shape.batch * shape.tokens * shape.groups * shape.entries;
  for (const char* tensor : {"Bm", "C"}) {
    for (const char* strategy : {"fuse-all", "fuse-all-chain", "pact-as-b", "mem-aware-exact"}) {
      CAPTURE(strategy, tensor);
      CHECK(read_by(cascade, strategy, kAmple, tensor) == once);
    }
  }
  // a holds for all tokens and sequences: the batch goes inside the groups, so it is read once, too.
  CHECK(read_by(cascade, "fuse-all", kAmple, "a") == 4 * shape.groups * shape.heads);
}

TEST_CASE("With less memory heads are cut first, since dt lacks the head's channels, too") {
  // 192 elements. Four heads take more: h and bx alone, 2 * (4 * 4 * 6), fill it. Three fit: h and bx are 2 *
  // (3 * 4 * 6) = 144 elements, and what else lives with them some 40. Three slices, of three, three and two
  // heads, read B and C again each, dt and x once.
  const SsdShape shape{.tokens = 5, .groups = 1, .heads = 8, .head_dim = 4, .entries = 6};
  const Cascade cascade = ssd(shape);
  const std::int64_t once = 4 * shape.tokens * shape.entries;
  const Bytes enough{4 * 2 * 4 * 4 * 6};
  CHECK(read_by(cascade, "mem-aware-exact", enough, "Bm") == 3 * once);
  CHECK(read_by(cascade, "mem-aware-exact", enough, "dt") ==
        2 * 4 * shape.tokens * shape.heads);  // By dt_x, too.
}

}  // namespace
}  // namespace fusescape::test_plans::roles_test
