// Which operators have which role around a recurrence? (docs/model/strategies.md, Roles)
#include "fusescape/workload/roles.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/families/opt.hpp"
#include "fusescape/workload/model.hpp"
#include "state_updates.hpp"

namespace fusescape::test_plans::roles_test {
namespace {

using Names = std::vector<std::string>;

Names names_of(const Cascade& cascade, const std::vector<OpId>& operators) {
  Names names;
  for (const OpId op : operators) names.push_back(cascade.op(op).name);
  return names;
}

Names names_of(const Cascade& cascade, const std::vector<RankId>& ranks) {
  Names names;
  for (const RankId rank : ranks) names.push_back(cascade.rank(rank).name);
  return names;
}

StateUpdate only_update(const Cascade& cascade) {
  const std::vector<StateUpdate> updates = state_updates(cascade);
  REQUIRE(updates.size() == 1);
  return updates.front();
}

const Mamba1 kSmall{.d_model = 4, .d_inner = 8, .d_state = 3, .dt_rank = 2, .batch = 2, .tokens = 5};

Mamba1 decode() {
  Mamba1 shape = kSmall;
  shape.phase = Phase::kDecode;
  shape.tokens = 1;
  return shape;
}

Mamba1 falcon() {
  Mamba1 shape = kSmall;
  shape.norm_dt_b_c = true;
  return shape;
}

Mamba1 pact25() {
  Mamba1 shape = kSmall;
  shape.conv = Mamba1::Conv::kPadded;
  shape.softplus = Mamba1::Softplus::kFree;
  shape.norm_gain = false;
  return shape;
}

TEST_CASE("Mamba-1's roles are the sets that the fine-grained-fusion paper names, whatever the variant") {
  for (const Mamba1& shape : {kSmall, decode(), falcon(), pact25()}) {
    const Cascade cascade = sound(mamba1_block(shape));
    const StateUpdate update = only_update(cascade);
    CHECK(names_of(cascade, update.decay) == Names{"dA", "exp"});
    CHECK(names_of(cascade, update.input) == Names{"dB", "dBx"});
    CHECK(names_of(cascade, update.recurrence) == Names{"t", "h"});
    CHECK(names_of(cascade, update.readers) == Names{"y"});
    CHECK(cascade.tensor(update.state).name == "h");
    CHECK(cascade.rank(update.tokens).name == "L");
    CHECK(names_of(cascade, update.entries) == Names{"N"});
    CHECK(names_of(cascade, update.channels) == Names{"D"});
    CHECK(names_of(cascade, update.lanes) == Names{"B"});
  }
}

TEST_CASE("An operator on fewer ranks than what the recurrence reads is no feeder: delta_x stays outside") {
  Mamba1 shape = kSmall;
  shape.rewrite = Mamba1::Rewrite::kDeltaX;
  const Cascade cascade = sound(mamba1_block(shape));
  CHECK(names_of(cascade, only_update(cascade).input) == Names{"dBx"});
}

TEST_CASE("Heads that share B and C are channels; groups and sequences, each with its own, are lanes") {
  const Cascade cascade = ssd({});
  const StateUpdate update = only_update(cascade);
  CHECK(names_of(cascade, update.decay) == Names{"dt_a", "decay"});
  CHECK(names_of(cascade, update.input) == Names{"outer"});
  CHECK(names_of(cascade, update.recurrence) == Names{"forget", "update"});
  CHECK(names_of(cascade, update.readers) == Names{"read"});
  CHECK(names_of(cascade, update.entries) == Names{"N"});
  CHECK(names_of(cascade, update.channels) == Names{"R", "P"});
  CHECK(names_of(cascade, update.lanes) == Names{"B", "G"});
}

TEST_CASE("Attention has no state update") {
  CHECK(state_updates(sound(opt_block({.d_model = 8, .d_ff = 16, .n_head = 2, .tokens = 4}))).empty());
}

/// s = a s[l-1] + u over L and D, with what the cases below add.
struct Scanned {
  explicit Scanned(const std::vector<const char*>& state_ranks) {
    l = make.rank("L", Elements{4});
    std::vector<RankId> all{l};
    for (const char* name : state_ranks) all.push_back(make.rank(name, Elements{3}));
    u = make.tensor("u", all, TensorKind::kInput);
    a = make.tensor("a", all, TensorKind::kInput);
    gate = make.make("squash", OpKind::kSigmoid, {"gate", all}, {make.at(a)});
    s = make.tensor("s", all, TensorKind::kState);
    make.make("scan", OpKind::kScan, s, {make.at(gate), make.earlier(s, l, 1), make.at(u)});
    ranks = all;
  }
  CascadeBuilder make{"scanned", DataType::kFp32};
  RankId l{};
  std::vector<RankId> ranks;
  TensorId u{}, a{}, gate{}, s{};
};

TEST_CASE("A state that nobody sums over has no readers, and keeps one rank as channels") {
  Scanned block{{"B", "D"}};
  const TensorId out = block.make.tensor("out", block.ranks, TensorKind::kOutput);
  block.make.make("use", OpKind::kSilu, out, {block.make.at(block.s)});
  const Cascade cascade = sound(block.make.finish());
  const StateUpdate update = only_update(cascade);
  CHECK(names_of(cascade, update.recurrence) == Names{"scan"});
  CHECK(names_of(cascade, update.decay) == Names{"squash"});
  CHECK(update.input.empty());
  CHECK(update.readers.empty());
  CHECK(update.entries.empty());
  CHECK(names_of(cascade, update.channels) == Names{"D"});
  CHECK(names_of(cascade, update.lanes) == Names{"B"});
}

TEST_CASE("A projection of the state by a weight is no reader, a sum against the token's own values is") {
  Scanned block{{"D"}};
  const RankId e = block.make.rank("E", Elements{2});
  const TensorId w = block.make.tensor("W", {block.ranks.back(), e}, TensorKind::kWeight);
  const TensorId queries = block.make.tensor("q", {block.l, e, block.ranks.back()}, TensorKind::kInput);
  const TensorId projected = block.make.tensor("projected", {block.l, e}, TensorKind::kOutput);
  const TensorId read = block.make.tensor("answer", {block.l, e}, TensorKind::kOutput);
  block.make.make("project", OpKind::kMatmul, projected, {block.make.at(block.s), block.make.at(w)});
  block.make.make("ask", OpKind::kMatmul, read, {block.make.at(queries), block.make.at(block.s)});
  const Cascade cascade = sound(block.make.finish());
  CHECK(names_of(cascade, only_update(cascade).readers) == Names{"ask"});
}

TEST_CASE("A product that only a sum over the state's ranks reads is a reader with it") {
  Scanned block{{"D", "N"}};
  const TensorId c = block.make.tensor("c", {block.l, block.ranks.back()}, TensorKind::kInput);
  const TensorId product =
      block.make.make("weigh", OpKind::kMul, {"cs", block.ranks}, {block.make.at(c), block.make.at(block.s)});
  const TensorId y = block.make.tensor("y", {block.l, block.ranks[1]}, TensorKind::kOutput);
  block.make.make("sum", OpKind::kReduceSum, y, {block.make.at(product)});
  const Cascade cascade = sound(block.make.finish());
  const StateUpdate update = only_update(cascade);
  CHECK(names_of(cascade, update.readers) == Names{"weigh", "sum"});
  CHECK(names_of(cascade, update.entries) == Names{"N"});
  CHECK(names_of(cascade, update.channels) == Names{"D"});
}

TEST_CASE("What feeds both sides, or somebody else as well, is no feeder") {
  Scanned block{{"D"}};
  const TensorId out = block.make.tensor("out", block.ranks, TensorKind::kOutput);
  block.make.make("also", OpKind::kMul, out, {block.make.at(block.gate), block.make.at(block.s)});
  const Cascade cascade = sound(block.make.finish());
  CHECK(only_update(cascade).decay.empty());
}

}  // namespace
}  // namespace fusescape::test_plans::roles_test
