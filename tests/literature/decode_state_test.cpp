// Do the shipped models carry the states that their published shapes imply, and does a decode step read and
// write each of them once?
//
// Elements per layer and sequence: D N of Mamba-1, H P N of Mamba-2, from the models' config.json. The
// convolution's caches of the reference code have K columns, of which K - 1 are used.
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/resident.hpp"
#include "plans.hpp"

namespace fusescape::decode_state_test {
namespace {

struct PublishedState {
  const char* model;
  std::int64_t elements;                 ///< Of h, per layer and sequence.
  std::optional<std::int64_t> window{};  ///< Of the convolution's cache of K = 4 columns, likewise.
};

constexpr std::array kStates{PublishedState{"mamba-2.8b", 81'920, 20'480},
                             PublishedState{"mamba2-2.7b", 655'360, 21'504},
                             PublishedState{"codestral-mamba-7b", 1'048'576},
                             PublishedState{"nemotron-h-8b", 1'048'576},
                             PublishedState{"nemotron-nano-9b-v2", 1'310'720},
                             PublishedState{"granite-4.0-h-small", 1'048'576},
                             PublishedState{"granite-4.0-h-tiny", 393'216},
                             PublishedState{"granite-4.0-h-micro", 524'288},
                             PublishedState{"jamba-v0.1", 131'072},
                             PublishedState{"falcon-mamba-7b", 131'072}};

std::vector<Setting> decode(std::vector<Setting> more = {}) {
  more.push_back({"phase", "decode"});
  more.push_back({"dtype", "fp32"});
  return more;
}

/// The kinds of layers with a state, one or more.
std::vector<Workload> with_states(const char* name, const std::vector<Setting>& settings) {
  const auto model = load_model(name, settings);
  if (!model) FAIL(model.error().text);
  std::vector<Workload> kinds = model->kinds;
  if (kinds.empty()) kinds.push_back(model->whole);
  std::erase_if(kinds, [](const Workload& kind) { return kind.block.recurrences.empty(); });
  return kinds;
}

TEST_CASE("A decode step of each shipped model reads and writes the published state of a layer once") {
  constexpr Bytes kAmple{std::int64_t{1} << 40U};
  for (const PublishedState& state : kStates) {
    CAPTURE(state.model);
    const std::vector<Workload> kinds = with_states(state.model, decode());
    REQUIRE_FALSE(kinds.empty());
    Accelerator machine = load_accelerator("marca").value();
    machine.sram.capacity = kAmple;
    for (const Workload& kind : kinds) {
      const TensorId h = *find_tensor(kind.block, "h");
      CHECK(outliving_elements(kind.block, h) == Elements{state.elements});
      const auto found = assess(kind.block, design_of(machine), *find_strategy("fuse-all"));
      REQUIRE(found.has_value());
      const auto bytes = test_plans::moved(kind.block, found->profile, "h");
      CHECK(bytes.read == 4 * state.elements);
      CHECK(bytes.written == 4 * state.elements);
    }
  }
}

TEST_CASE("Resident, the states of all layers and sequences take their published size on chip") {
  constexpr std::int64_t kBatch = 3;
  for (const PublishedState& state : kStates) {
    CAPTURE(state.model);
    const std::vector<Workload> kinds =
        with_states(state.model, decode({{"state", "resident"}, {"B", std::to_string(kBatch)}}));
    Bytes states;
    for (const Workload& kind : kinds) {
      const Bytes own = resident_bytes(kind.block);
      const Bytes h{4 * kBatch * state.elements};
      CHECK(own > h);
      if (state.window) CHECK(own == h + Bytes{4 * kBatch * *state.window / 4 * 3});
      states += own * kind.n_layer;
    }
    const Bytes charged = kinds.front().block.resident;
    const auto model =
        load_model(state.model, decode({{"state", "resident"}, {"B", std::to_string(kBatch)}}));
    Bytes caches;
    for (const Workload& kind : model->kinds) {
      if (kind.block.recurrences.empty()) caches += resident_bytes(kind.block) * kind.n_layer;
    }
    CHECK(charged == states + caches);
    if (model->whole.lm_head) CHECK(model->whole.lm_head->resident == charged);
  }
}

TEST_CASE(
    "Nemotron-H-8B keeps 4 MiB of state per layer and sequence, 96 MiB in all, beside windows and caches") {
  // 24 layers; windows of 3 x (8192 + 2 x 8 x 128) channels; 4 attention layers with 8 heads of 128, S = 1024
  // cached tokens and the new one.
  const auto model = load_model("nemotron-h-8b", decode({{"state", "resident"}}));
  REQUIRE(model.has_value());
  const std::int64_t states = 24 * (1'048'576 + 3 * (8192 + 2048));
  const std::int64_t caches = 4 * 2 * 8 * 128 * 1025;
  CHECK(model->kinds.front().block.resident == Bytes{4 * (states + caches)});
}

}  // namespace
}  // namespace fusescape::decode_state_test
