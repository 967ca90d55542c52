// Is a stack of any layers the sum of them, with weights that layers share counted once?
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "fusescape/config/load.hpp"
#include "fusescape/search/sweep.hpp"
#include "loaded.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::stacks_test {
namespace {

/// An entry of a stack's layers, under a name of its own.
struct RandomLayers {
  std::int64_t count = 1;
  std::int64_t sets = 1;  ///< Of weights.
  std::string text;
};

RandomLayers random_layers(Dice& dice, std::size_t i) {
  RandomLayers layers;
  layers.count = dice.in(1, 4);
  const bool shared = dice.one_in(2);
  layers.sets = shared ? dice.in(1, layers.count) : layers.count;
  const auto n = [&](std::int64_t most) { return dice.in(1, most); };
  const std::vector<std::string> families{
      fmt::format("family: mlp, d_ff: {}", n(5)),
      fmt::format("family: mamba1, d_state: {}", n(3)),
      fmt::format("family: mamba2, n_head: {}, d_head: {}, d_state: 2, side_input: true", n(2), n(3)),
      fmt::format("family: attention, n_head: 2, n_kv_head: {}", n(2)),
      fmt::format(
          "family: parallel, attention: {{n_head: 2, d_head: 4, rotary_dim: {}}}, mamba: {{n_head: {}, "
          "d_head: 3, d_state: 2}}",
          2 * n(2), n(2)),
      fmt::format("family: zamba2, n_head: {}, d_ff: {}, adapter_rank: {}, attention_adapters: {}", n(2),
                  n(4), n(3), dice.one_in(2))};
  layers.text = fmt::format("  - {{name: k{}, count: {}, {}{}}}\n", i, layers.count, dice.pick(families),
                            shared ? fmt::format(", shared: {}", layers.sets) : "");
  return layers;
}

/// Weights that each layer has alone: Zamba2's adapters and what lies behind its shared block.
Elements unshared_weights(const Cascade& block) {
  Elements sum;
  for (std::size_t i = 0; i < block.tensors.size(); ++i) {
    const Tensor& tensor = block.tensors[i];
    const bool narrow = tensor.name.rfind("A_", 0) == 0 || tensor.name.rfind("B_", 0) == 0;
    if (tensor.kind != TensorKind::kWeight || !(narrow || tensor.name == "W_linear")) continue;
    sum += elements_of(block, TensorId{static_cast<std::uint16_t>(i)});
  }
  return sum;
}

TEST_CASE("A stack works as often as it has layers, and shared weights count once for each set") {
  constexpr std::int64_t kWidth = 8;
  constexpr std::int64_t kVocab = 11;
  const Design marca = value_of(load_design("marca"));
  for_all(40, [&](Dice& dice) {
    const bool decode = dice.one_in(2);
    const bool tied = dice.one_in(2);
    std::string text = fmt::format(
        "kind: model\nversion: 1\nfamily: stack\nname: s\nsource: made up\nd_model: {}\nvocab: {}\n"
        "tied_embedding: {}\nphase: {}\nL: {}\nB: {}\nlayers:\n",
        kWidth, kVocab, tied, decode ? "decode" : "prefill", decode ? 1 : dice.in(1, 4), dice.in(1, 2));
    std::vector<RandomLayers> layers(static_cast<std::size_t>(dice.in(2, 4)));
    for (std::size_t i = 0; i < layers.size(); ++i) {
      layers[i] = random_layers(dice, i);
      text += layers[i].text;
    }
    CAPTURE(text);
    Model model = value_of(bind_model(value_of(parse_input("s.yaml", text))));
    REQUIRE(model.kinds.size() == layers.size());
    Elements params{kVocab * kWidth * (tied ? 1 : 2) + kWidth};
    Ops ops = total_ops(*model.whole.lm_head);
    for (std::size_t k = 0; k < layers.size(); ++k) {
      const Cascade& block = model.kinds[k].block;
      const Elements own = unshared_weights(block);
      params += own * layers[k].count + (weight_elements(block) - own) * layers[k].sets;
      ops += total_ops(block) * layers[k].count;
    }
    CHECK(model.whole.params == params);

    BoundSweep sweep;
    sweep.workloads.push_back(model.whole);
    sweep.kinds.push_back(model.kinds);
    sweep.designs.push_back(marca);
    sweep.strategies = {find_strategy("unfused")};
    sweep.points = {{0, 0, 0}};
    const std::vector<PointOutcome> points = evaluate_points(sweep, sweep.points);
    REQUIRE(points.front().feasible());
    const auto whole = whole_of(evaluated_point(sweep, sweep.points[0], points.front()));
    REQUIRE(whole);
    CHECK(whole->ops == ops);
  });
}

}  // namespace
}  // namespace fusescape::test_plans::stacks_test
