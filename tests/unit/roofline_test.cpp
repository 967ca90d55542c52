// Where does an operator stand under the roofs of a machine that is easy to compute by hand?
#include "fusescape/report/roofline.hpp"

#include <catch2/catch.hpp>

#include "fusescape/cost/compulsory.hpp"
#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape::roofline_test {
namespace {

/// 8 PEs, exp takes 4 cycles, nothing else than matmul, exp and conv runs; DRAM 4 B/cycle.
Accelerator toy() {
  Accelerator accelerator;
  accelerator.name = "toy";
  Core core;
  core.rows = 2;
  core.cols = 4;
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kMatmul)] = 1;
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kConv)] = 1;
  core.cycles_per_op[static_cast<std::size_t>(OpKind::kExp)] = 4;
  accelerator.cores = {core};
  accelerator.dram.bandwidth = BitsPerCycle{32};
  return accelerator;
}

/// y = x W over L = 4, E = 16, D = 8 in fp32, z = exp(y), out = relu(z).
Workload two_operators() {
  CascadeBuilder make{"toy", DataType::kFp32};
  const RankId l = make.rank("L", Elements{4});
  const RankId e = make.rank("E", Elements{16});
  const RankId d = make.rank("D", Elements{8});
  const TensorId x = make.tensor("x", {l, e}, TensorKind::kInput);
  const TensorId w = make.tensor("W", {e, d}, TensorKind::kWeight);
  const TensorId y = make.make("proj", OpKind::kMatmul, {"y", {l, d}}, {make.at(x), make.at(w)});
  const TensorId z = make.make("exp", OpKind::kExp, {"z", {l, d}}, {make.at(y)});
  const TensorId out = make.tensor("out", {l, d}, TensorKind::kOutput);
  make.make("relu", OpKind::kRelu, out, {make.at(z)});
  CheckedCascade checked = make.finish();
  REQUIRE(checked.problems.empty());
  return {.name = "two", .family = "cascade", .params = {}, .block = std::move(checked.cascade)};
}

TEST_CASE("A matmul's intensity is its operations over the bytes of its three operands") {
  const Roofline roofline = roofline_of(two_operators(), toy());
  CHECK(roofline.peak == 8.0);
  CHECK(roofline.bandwidth == 4.0);
  CHECK(roofline.ridge() == 2.0);
  const RooflinePoint& proj = roofline.points.at(0);
  // 4*16*8 = 512 operations; x 256 B and W 512 B read, y 128 B written: 512 / 896 op/B.
  CHECK(proj.ops == Ops{512});
  CHECK(proj.read == Bytes{768});
  CHECK(proj.written == Bytes{128});
  CHECK(*proj.intensity == Approx(512.0 / 896.0));
  CHECK(*proj.attainable == Approx(4.0 * 512.0 / 896.0));
  CHECK_FALSE(proj.compute_bound);
}

TEST_CASE("The peak of a kind that takes four cycles is a quarter") {
  // exp: 1 op per 8 B, so 0.5 op/cycle from DRAM; its own peak is 8 / 4.
  const Roofline slow = roofline_of(two_operators(), toy());
  CHECK(*slow.points.at(1).peak == 2.0);
  CHECK(*slow.points.at(1).attainable == 0.5);
  // From 16 B/cycle on its own peak stops it, although one-cycle operations have their ridge at 0.125 op/B
  // only at 64 B/cycle.
  Accelerator fast = toy();
  fast.dram.bandwidth = BitsPerCycle{128};
  CHECK(roofline_of(two_operators(), fast).points.at(1).compute_bound);
  fast.dram.bandwidth = BitsPerCycle{120};
  CHECK_FALSE(roofline_of(two_operators(), fast).points.at(1).compute_bound);
}

