// Is the chunked form of a state space dual the same function as its recurrence, and as large as published?
#include <catch2/catch.hpp>

#include "built_plans.hpp"
#include "fusescape/check/verification.hpp"
#include "fusescape/report/verification.hpp"
#include "fusescape/sim/simulate.hpp"
#include "portions.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::ssd_chunks_test {
namespace {

/// Two orders of double-precision sums of a few dozen numbers about 1, and their exponentials.
constexpr double kClose = 1e-11;

Mamba2 random_chunked(Dice& dice) {
  Mamba2 shape = random_mamba2(dice);
  shape.tokens = dice.in(1, 9);
  shape.form = Mamba2::Form::kChunked;
  shape.chunk = dice.in(1, shape.tokens + 1);
  return shape;
}

Mamba2 recurrent(Mamba2 shape) {
  shape.form = Mamba2::Form::kRecurrent;
  return shape;
}

/// Where an element of a chunked block's tensor is in the recurrent block's: the token along L, and no ranks
/// of extent one.
std::vector<std::int64_t> unchunked(const Cascade& cascade, const Tensor& tensor, const Mamba2& shape,
                                    const std::vector<std::int64_t>& at) {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::string& rank = cascade.rank(tensor.ranks[i]).name;
    if (rank == "last" || rank == "final") continue;
    if (rank == "Q") {
      found.back() = found.back() * shape.chunk + at[i];
    } else if (rank == "T") {
      found.push_back(shape.tokens / shape.chunk * shape.chunk + at[i]);
    } else {
      found.push_back(at[i]);
    }
  }
  return found;
}

/// The recurrent block's numbers for the chunked one: equal names, equal values; the state before the first
/// chunk.
NumericCase chunked_case(const Mamba2& shape, const Cascade& chunked, const Cascade& whole,
                         const NumericCase& given) {
  NumericCase made = empty_case(chunked, Arithmetic::kFp64);
  const TensorValues& h = named(whole, given.tensors, "h");
  for (std::size_t i = 0; i < chunked.tensors.size(); ++i) {
    const Tensor& tensor = chunked.tensors[i];
    TensorValues& values = made.tensors[i];
    for_each_element(values, [&](std::int64_t position, const std::vector<std::int64_t>& at) {
      if (tensor.name == "h" && at[1] < 0) {
        std::vector<std::int64_t> before = unchunked(chunked, tensor, shape, at);
        values.data[position] = h.at(before);
      } else if (tensor.name == "h_begin") {
        std::vector<std::int64_t> before = unchunked(chunked, tensor, shape, at);
        before.insert(before.begin() + 1, -1);
        values.data[position] = h.at(before);
      }
    });
    const auto same = find_tensor(whole, tensor.name);
    if (same && tensor.name != "h" && tensor.ranks.size() == whole.tensor(*same).ranks.size()) {
      if (values.axes == given.tensors[index_of(*same)].axes) values = given.tensors[index_of(*same)];
    }
  }
  return made;
}

/// Every element of the chunked block's `tensor` is that of the recurrent block's `as`.
void check_equal(const Mamba2& shape, const Cascade& chunked, const std::vector<TensorValues>& made,
                 const std::string& tensor, const Cascade& whole, const std::vector<TensorValues>& expected,
                 const std::string& as) {
  const auto id = find_tensor(chunked, tensor);
  REQUIRE(id);
  const TensorValues& values = made[index_of(*id)];
  const TensorValues& reference = named(whole, expected, as);
  for_each_element(values, [&](std::int64_t position, const std::vector<std::int64_t>& at) {
    const std::vector<std::int64_t> there = unchunked(chunked, chunked.tensor(*id), shape, at);
    CHECK(values.data[position] == Approx(reference.at(there)).epsilon(kClose));
  });
}

