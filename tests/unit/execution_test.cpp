// What does executing a plan show? The smallest cases in which a formula or a rule once said otherwise
// (docs/model/execution.md).
#include <catch2/catch.hpp>

#include "fusescape/exec/execute.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::execution_test {
namespace {

constexpr std::int64_t kWord = 4;
constexpr ExecOptions kSingleSlots{.model = {.double_buffering = false}, .capacity = {}};

expected<Execution, ExecFault> run(const Cascade& cascade, const Plan& plan,
                                   const ExecOptions& options = kSingleSlots) {
  const auto resolved = resolve(cascade, plan, Coverage::kPart);
  REQUIRE(resolved.has_value());
  return execute(cascade, plan, resolved->layout, make_case(cascade, Arithmetic::kTyped, 1), options);
}

/// What both the execution and the closed form say a plan of one group holds.
std::int64_t peak(const Cascade& cascade, const Plan& plan, const ExecOptions& options = kSingleSlots) {
  const auto done = run(cascade, plan, options);
  REQUIRE(done.has_value());
  CHECK(done->groups.front().peak == profile_of(cascade, plan, options.model).groups.front().peak);
  return done->groups.front().peak.value();
}
std::int64_t peak(const Cascade& cascade, std::string_view plan, const ExecOptions& options = kSingleSlots) {
  return peak(cascade, plan_of(cascade, plan), options);
}

std::string fault(const Cascade& cascade, std::string_view plan, const ExecOptions& options = kSingleSlots) {
  const auto done = run(cascade, plan_of(cascade, plan), options);
  return done ? "" : describe(cascade, done.error());
}

/// p = exp(x), c = exp(p[l - 1]), q = exp(x): L tokens of D channels.
Cascade late_reader(std::int64_t l, std::int64_t d, TensorKind p_kind = TensorKind::kIntermediate) {
  CascadeBuilder make{"late reader", DataType::kFp32};
  const RankId rl = make.rank("L", Elements{l});
  const RankId rd = make.rank("D", Elements{d});
  const TensorId x = make.tensor("x", {rl, rd}, TensorKind::kInput);
  const TensorId p = make.make("p", OpKind::kExp, {"p", {rl, rd}}, {make.at(x)});
  make.tensor(p).kind = p_kind;
  make.make("c", OpKind::kExp, {"c", {rl, rd}}, {make.earlier(p, rl, 1)});
  return sound(make.finish());
}

TEST_CASE("Sums that further tiles go on with take the accumulator's width on chip, too") {
  const Cascade cascade = matmul(2, 3, 4, DataType::kBf16);
  // X 2 x 2, Y 2 x 3 in bf16; Z 2 x 3 in fp32 between the two tiles of K.
  CHECK(peak(cascade, "K:2{ Z }") == 2 * (4 + 6) + 4 * 6);
  CHECK(peak(cascade, "Z") == 2 * (8 + 12 + 6));  // In one tile they stay in the PEs.
}

TEST_CASE("What an outer loop finds again is held beside its node, too") {
  // p needs w at every token; its node is the sequence. While q runs, w is still there.
  CascadeBuilder make{"beside", DataType::kFp32};
  const RankId l = make.rank("L", Elements{3});
  const RankId d = make.rank("D", Elements{5});
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {d}, TensorKind::kWeight);
  const TensorId p = make.make("p", OpKind::kMul, {"p", {l, d}}, {make.at(x), make.at(w)});
  make.make("q", OpKind::kExp, {"q", {l, d}}, {make.at(p)});
  const Cascade cascade = sound(make.finish());
  // While q runs: p, q and w. While p runs: x, w, p.
  CHECK(peak(cascade, "L:1{ { @w p } q }") == 3 * 5 * kWord);
  CHECK(moved(cascade, profile_of(cascade, "L:1{ { @w p } q }", kSingle), "w").read == 5 * kWord);
}