TEST_CASE("An operator that no core runs has no peak, and its row says so") {
  const Roofline roofline = roofline_of(two_operators(), toy());
  const RooflinePoint& relu = roofline.points.at(2);
  CHECK(relu.intensity);
  CHECK_FALSE(relu.peak);
  CHECK_FALSE(relu.attainable);
  CHECK(csv(document_of(roofline)).find("relu,relu,32,128,128,256,0.125,,,\n") != std::string::npos);
  CHECK(text(document_of(roofline), {}).find("n/a") != std::string::npos);
}

TEST_CASE("Separate DRAM ports double the sloped roof") {
  Accelerator accelerator = toy();
  accelerator.dram.ports = Ports::kSeparate;
  CHECK(roofline_of(two_operators(), accelerator).bandwidth == 8.0);
}

TEST_CASE("Windows and earlier values are compulsory only where they exist") {
  // y[l] = sum_k x[l-k] w[k] over L = 6, K = 3; h[l] = h[l-1] + y[l] as t, h.
  const auto traffic = [](Initial initial, const char* op) {
    CascadeBuilder make{"shifts", DataType::kInt8};
    const RankId l = make.rank("L", Elements{6});
    const RankId k = make.rank("K", Elements{3});
    const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
    make.tensor(x).initial = initial;
    const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
    const TensorId y =
        make.make("conv", OpKind::kConv, {"y", {l}}, {Access{x, {{.rank = l, .tap = k}}}, make.at(w)});
    const TensorId h = make.tensor("h", {l}, TensorKind::kState);
    make.tensor(h).initial = initial;
    const TensorId t = make.make("exp", OpKind::kExp, {"t", {l}}, {make.earlier(h, l, 1)});
    make.make("h", OpKind::kAdd, h, {make.at(t), make.at(y)});
    const TensorId s = make.tensor("s", {l}, TensorKind::kOutput);
    make.make("scan", OpKind::kScan, s, {make.at(t), make.earlier(s, l, 1), make.at(y)});
    make.tensor(s).initial = initial;
    CheckedCascade checked = make.finish();
    for (const CascadeProblem& problem : checked.problems) UNSCOPED_INFO(problem.message);
    REQUIRE(checked.problems.empty());
    return compulsory_traffic(checked.cascade, find_operator(checked.cascade, op).value()).read;
  };
  CHECK(traffic(Initial::kZero, "conv") == Bytes{6 + 3});        // The halo before 0 is padding.
  CHECK(traffic(Initial::kLoaded, "conv") == Bytes{2 + 6 + 3});  // K - 1 loaded values before it.
  CHECK(traffic(Initial::kZero, "exp") == Bytes{5});             // h[0] .. h[4].
  CHECK(traffic(Initial::kLoaded, "exp") == Bytes{6});           // h[-1] .. h[4].
  CHECK(traffic(Initial::kZero, "scan") == Bytes{6 + 6});        // a and b; its own past is at hand,
  CHECK(traffic(Initial::kLoaded, "scan") == Bytes{6 + 6 + 1});  // but for the value before the first.
}

TEST_CASE("An operand that an operator reads twice is fetched once") {
  CascadeBuilder make{"twice", DataType::kFp32};
  const RankId l = make.rank("L", Elements{6});
  const RankId half = make.rank("M", Elements{3});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId square = make.tensor("square", {l}, TensorKind::kOutput);
  make.make("square", OpKind::kMul, square, {make.at(x), make.at(x)});
  const TensorId fold = make.tensor("fold", {half}, TensorKind::kOutput);
  make.make("fold", OpKind::kAdd, fold, {make.slice(x, half, Elements{0}), make.slice(x, half, Elements{3})});
  const CheckedCascade checked = make.finish();
  REQUIRE(checked.problems.empty());
  CHECK(compulsory_traffic(checked.cascade, OpId{0}).read == Bytes{6 * 4});
  CHECK(compulsory_traffic(checked.cascade, OpId{1}).read == Bytes{(3 + 3) * 4});
}

}  // namespace
}  // namespace fusescape::roofline_test