TEST_CASE("Chunks of any size give what the recurrence gives, and hand on the same state") {
  int rests = 0;
  for_all(200, [&](Dice& dice) {
    const Mamba2 shape = random_chunked(dice);
    const Cascade chunked = sound(mamba2_block(shape));
    const Cascade whole = sound(mamba2_block(recurrent(shape)));
    const NumericCase given =
        make_case(whole, Arithmetic::kFp64, static_cast<std::uint64_t>(dice.in(0, 1'000'000)));
    const std::vector<TensorValues> expected = run_reference(whole, given).tensors;
    const std::vector<TensorValues> made =
        run_reference(chunked, chunked_case(shape, chunked, whole, given)).tensors;
    CAPTURE(shape.tokens, shape.chunk, text_of(chunked));
    check_equal(shape, chunked, made, "out", whole, expected, "out");
    const bool rest = find_tensor(chunked, "out_rest").has_value();
    if (rest) check_equal(shape, chunked, made, "out_rest", whole, expected, "out");
    rests += rest ? 1 : 0;
    const std::string end = rest || shape.tokens <= shape.chunk ? "h_end" : "h";
    if (shape.final_state == Final::kDropped) return;
    const auto id = find_tensor(chunked, end + (rest ? "_rest" : ""));
    const TensorValues& state = made[index_of(id ? *id : find_tensor(chunked, end).value())];
    const Tensor& tensor = chunked.tensor(id ? *id : find_tensor(chunked, end).value());
    const TensorValues& h = named(whole, expected, "h");
    for_each_element(state, [&](std::int64_t position, std::vector<std::int64_t> at) {
      const bool by_chunk = chunked.rank(tensor.ranks[1]).name == "C";
      if (by_chunk && at[1] != shape.tokens / shape.chunk - 1) return;
      std::vector<std::int64_t> there = unchunked(chunked, tensor, shape, at);
      if (!by_chunk) there.insert(there.begin() + 1, 0);
      there[1] = shape.tokens - 1;
      CHECK(state.data[position] == Approx(h.at(there)).epsilon(kClose));
    });
  });
  CHECK(rests > 20);
}

Ops core_ops(const Cascade& cascade) {
  const std::vector<std::string> core{
      "delta_x",  "dA",     "dA_sum",         "segment",        "segment_exp", "CB",          "CB_decayed",
      "y_within", "to_end", "to_end_exp",     "delta_x_to_end", "chunk_state", "chunk_decay", "h",
      "h_end",    "y_past", "from_begin_exp", "y_past_decayed", "y",           "D_x"};
  Ops sum;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    std::string name = cascade.operators[i].name;
    if (const auto rest = name.rfind("_rest"); rest != std::string::npos) name.erase(rest);
    const bool counts = std::find(core.begin(), core.end(), name) != core.end();
    if (counts) sum += ops_of(cascade, OpId{static_cast<std::uint16_t>(i)});
  }
  return sum;
}

TEST_CASE(
    "The chunked form has the operations of the state space dual, and adds each chunk's first to zero") {
  for_all(100, [](Dice& dice) {
    Mamba2 shape = random_chunked(dice);
    shape.final_state = Final::kStored;
    const Cascade cascade = sound(mamba2_block(shape));
    const std::int64_t chunks = ceil_div(shape.tokens, shape.chunk);
    const Ops to_zero{shape.batch * shape.n_head * chunks};
    const bool no_past = shape.tokens <= shape.chunk && shape.initial_state != Initial::kLoaded;
    const SsdOps expected = ssd_ops(shape);
    CAPTURE(text_of(cascade));
    CHECK(core_ops(cascade) == (no_past ? expected.from_zero : expected.dense) + to_zero);
  });
}

TEST_CASE("A thousand tokens in chunks of 256 are 250,432 pairs, 125,716 of them causal") {
  // 3 * 256^2 + 232^2, and the triangles of both. One head, one channel, one state, one group: a pair is
  // 1 + 3 + 1 operations.
  const Mamba2 shape{.d_model = 1, .n_head = 1, .d_head = 1, .d_state = 1, .tokens = 1000};
  Mamba2 chunked = shape;
  chunked.form = Mamba2::Form::kChunked;
  const SsdOps ops = ssd_ops(chunked);
  CHECK(ops.dense - ops.causal == Ops{5 * (250'432 - 125'716)});
  // Of a token 3 + 3 + 1 and, with a past, 1 + 2 + 1; of a chunk 1 + 1; sums of all but four tokens.
  CHECK(ops.dense == Ops{5 * 250'432 + 1000 * 7 + 996 + 1000 * 4 + 4 * 2});
  CHECK(ops.from_zero == ops.dense - Ops{256 * 4 + 2});
}

TEST_CASE("Every strategy plans a chunked block, executes as counted and simulates") {
  int built = 0;
  for_all(6, [&](Dice& dice) {
    const Cascade cascade = sound(mamba2_block(random_chunked(dice)));
    const Accelerator machine = planning_machine(dice);
    const Planner planner{cascade, machine};
    for (const Strategy& strategy : strategies()) {
      const auto made = assess(planner, design_of(machine), strategy);
      if (!made) continue;
      ++built;
      CAPTURE(strategy.name, text_of(cascade), text_of(cascade, made->plan));
      const Verification verification = verify(cascade, made->plan, machine);
      INFO(text(document_of({cascade.name, machine.name, std::string{strategy.name}}, verification), {}));
      CHECK(verification.passed());
      const auto simulated = simulate(cascade, made->plan, made->layout, machine);
      REQUIRE(simulated.has_value());
      CHECK(simulated->latency >= made->cost.total.latency);
    }
  });
  CHECK(built > 30);
}

}  // namespace
}  // namespace fusescape::test_plans::ssd_chunks_test
