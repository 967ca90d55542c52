// What is a model whose layers are of several kinds?
#include "fusescape/workload/stack.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"
#include "fusescape/search/sweep.hpp"
#include "loaded.hpp"

namespace fusescape::stack_test {
namespace {

Model model_in(const std::string& rest, const std::vector<Setting>& settings = {}) {
  const std::string head =
      "kind: model\nversion: 1\nfamily: stack\nname: s\nsource: made up\nd_model: 64\nvocab: 1000\n";
  return value_of(bind_model(value_of(parse_input("s.yaml", head + rest)), settings));
}

constexpr const char* kTwoKinds =
    "layers:\n"
    "  - {name: a, family: mamba1, d_state: 8, count: 2}\n"
    "  - {name: b, family: mlp, d_ff: 96}\n"
    "  - {like: a}\n"
    "  - {like: b, count: 3}\n";

TEST_CASE("A stack of one kind of layers is the model of that family") {
  for (const char* name : {"mamba-130m", "mamba2-130m"}) {
    INFO(name);
    const Workload family = value_of(load_workload(name));
    const bool second = family.family == "mamba2";
    const std::string text =
        "kind: model\nversion: 1\nfamily: stack\nname: s\nsource: made up\nd_model: 768\nvocab: " +
        std::to_string(second ? 50288 : 50280) + "\nlayers: [{family: " + family.family + ", count: 24}]\n";
    const Model stack = value_of(bind_model(value_of(parse_input("s.yaml", text))));
    CHECK(stack.has_one_block());
    CHECK(stack.whole.params == family.params);
    CHECK(stack.whole.n_layer == family.n_layer);
    CHECK(total_ops(stack.whole.block) == total_ops(family.block));
    CHECK(weight_elements(*stack.whole.lm_head) == weight_elements(*family.lm_head));
  }
}

TEST_CASE("Layers that are equal are one kind, in the order in which kinds first appear") {
  const Model model = model_in(kTwoKinds);
  REQUIRE(model.kinds.size() == 2);
  CHECK(model.kinds[0].name == "a");
  CHECK(model.kinds[0].n_layer == 3);
  CHECK(model.kinds[1].n_layer == 4);
  CHECK(model.whole.n_layer == 7);
  CHECK(model.order == std::vector<LayerRun>{{0, 2}, {1, 1}, {0, 1}, {1, 3}});
}

TEST_CASE("An order of letters says what a list of runs does") {
  const Model letters = model_in(
      "layers:\n  - {name: a, letter: M, family: mamba1, d_state: 8}\n  - {name: b, letter: '-', family: "
      "mlp, d_ff: 96}\n"
      "order: 'MM- M ---'\n");
  const Model runs = model_in(kTwoKinds);
  CHECK(letters.order == runs.order);
  CHECK(letters.whole.params == runs.whole.params);
}

TEST_CASE("Parameters are those of the embedding, of every layer and of the final norm") {
  const Model model = model_in(kTwoKinds);
  Elements layers;
  for (const Workload& kind : model.kinds) layers += *kind.layer_params * kind.n_layer;
  CHECK(model.whole.params == Elements{1000 * 64} + layers + Elements{64});
  // An MLP of three matrices 64 x 96 and its norm.
  CHECK(model.kinds[1].layer_params == Elements{3 * 64 * 96 + 64});
}

TEST_CASE("Layers that share weights count once for each set, and work each time") {
  const Model own = model_in("layers: [{family: mlp, d_ff: 96, count: 5}, {family: mamba1}]\n");
  const Model shared = model_in("layers: [{family: mlp, d_ff: 96, count: 5, shared: 2}, {family: mamba1}]\n");
  CHECK(own.whole.params->value() - shared.whole.params->value() == 3 * (3 * 64 * 96 + 64));
  CHECK(shared.kinds[0].n_layer == 5);
}

TEST_CASE("Settings reach the whole stack and one kind of its layers") {
  const Model decode = model_in(kTwoKinds, {{"phase", "decode"}, {"B", "4"}, {"layers.a.d_state", "32"}});
  CHECK(decode.whole.tokens == Elements{4});
  CHECK(decode.kinds[0].phase == Phase::kDecode);
  const Cascade& block = decode.kinds[0].block;
  CHECK(block.extent(*find_rank(block, "N")) == Elements{32});
  CHECK(block.extent(*find_rank(block, "B")) == Elements{4});
}

TEST_CASE("Settings reach a mixer of parallel layers, and mixers tell kinds apart") {
  const std::string layers =
      "layers:\n"
      "  - {name: p, family: parallel, attention: {n_head: 4}, mamba: {n_head: 2, d_head: 8, d_state: 4}}\n"
      "  - {family: parallel, attention: {n_head: 4}, mamba: {n_head: 2, d_head: 8, d_state: 5}}\n"
      "  - {family: parallel, mamba: {d_head: 8, d_state: 5, n_head: 2}, attention: {n_head: 4}}\n"
      "  - {family: parallel, mamba: {d_head: 8, d_state: 6, n_head: 2}, attention: {n_head: 4}}\n";
  const Model model = model_in(layers, {{"layers.p.mamba.N", "32"}, {"layers.p.attention.n_kv_head", "2"}});
  REQUIRE(model.kinds.size() == 3);
  CHECK(model.kinds[1].n_layer == 2);
  const Cascade& block = model.kinds[0].block;
  CHECK(block.extent(*find_rank(block, "N")) == Elements{32});
  CHECK(block.extent(*find_rank(block, "Ga")) == Elements{2});
}

TEST_CASE("Types by role reach every kind of layers and the head") {
  const Model model = model_in(kTwoKinds, {{"weight_dtype", "int8"}});
  const auto weights_are_int8 = [](const Cascade& cascade) {
    return std::all_of(cascade.tensors.begin(), cascade.tensors.end(), [](const Tensor& tensor) {
      return (tensor.type == DataType::kInt8) == (tensor.kind == TensorKind::kWeight);
    });
  };
  for (const Workload& kind : model.kinds) CHECK(weights_are_int8(kind.block));
  CHECK(weights_are_int8(*model.whole.lm_head));
}

TEST_CASE("A sweep's figures of a stack are sums over its kinds of layers and the head") {
  BoundSweep sweep;
  Model model = model_in(kTwoKinds, {{"L", "32"}});
  sweep.workloads.push_back(model.whole);
  sweep.kinds.push_back(model.kinds);
  sweep.designs.push_back(value_of(load_design("marca")));
  sweep.strategies = {find_strategy("unfused"), find_strategy("fuse-all")};
  sweep.points = {{0, 0, 0}, {0, 0, 1}};
  const std::vector<PointOutcome> points = evaluate_points(sweep, sweep.points);
  for (const PointOutcome& point : points) {
    REQUIRE(point.feasible());
    const auto whole = whole_of(evaluated_point(sweep, sweep.points[0], point));
    REQUIRE(whole);
    REQUIRE(point.layers.size() == 2);
    Cycles sum = (*point.head)->cost.latency;
    for (const LayerCost& layer : point.layers) sum += layer.count * layer.cost->latency;
    CHECK(whole->latency == sum);
    CHECK(!find_metric("latency_cycles")->value(evaluated_point(sweep, sweep.points[0], point)));
  }
  // The MLP has nothing that fuse-all fuses, and runs as it does under `unfused`.
  CHECK(points[1].layers[1].is_replaced);
  CHECK(points[1].layers[1].cost->latency == points[0].layers[1].cost->latency);
  CHECK(points[1].layers[0].cost->latency < points[0].layers[0].cost->latency);
}

TEST_CASE("Kinds without a name are numbered within their family, past names that are taken") {
  const Model model = model_in(
      "layers:\n  - {family: mlp, d_ff: 96}\n  - {family: mamba1}\n  - {family: mlp, d_ff: 97}\n"
      "  - {name: mlp-3, family: mlp, d_ff: 98}\n  - {family: mlp, d_ff: 99}\n");
  std::vector<std::string> names;
  for (const auto& kind : model.kinds) names.push_back(kind.name);
  CHECK(names == std::vector<std::string>{"mlp", "mamba1", "mlp-2", "mlp-3", "mlp-4"});
}

}  // namespace
}  // namespace fusescape::stack_test
