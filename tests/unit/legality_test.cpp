// Which plans are refused, for which edge, rank and rule? (docs/model/plan.md)
#include <catch2/catch.hpp>

#include "fusescape/plan/spatial.hpp"
#include "fusescape/workload/model.hpp"
#include "plans.hpp"

namespace fusescape::test_plans::legality_test {
namespace {

using Faults = std::vector<std::string>;

TEST_CASE("A two-operator recurrence runs one token at a time") {
  const Cascade cascade = state_update({.l = 64, .d = 8, .n = 4});
  CHECK(faults(cascade, "L:1{ t h }") == Faults{});
  CHECK(faults(cascade, "L:2{ t h }") ==
        Faults{"(h -> t, L, tile beyond the recurrence's distance): h: they share a tile of 2 along L; the "
               "recurrence's distance is 1"});
  CHECK(faults(cascade, "t h").size() == 1);
  CHECK(faults(cascade, "L:1{ t } L:1{ h }").size() == 1);
  CHECK(faults(cascade, "L:1{ t } | L:1{ h }") == Faults{"(t -> h, L, recurrence split over groups): t: the "
                                                         "operators of a recurrence must run in one group"});
}

TEST_CASE("A recurrence of one token needs no loop") {
  CHECK(faults(state_update({.l = 1, .d = 8, .n = 4}), "t h") == Faults{});
}

TEST_CASE("A scan runs inside a tile of any length") {
  CascadeBuilder make{"scan", DataType::kFp32};
  const RankId l = make.rank("L", Elements{256});
  const TensorId a = make.tensor("a", {l}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  make.make("scan", OpKind::kScan, h, {make.at(a), make.earlier(h, l, 1), make.at(b)});
  const Cascade cascade = sound(make.finish());
  CHECK(faults(cascade, "L:64{ scan }") == Faults{});
  CHECK(faults(cascade, "scan") == Faults{});
}

TEST_CASE("A recurrence of distance three may share a tile of three") {
  CascadeBuilder make{"filter", DataType::kFp32};
  const RankId l = make.rank("L", Elements{9});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", {l}}, {make.at(x), make.earlier(h, l, 3)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(x)});
  const Cascade cascade = sound(make.finish());
  CHECK(faults(cascade, "L:3{ t h }") == Faults{});
  CHECK(faults(cascade, "L:4{ t h }").size() == 1);
}

/// The Mamba-1 block's middle with in_proj as two operators, so that only its x half feeds the convolution.
Cascade split_block() {
  CascadeBuilder make{"block", DataType::kFp32};
  const RankId l = make.rank("L", Elements{256});
  const RankId e = make.rank("E", Elements{2560});
  const RankId d = make.rank("D", Elements{5120});
  const RankId n = make.rank("N", Elements{16});
  const RankId r = make.rank("R", Elements{160});
  const RankId k = make.rank("K", Elements{4});
  const RankId x = make.rank("X", Elements{192});
  const auto weight = [&](const char* name, std::vector<RankId> ranks) {
    return make.at(make.tensor(name, std::move(ranks), TensorKind::kWeight));
  };
  const Access in = make.at(make.tensor("x", {l, e}, TensorKind::kInput));
  const TensorId xin =
      make.make("in_proj_x", OpKind::kMatmul, {"xin", {l, d}}, {in, weight("W_in_x", {e, d})});
  const TensorId z = make.make("in_proj_z", OpKind::kMatmul, {"z", {l, d}}, {in, weight("W_in_z", {e, d})});
  const Access window{xin, {{.rank = l, .tap = k}, {.rank = d}}};
  const TensorId xc = make.make("conv", OpKind::kConv, {"xc", {l, d}}, {window, weight("W_conv", {d, k})});
  const Access u = make.at(make.make("silu", OpKind::kSilu, {"u", {l, d}}, {make.at(xc)}));
  const TensorId x_dbl = make.make("x_proj", OpKind::kMatmul, {"x_dbl", {l, x}}, {u, weight("W_x", {d, x})});
  const TensorId dt_raw = make.make("dt_proj", OpKind::kMatmul, {"dt_raw", {l, d}},
                                    {make.slice(x_dbl, r, Elements{0}), weight("W_dt", {r, d})});
  const Access delta = make.at(
      make.make("softplus", OpKind::kSoftplus, {"Delta", {l, d}}, {make.at(dt_raw), weight("b_dt", {d})}));
  const std::vector<RankId> all{l, d, n};
  const TensorId da = make.make("dA", OpKind::kMul, {"dA", all}, {delta, weight("A", {d, n})});
  const TensorId abar = make.make("exp", OpKind::kExp, {"Abar", all}, {make.at(da)});
  const TensorId db =
      make.make("dB", OpKind::kMul, {"dB", all}, {delta, make.slice(x_dbl, n, Elements{160})});
  const TensorId dbx = make.make("dBx", OpKind::kMul, {"dBx", all}, {make.at(db), u});
  const TensorId h = make.tensor("h", all, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", all}, {make.at(abar), make.earlier(h, l, 1)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(dbx)});
  const TensorId y =
      make.make("y", OpKind::kMatmul, {"y", {l, d}}, {make.slice(x_dbl, n, Elements{176}), make.at(h)});
  const TensorId gated = make.make("gate", OpKind::kMul, {"gated", {l, d}}, {make.at(y), make.at(z)});
  make.make("out_proj", OpKind::kMatmul, {"out", {l, e}}, {make.at(gated), weight("W_out", {d, e})});
  return sound(make.finish());
}

TEST_CASE("Two D loops below one L loop fuse the block; one D loop around all of it cannot") {
  const Cascade cascade = split_block();
  // The first D loop sums x_proj over D; the second starts when that sum is complete. out_proj sums over the
  // second.
  CHECK(
      faults(
          cascade,
          "L:64{ D:640{ in_proj_x conv silu x_proj }"
          "      D:640{ in_proj_z dt_proj softplus L:1{ chain{ dA exp dB dBx t h y } } gate out_proj } }") ==
      Faults{});
  CHECK(
      faults(cascade,
             "L:64{ D:640{ in_proj_x in_proj_z conv silu x_proj dt_proj softplus L:1{ chain{ dA exp dB "
             "dBx t h y } } gate out_proj } }") ==
      Faults{"(x_proj -> dt_proj, D, partial sum): x_dbl: both run inside the loop over D, before the sum is "
             "complete",
             "(x_proj -> dB, D, partial sum): x_dbl: both run inside the loop over D, before the sum is "
             "complete",
             "(x_proj -> y, D, partial sum): x_dbl: both run inside the loop over D, before the sum is "
             "complete"});
}

TEST_CASE(
    "Hand-written plans of an unfused matmul, a D-sliced state update and a fused projection are legal") {
  const Cascade cascade = split_block();
  CHECK(faults(cascade, "D:640{ L:64{ E:512{ in_proj_x } } }") == Faults{});
  CHECK(faults(cascade, "D:640{ L:1{ dA exp dB dBx t h y } }") == Faults{});
  CHECK(faults(cascade, "L:16{ conv silu x_proj dt_proj }") == Faults{});
}

TEST_CASE("A consumer runs after its producer, within a group and between groups") {
  const Cascade cascade = split_block();
  CHECK(faults(cascade, "silu conv") == Faults{"(conv -> silu, order): xc: it runs before its producer"});
  CHECK(faults(cascade, "silu | conv") ==
        Faults{"(conv -> silu, order): xc: its group runs before its producer's"});
}

TEST_CASE("Groups may be convex and still wait for each other: the order of groups is checked edge by edge") {
  // a -> b, c -> d: the groups {a, d} and {b, c} are convex, yet each needs the other.
  CascadeBuilder make{"crossed", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kExp, {"a", {l}}, {make.at(x)});
  const TensorId c = make.make("c", OpKind::kExp, {"c", {l}}, {make.at(x)});
  make.make("b", OpKind::kExp, {"b", {l}}, {make.at(a)});
  make.make("d", OpKind::kExp, {"d", {l}}, {make.at(c)});
  const Cascade cascade = sound(make.finish());
  CHECK(faults(cascade, "a d | b c").size() == 1);
  CHECK(faults(cascade, "b c | a d").size() == 1);
  CHECK(faults(cascade, "a c | b d") == Faults{});
}

TEST_CASE("A loop that repeats the update of a state inside the loop that carries it is refused") {
  // E repeats t and h for every token: h would advance three times per token.
  CascadeBuilder make{"repeated", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  make.rank("E", Elements{3});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  const TensorId t = make.make("t", OpKind::kMul, {"t", {l}}, {make.at(x), make.earlier(h, l, 1)});
  make.make("h", OpKind::kAdd, h, {make.at(t), make.at(x)});
  const Cascade cascade = sound(make.finish());
  CHECK(faults(cascade, "L:1{ E:1{ t h } }") == Faults{"(h -> t, E, carried values updated twice): h: the "
                                                       "loop over E repeats the update of values carried "
                                                       "along L"});
  CHECK(faults(cascade, "E:1{ L:1{ t h } }") == Faults{});  // Recomputed from the start each time: legal.
}

TEST_CASE("A recomputing loop inside a summing loop would add every term again") {
  const Cascade cascade = matmul(4, 4, 8);
  CHECK(faults(cascade, "K:2{ M:2{ Z } }") == Faults{});
  CascadeBuilder make{"with a spare rank", DataType::kFp32};
  const RankId m = make.rank("M", Elements{4});
  const RankId k = make.rank("K", Elements{4});
  make.rank("J", Elements{2});
  const TensorId x = make.tensor("X", {m, k}, TensorKind::kInput);
  make.make("sum", OpKind::kReduceSum, {"S", {m}}, {make.at(x)});
  const Cascade spare = sound(make.finish());
  CHECK(
      faults(spare, "K:2{ J:1{ sum } }") ==
      Faults{"(sum, J, double accumulation): S: it recomputes inside a loop over a rank that it sums over"});
  CHECK(faults(spare, "J:1{ K:2{ sum } }") == Faults{});
}

TEST_CASE("A chain runs element by element: equal spaces, no scan, no sum that it reads itself") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  CHECK(faults(cascade, "L:1{ chain{ dA exp dB dBx t h y } }") == Faults{});
  CascadeBuilder make{"sum and use", DataType::kFp32};
  const RankId m = make.rank("M", Elements{4});
  const RankId k = make.rank("K", Elements{4});
  const TensorId x = make.tensor("X", {m, k}, TensorKind::kInput);
  const TensorId s = make.make("sum", OpKind::kReduceSum, {"S", {m}}, {make.at(x)});
  make.make("scale", OpKind::kMul, {"Y", {m, k}}, {make.at(x), make.at(s)});
  const Cascade normed = sound(make.finish());
  CHECK(faults(normed, "chain{ sum scale }") ==
        Faults{"(sum, chain): its sum is complete only after the chain, which reads it"});
}

TEST_CASE("Trees that are no plans are refused with what is wrong") {
  const Cascade cascade = matmul(4, 4, 4);
  CHECK(faults(cascade, "M:0{ Z }") ==
        Faults{"(the plan, malformed tree): the loop over M has tile 0; the least is 1"});
  CHECK(faults(cascade, "Z Z") == Faults{"(Z, malformed tree): the plan runs it twice"});
  CHECK(faults(cascade, "Z M:2{ }") ==
        Faults{"(the plan, malformed tree): a loop, sequence or chain is empty"});
  const auto nothing = lay_out(cascade, Plan{});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().size() == 2);  // The root is empty, and Z is not run.
}

TEST_CASE(
    "A tensor is stored above all its users in the group, once, and holds a halo only if nothing overwrites "
    "it") {
  const Cascade cascade = split_block();
  CHECK(faults(cascade, "L:16{ D:640{ @xc conv } silu }") ==
        Faults{"(conv, storage node): xc: silu uses it outside its storage node"});
  CHECK(faults(cascade, "@xc L:16{ @xc conv silu }") ==
        Faults{"(conv, storage node): xc: it has two storage nodes in one group"});
  CHECK(faults(cascade, "@A conv").size() == 1);
  CHECK(faults(cascade, "D:640{ L:16{ @xin^ conv } }") == Faults{});
  CHECK(faults(cascade, "L:16{ D:640{ @xin^ conv } }") ==
        Faults{"(in_proj_x -> conv, D, halo): xin: the loop over D overwrites the halo it holds"});
  // `held` says something only of what is fetched, below a loop along the window.
  const Faults nothing_held{
      "(in_proj_x, storage node): xin: `held` keeps nothing: no loop above its storage node steps "
      "along "
      "a window that is fetched"};
  CHECK(faults(cascade, "K:1{ @xin^ conv }") == nothing_held);
  CHECK(faults(cascade, "@xin^ conv") == nothing_held);
  CHECK(faults(cascade, "L:16{ @xin^ in_proj_x conv }") == nothing_held);
  // The second time, the inner loop over L starts where the first time it had not yet come to.
  CHECK(faults(cascade, "L:32{ E:1{ L:16{ @xin^ conv } } }") ==
        Faults{"(in_proj_x -> conv, E, halo): xin: the loop over E overwrites the halo it holds"});
}

TEST_CASE("Sequential ranks, sums without adders and large chains are refused by the hardware") {
  const Cascade cascade = state_update({.l = 4, .d = 8, .n = 4});
  Plan plan = plan_of(cascade, "L:1{ chain{ dA exp dB dBx t h y } }");
  plan.spatial.resize(cascade.operators.size());
  Accelerator machine = accelerator(4, 8);
  const auto found = [&] {
    std::vector<Rule> rules;
    for (const Violation& violation : hardware_violations(cascade, plan, machine))
      rules.push_back(violation.rule);
    return rules;
  };
  CHECK(found().empty());
  const RankId l = *find_rank(cascade, "L");
  const RankId n = *find_rank(cascade, "N");
  plan.spatial[index_of(*find_operator(cascade, "t"))].rows = {l};
  CHECK(found() == std::vector<Rule>{Rule::kSequentialSpatial});
  plan.spatial[index_of(*find_operator(cascade, "t"))].rows = {n};
  plan.spatial[index_of(*find_operator(cascade, "y"))].rows = {n};
  CHECK(found().empty());
  machine.cores.front().reduces_rows = false;
  CHECK(found() == std::vector<Rule>{Rule::kReductionSpatial});
  machine.cores.front().reduces_rows = true;
  machine.cores.front().registers_per_pe = Bytes{4};
  CHECK(found() == std::vector<Rule>{Rule::kRegisters});
  machine.cores.front().registers_per_pe = Bytes{64};
  machine.cores.front().cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 0;
  CHECK(found() == std::vector<Rule>{Rule::kUnsupported});
  machine.cores.push_back(
      accelerator(4, 8).cores.front());  // It can; but the rest of the chain is not there.
  CHECK(found() == std::vector<Rule>{Rule::kChain});
}

TEST_CASE("Loops lie in one another up to 64 deep") {
  const Cascade cascade = matmul(100, 1, 1);
  std::string text = "Z";
  for (int tile = 1; tile <= 64; ++tile) text = "M:" + std::to_string(tile) + "{ " + text + " }";
  CHECK(faults(cascade, text) == Faults{});
  const Faults deeper = faults(cascade, "M:65{ " + text + " }");
  REQUIRE(deeper.size() == 1);
  CHECK(deeper.front().find("more than 64 loops lie in one another") != std::string::npos);
}

}  // namespace
}  // namespace fusescape::test_plans::legality_test
