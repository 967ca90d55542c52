// Are bytes counted per tensor where types are mixed and sequences are batched?
#include <catch2/catch.hpp>
#include <map>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "loaded.hpp"
#include "plans.hpp"

namespace fusescape::mixed_types_test {
namespace {

// int8 weights, bf16 activations, fp32 state: y = scan over L of decay * h + W x.
const char* const kMixed = R"(kind: cascade
version: 1
name: mixed
source: made for this test
dtype: bf16
token_ranks: [B, L]
ranks: {B: 3, L: 4, E: 16, D: 8}
tensors:
  - {name: x, ranks: [B, L, E], kind: input}
  - {name: W, ranks: [E, D], kind: weight, type: int8}
  - {name: a, ranks: [D], kind: weight, type: int4}
  - {name: u, ranks: [B, L, D], kind: intermediate}
  - {name: t, ranks: [B, L, D], kind: intermediate, type: fp32}
  - {name: h, ranks: [B, L, D], kind: state, type: fp32, initial: loaded, final: stored}
  - {name: out, ranks: [B, L, D], kind: output}
operators:
  - {name: proj, kind: matmul, output: u, inputs: [x, W]}
  - {name: decay, kind: mul, output: t, inputs: [a, "h[B, L-1, D]"]}
  - {name: update, kind: add, output: h, inputs: [t, u]}
  - {name: gate, kind: silu, output: out, inputs: [h]}
)";

using Moved = std::map<std::string, Bytes>;

struct Traffic {
  Moved read;
  Moved written;
};

Traffic unfused(const std::vector<Setting>& settings) {
  const Workload mixed = value_of(bind_workload(value_of(parse_input("mixed.yaml", kMixed)), settings));
  const auto found =
      assess(mixed.block, design_of(value_of(load_accelerator("marca"))), *find_strategy("unfused"));
  if (!found) FAIL(describe(found.error()));
  Traffic traffic;
  for (const TensorTraffic& tensor : test_plans::traffic_of(found->profile)) {
    const std::string& name = mixed.block.tensor(tensor.tensor).name;
    traffic.read[name] += tensor.read;
    traffic.written[name] += tensor.written;
  }
  return traffic;
}

TEST_CASE("Every tensor moves at the width of its own type") {
  const auto [read, written] = unfused({});
  CHECK(read.at("x") == Bytes{3 * 4 * 16 * 2});
  CHECK(read.at("W") == Bytes{16 * 8});
  CHECK(written.at("u") == Bytes{3 * 4 * 8 * 2});
  CHECK(read.at("u") == Bytes{3 * 4 * 8 * 2});
  CHECK(written.at("t") == Bytes{3 * 4 * 8 * 4});
  CHECK(read.at("t") == Bytes{3 * 4 * 8 * 4});
  CHECK(written.at("out") == Bytes{3 * 4 * 8 * 2});
  // a is fetched once a group at least: 8 elements of 4 bits.
  CHECK(read.at("a") >= Bytes{4});
}

TEST_CASE("A batch multiplies activations and states and leaves weights alone") {
  const auto at = [](const char* batch) { return unfused({{"B", batch, {}}}); };
  const Traffic one = at("1");
  for (const char* batch : {"2", "8"}) {
    const Traffic many = at(batch);
    const std::int64_t factor = batch[0] - '0';
    for (const char* name : {"x", "u", "t", "h"}) {
      CAPTURE(name, batch);
      CHECK(many.read.at(name) == factor * one.read.at(name));
    }
    for (const char* name : {"u", "t", "h", "out"}) {
      CHECK(many.written.at(name) == factor * one.written.at(name));
    }
    CHECK(many.read.at("W") == one.read.at("W"));
  }
}

TEST_CASE("A tensor's type is a setting, and the file's type is that of tensors without one") {
  const Traffic wide = unfused({{"tensors.W.type", "fp32", {}}});
  CHECK(wide.read.at("W") == Bytes{16 * 8 * 4});
  const Traffic narrow = unfused({{"dtype", "fp8", {}}});
  CHECK(narrow.read.at("x") == Bytes{3 * 4 * 16});
  CHECK(narrow.read.at("W") == Bytes{16 * 8});
  CHECK(narrow.read.at("t") == Bytes{3 * 4 * 8 * 4});
}

TEST_CASE("A batched Mamba block reads its weights once and its tokens once a sequence") {
  const Accelerator marca = value_of(load_accelerator("marca"));
  const auto traffic = [&](const char* batch) {
    const std::vector<Setting> settings{{"B", batch, {}}, {"L", "4", {}}};
    const Workload mamba = value_of(load_workload("mamba-130m", settings));
    const auto found = assess(mamba.block, design_of(marca), *find_strategy("unfused"));
    REQUIRE(found);
    std::map<TensorKind, Bytes> read;
    for (const TensorTraffic& tensor : test_plans::traffic_of(found->profile))
      read[mamba.block.tensor(tensor.tensor).kind] += tensor.read;
    return read;
  };
  CHECK(traffic("4")[TensorKind::kInput] == 4 * traffic("1")[TensorKind::kInput]);
  CHECK(traffic("4")[TensorKind::kWeight] == traffic("1")[TensorKind::kWeight]);
}

}  // namespace
}  // namespace fusescape::mixed_types_test