TEST_CASE("A held halo is there while others run") {
  CascadeBuilder make{"halo", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const RankId k = make.rank("K", Elements{3});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  const TensorId y = make.make("conv", OpKind::kConv, {"y", {l}}, {{x, {{.rank = l, .tap = k}}}, make.at(w)});
  make.make("q", OpKind::kExp, {"q", {l}}, {make.at(y)});
  const Cascade cascade = sound(make.finish());
  // While q runs: x[l-2 .. l+1], w, y and q.
  CHECK(peak(cascade, "L:2{ @x*1^ conv q }") == (4 + 3 + 2 + 2) * kWord);
}

TEST_CASE("New values wait for readers of old ones, those that are stored as well") {
  const Cascade cascade = late_reader(4, 6, TensorKind::kOutput);
  // p is made in tiles of 2, but c reads all of p[l-1]: all of p[l] is held beside it, and x or c.
  CHECK(peak(cascade, "L:1{ D:2{ p } D:2{ c } }") == (6 + 6 + 2) * kWord);
}

TEST_CASE("An element-wise result does not take the place of what is still to be read") {
  // q = p + p[l-1]: p's memory is p[l-1]'s next.
  CascadeBuilder make{"twice", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{6});
  const TensorId x = make.tensor("x", {l, d}, TensorKind::kInput);
  const TensorId p = make.make("p", OpKind::kExp, {"p", {l, d}}, {make.at(x)});
  const TensorId q = make.make("q", OpKind::kAdd, {"q", {l, d}}, {make.at(p), make.earlier(p, l, 1)});
  make.make("r", OpKind::kExp, {"r", {l, d}}, {make.at(q)});
  const Cascade cascade = sound(make.finish());
  ExecOptions in_place = kSingleSlots;
  in_place.model.in_place = true;
  CHECK(peak(cascade, "L:1{ p q r }", in_place) == 3 * 6 * kWord);  // p[l-1], p and q; p[l-1], q and r.
}

TEST_CASE("What is made again from a state's old value does not take its place") {
  // t is made once for each tile of N, though it lacks N; h[l-1] has to outlast all of them.
  CascadeBuilder make{"again", DataType::kFp32};
  const RankId l = make.rank("L", Elements{3});
  const RankId n = make.rank("N", Elements{4});
  const TensorId a = make.tensor("a", {l}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {l, n}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", {l}}, {make.at(a), make.earlier(h, l, 1)});
  make.make("u", OpKind::kMul, {"u", {l, n}}, {make.at(t), make.at(b)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(a)});
  const Cascade cascade = sound(make.finish());
  // While t and u run: a, h[l-1], t, two of b, two of u; h takes the state's place.
  CHECK(peak(cascade, "L:1{ N:2{ t u } h }") == (3 + 2 + 2) * kWord);
}

TEST_CASE("A spilled tensor is not fetched above the loop that makes it") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  CHECK(faults(cascade, "@dA! L:1{ dA exp }") ==
        std::vector<std::string>{
            "(dA -> exp, L, order): dA: it fetches above the loop over L what is made tile "
            "by tile inside"});
  CHECK(fault(cascade, "@dA! L:1{ dA exp }") == "exp needs dA(0, 0, 0), which was lost");
  CHECK(faults(cascade, "L:1{ @dA! dA exp }").empty());
  CHECK(fault(cascade, "L:1{ @dA! dA exp }").empty());
}

TEST_CASE("Faults say who needs which element, and what is wrong with it") {
  const Cascade cascade = matmul(2, 2, 4);
  CHECK(fault(cascade, "K:2{ M:1{ N:1{ Z } } }").empty());
  CascadeBuilder make{"chain of sums", DataType::kFp32};
  const RankId m = make.rank("M", Elements{2});
  const RankId k = make.rank("K", Elements{4});
  const TensorId x = make.tensor("x", {m, k}, TensorKind::kInput);
  const TensorId s = make.make("s", OpKind::kReduceSum, {"s", {m}}, {make.at(x)});
  make.make("r", OpKind::kExp, {"r", {m}}, {make.at(s)});
  const Cascade sums = sound(make.finish());
  CHECK(fault(sums, "K:2{ s r }") == "r needs s(0), which is not final");
  CHECK(fault(sums, "r s") == "r needs s(0), which does not exist yet");
  CHECK(fault(sums, "r | s") == "r needs s(0), which does not exist yet");
  // The update of p at l runs again for each tile of M: p[l-1] is gone when c reads it the second time.
  CascadeBuilder repeat{"repeated", DataType::kFp32};
  const RankId l = repeat.rank("L", Elements{3});
  const RankId n = repeat.rank("N", Elements{2});
  const TensorId a = repeat.tensor("a", {l}, TensorKind::kInput);
  const TensorId b = repeat.tensor("b", {l, n}, TensorKind::kInput);
  const TensorId p = repeat.make("p", OpKind::kExp, {"p", {l}}, {repeat.at(a)});
  repeat.make("c", OpKind::kMul, {"c", {l, n}}, {repeat.at(b), repeat.earlier(p, l, 1)});
  CHECK(fault(sound(repeat.finish()), "L:1{ N:1{ p c } }") == "c needs p(0), which was lost");
  CascadeBuilder twice{"twice", DataType::kFp32};
  const RankId tm = twice.rank("M", Elements{2});
  const RankId tk = twice.rank("K", Elements{2});
  const TensorId y = twice.tensor("y", {tk}, TensorKind::kInput);
  const TensorId z = twice.make("z", OpKind::kReduceSum, {"z", {}}, {twice.at(y)});
  twice.make("w", OpKind::kMul, {"w", {tm}}, {twice.at(z), twice.at(z)});
  CHECK(fault(sound(twice.finish()), "K:1{ M:1{ z } } w") == "z needs z(), whose terms it would add again");
  ExecOptions small = kSingleSlots;
  small.capacity = Bytes{(8 + 8 + 4) * kWord - 1};
  CHECK(fault(cascade, "Z", small) == "group 0 needs 80 B on chip, 79 B are there");
}

TEST_CASE(
    "A chain runs a recurrence step by step: any tile will do, and the old value is read before it goes") {
  const Cascade cascade = state_update({.l = 4, .d = 3, .n = 2});
  CHECK(faults(cascade, "L:4{ chain{ dA exp dB dBx t h y } }").empty());
  CHECK(fault(cascade, "L:4{ chain{ dA exp dB dBx t h y } }").empty());
  CHECK_FALSE(faults(cascade, "L:4{ dA exp dB dBx t h y }").empty());
}

TEST_CASE("A chain does not read an old value at another place than the new one takes") {
  // s[l,m] = sum over n of a; r[l,m,n] = s[l-1,n]: s[l,0] would take the place of s[l-1,0] before r[l,1,0]
  // needs it.
  CascadeBuilder make{"mixing chain", DataType::kFp32};
  const RankId l = make.rank("L", Elements{3});
  const RankId m = make.rank("M", Elements{2});
  const RankId n = make.rank("N", Elements{2});
  const TensorId a = make.tensor("a", {l, m, n}, TensorKind::kInput);
  const TensorId s = make.make("s", OpKind::kReduceSum, {"s", {l, m}}, {make.at(a)});
  make.make("r", OpKind::kMul, {"r", {l, m, n}},
            {make.at(a), {s, {{.rank = l, .distance = 1}, {.rank = n}}}});
  CHECK(
      faults(sound(make.finish()), "chain{ s r }") ==
      std::vector<std::string>{"(s, chain): the chain reads another element of it than the one being made"});
}

TEST_CASE("A recurrence that mixes its channels needs old and new values at once") {
  // h[l,d] = sum over k of h[l-1,k] W[k,d]: each new element needs all old ones.
  CascadeBuilder make{"RNN", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const RankId d = make.rank("D", Elements{3});
  const RankId k = make.rank("K", Elements{3});
  const TensorId w = make.tensor("W", {k, d}, TensorKind::kWeight);
  const TensorId h = make.tensor("h", {l, d}, TensorKind::kState);
  make.tensor(h).initial = Initial::kLoaded;
  make.tensor(h).final_value = Final::kStored;
  make.make("h", OpKind::kMatmul, h, {{h, {{.rank = l, .distance = 1}, {.rank = k}}}, make.at(w)});
  const Cascade cascade = sound(make.finish());
  CHECK(peak(cascade, "L:1{ h }") == (3 + 3 + 9) * kWord);
}

TEST_CASE("Of a tensor that is retained whole only its history travels, in transfers of its own") {
  // conv reads p[l-k] of a tensor made in the group before, whose two values of history are loaded: the first
  // slab of 2 + 2 elements moves its 2 of history, 8 B, in one granule of 64 B.
  CascadeBuilder make{"retained window", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const RankId k = make.rank("K", Elements{3});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  const TensorId p = make.make("p", OpKind::kExp, {"p", {l}}, {make.at(x)});
  make.tensor(p).initial = Initial::kLoaded;
  make.make("conv", OpKind::kConv, {"y", {l}}, {{p, {{.rank = l, .tap = k}}}, make.at(w)});
  const Cascade cascade = sound(make.finish());
  Plan plan = plan_of(cascade, "p | L:2{ conv }");
  plan.retentions.push_back({p, Bytes{4 * kWord}});
  ExecOptions options = kSingleSlots;
  options.model.granule = Bytes{64};
  const auto done = run(cascade, plan, options);
  REQUIRE(done.has_value());
  const PlanProfile closed = profile_of(cascade, plan, {.granule = Bytes{64}});
  CHECK(moved(cascade, closed, "p").read == 64);
  for (const TensorMoved& tensor : done->groups[1].tensors) {
    if (tensor.tensor == p) CHECK(tensor.read == Bytes{64});
  }
}

}  // namespace
}  // namespace fusescape::test_plans::execution_test
