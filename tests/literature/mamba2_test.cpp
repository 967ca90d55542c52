// Have Mamba-2 models the parameters and states that were published?
#include "fusescape/workload/families/mamba2.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/around_blocks.hpp"
#include "loaded.hpp"
#include "plans.hpp"

namespace fusescape::mamba2_test {
namespace {

struct Mamba2Row {
  const char* name;
  Mamba2 shape;
  std::int64_t params;
};

Mamba2 raw_shape(std::int64_t layers, std::int64_t d_model) {  // d_inner = 2E, heads of 64.
  return {.n_layer = layers, .d_model = d_model, .n_head = d_model / 32};
}

Mamba2 large_shape(std::int64_t layers, std::int64_t vocab) {  // 4096 wide, 128 heads, 8 groups, untied.
  return {.n_layer = layers,
          .d_model = 4096,
          .n_head = 128,
          .n_group = 8,
          .vocab = vocab,
          .tied_embedding = false};
}

std::vector<Mamba2Row> published_rows() {
  return {// The published count of the checkpoint's tensors.
          {"mamba2-2.7b", raw_shape(64, 2560), 2'702'599'680},
          {"codestral-mamba-7b", large_shape(64, 32768), 7'285'403'648},
          {"mamba2-8b-3t-4k", large_shape(56, 256000), 8'236'999'680},
          // By the formula alone: no exact count of these was published.
          {"mamba2-130m", raw_shape(24, 768), 128'989'632},
          {"mamba2-370m", raw_shape(48, 1024), 368'346'624},
          {"mamba2-780m", raw_shape(48, 1536), 780'161'280},
          {"mamba2-1.3b", raw_shape(48, 2048), 1'343'757'312}};
}

TEST_CASE("Mamba-2 models have the parameters of the released checkpoints") {
  for (const Mamba2Row& row : published_rows()) {
    CAPTURE(row.name);
    CHECK(model_params(row.shape) == Elements{row.params});
    const CheckedCascade block = mamba2_block(row.shape);
    REQUIRE(block.problems.empty());
    const Elements embedding{row.shape.vocab * row.shape.d_model * (row.shape.tied_embedding ? 1 : 2)};
    CHECK(embedding + weight_elements(block.cascade) * row.shape.n_layer + Elements{row.shape.d_model} ==
          Elements{row.params});
  }
}

TEST_CASE("Shipped Mamba-2 models have the parameters of the released checkpoints") {
  for (const Mamba2Row& row : published_rows()) {
    if (std::string_view{row.name} == "mamba2-8b-3t-4k") continue;  // Not shipped.
    CAPTURE(row.name);
    CHECK(value_of(load_workload(row.name)).params == Elements{row.params});
  }
}

TEST_CASE("With eight groups a small Mamba-2 would miss its count by what B and C have more") {
  // 130M: 24 layers of 2 (G - 1) N (E + K + 1) more; the published 2.7B count tells that its G is 1.
  Mamba2 shape = raw_shape(24, 768);
  shape.n_group = 8;
  CHECK(model_params(shape) == Elements{128'989'632 + 24 * 2 * 7 * 128 * (768 + 5)});
}

/// Bytes of the state and of the windows that a decode step of one sequence reads and writes in a layer.
std::map<std::string, std::pair<Bytes, Bytes>> decode_traffic(const char* model,
                                                              std::vector<Setting> settings = {}) {
  settings.push_back({"phase", "decode", {}});
  const Workload workload = value_of(load_workload(model, settings));
  const Accelerator marca = value_of(load_accelerator("marca"));
  const auto found = assess(workload.block, design_of(marca), *find_strategy("fuse-all"));
  REQUIRE(found);
  std::map<std::string, std::pair<Bytes, Bytes>> moved;
  for (const TensorTraffic& traffic : test_plans::traffic_of(found->profile)) {
    auto& [read, written] = moved[workload.block.tensor(traffic.tensor).name];
    read += traffic.read;
    written += traffic.written;
  }
  return moved;
}

TEST_CASE("A decode step of Mamba-2 reads and writes its state once") {
  // H P N elements of 4 B: 80 * 64 * 128 = 655,360 of mamba2-2.7b, 128 * 64 * 128 = 1,048,576 of Codestral.
  for (const auto& [model, elements] :
       {std::pair{"mamba2-2.7b", 655'360}, std::pair{"codestral-mamba-7b", 1'048'576}}) {
    auto moved = decode_traffic(model);
    CAPTURE(model);
    CHECK(moved["h"].first == Bytes{4 * elements});
    CHECK(moved["h"].second == Bytes{4 * elements});
  }
}

TEST_CASE(
    "A state of 32 bits in a model of 16 moves four bytes an element, and weights of 4 bits half a byte") {
  auto moved = decode_traffic(
      "mamba2-2.7b", {{"dtype", "bf16", {}}, {"state_dtype", "fp32", {}}, {"weight_dtype", "int4", {}}});
  CHECK(moved["h"].first == Bytes{4 * 655'360});
  CHECK(moved["zx"].second == Bytes{2 * 10'240});
  CHECK(moved["W_out"].first == Bytes{5'120 * 2'560 / 2});
}

TEST_CASE(
    "A decode step of Mamba-2 reads windows of K columns, of which it has made one, and leaves the rest in "
    "place") {
  // mamba2-2.7b, 5,120 + 2 * 128 = 5,376 channels, K = 4: 21,504 elements, three columns from the steps
  // before and the new one, which goes out once beside z (5,120 elements, read by both operators of its
  // SiLU).
  auto moved = decode_traffic("mamba2-2.7b");
  CHECK(moved["zx"].first + moved["BC"].first == Bytes{4 * (21'504 + 2 * 5'120)});
  CHECK(moved["zx"].second + moved["BC"].second == Bytes{4 * (5'376 + 5'120)});
}

}  // namespace
}  // namespace fusescape::mamba2_test
