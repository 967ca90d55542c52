// Are two mixers side by side the sum of both, in numbers, work and weights, in prefill and in decode?
#include <catch2/catch.hpp>

#include "portions.hpp"
#include "random_families.hpp"

namespace fusescape::test_plans::parallel_test {
namespace {

GroupedAttention attention_alone(const ParallelMixers& shape) {
  GroupedAttention alone = shape.attention;
  alone.d_model = shape.d_model;
  alone.phase = shape.phase;
  alone.batch = shape.batch;
  alone.tokens = shape.tokens;
  alone.cache_tokens = shape.cache_tokens;
  return alone;
}

Mamba2 mamba_alone(const ParallelMixers& shape) {
  Mamba2 alone = shape.mamba;
  alone.d_model = shape.d_model;
  alone.phase = shape.phase;
  alone.batch = shape.batch;
  alone.tokens = shape.tokens;
  return alone;
}

/// What `cascade` makes of the numbers that tensors of these names have in another one.
std::vector<TensorValues> made_of(const Cascade& cascade, const Cascade& other, const NumericCase& given) {
  NumericCase own = empty_case(cascade, Arithmetic::kFp64);
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const auto same = find_tensor(other, cascade.tensors[i].name);
    if (!same || cascade.tensors[i].name.rfind("out", 0) == 0) continue;
    if (own.tensors[i].axes == given.tensors[index_of(*same)].axes)
      own.tensors[i] = given.tensors[index_of(*same)];
  }
  return run_reference(cascade, own).tensors;
}

TEST_CASE("Two mixers side by side add what each of them adds alone") {
  int rests = 0;
  for_all(150, [&](Dice& dice) {
    ParallelMixers shape = random_parallel(dice);
    if (dice.one_in(2)) shape.mamba.form = Mamba2::Form::kChunked;
    shape.mamba.chunk = dice.in(1, shape.tokens);
    const Cascade both = sound(parallel_block(shape));
    const Cascade attention = sound(attention_block(attention_alone(shape)));
    const Cascade mamba = sound(mamba2_block(mamba_alone(shape)));
    const NumericCase given =
        make_case(both, Arithmetic::kFp64, static_cast<std::uint64_t>(dice.in(0, 1'000'000)));
    const std::vector<TensorValues> made = run_reference(both, given).tensors;
    const std::vector<TensorValues> attended = made_of(attention, both, given);
    const std::vector<TensorValues> scanned = made_of(mamba, both, given);
    CAPTURE(text_of(both));
    for (const char* part : {"out", "out_rest"}) {
      if (!find_tensor(both, part)) continue;
      const bool rest = std::string_view{part} == "out_rest";
      rests += rest ? 1 : 0;
      for_each_element(
          named(both, made, part), [&](std::int64_t position, const std::vector<std::int64_t>& at) {
            const std::int64_t full = shape.tokens / shape.mamba.chunk * shape.mamba.chunk;
            const std::int64_t in_chunk = at.size() == 4 ? at[1] * shape.mamba.chunk + at[2] : at[1];
            const std::array<std::int64_t, 3> there{at.front(), rest ? full + at[1] : in_chunk, at.back()};
            const double expected = named(attention, attended, "out").at(there) +
                                    named(mamba, scanned, part).data[position] -
                                    named(both, given.tensors, "x").at(there);
            CHECK(named(both, made, part).data[position] == Approx(expected).epsilon(kSameSums));
          });
    }
  });
  CHECK(rests > 10);
}

TEST_CASE("Two mixers side by side have the work and weights of both, less one norm and one addition") {
  for_all(150, [](Dice& dice) {
    ParallelMixers shape = random_parallel(dice);
    if (dice.one_in(2)) shape.mamba.form = Mamba2::Form::kChunked;
    shape.mamba.chunk = dice.in(1, shape.tokens);
    const Cascade both = sound(parallel_block(shape));
    const Cascade attention = sound(attention_block(attention_alone(shape)));
    const Cascade mamba = sound(mamba2_block(mamba_alone(shape)));
    CAPTURE(text_of(both));
    // A norm is three operations a channel and two a token.
    const Ops rows{shape.batch * shape.tokens};
    CHECK(total_ops(both) ==
          total_ops(attention) + total_ops(mamba) - rows * (3 * shape.d_model + 2) - rows * shape.d_model);
    CHECK(weight_elements(both) ==
          weight_elements(attention) + weight_elements(mamba) - Elements{shape.d_model});
    CHECK(layer_params(shape) == weight_elements(both));
  });
}

/// Tokens from `first` on of a longer call, and its weights.
NumericCase tokens_of(const Cascade& part, const Cascade& whole, const NumericCase& given,
                      std::int64_t first) {
  NumericCase made = empty_case(part, Arithmetic::kFp64);
  for (std::size_t i = 0; i < part.tensors.size(); ++i) {
    const auto same = find_tensor(whole, part.tensors[i].name);
    if (!same) continue;
    const TensorValues& from = given.tensors[index_of(*same)];
    if (part.tensors[i].kind == TensorKind::kWeight) made.tensors[i] = from;
    if (part.tensors[i].kind != TensorKind::kInput) continue;
    // Tokens are the second dimension of x, and the first of the rotation's tables.
    const std::size_t tokens = part.tensors[i].name == "x" ? 1 : 0;
    for_each_element(made.tensors[i], [&](std::int64_t position, std::vector<std::int64_t> at) {
      at[tokens] += first;
      made.tensors[i].data[position] = from.at(at);
    });
  }
  return made;
}

/// Keys and values, h and the windows that `tokens` tokens left.
void go_on_from(const Cascade& done, const std::vector<TensorValues>& made, std::int64_t tokens,
                const Cascade& step, NumericCase& next) {
  for (std::size_t i = 0; i < step.tensors.size(); ++i) {
    const std::string& name = step.tensors[i].name;
    TensorValues& to = next.tensors[i];
    if (name == "K_cache") to.data = named(done, made, "k").data;
    if (name == "V_cache") to.data = named(done, made, "v").data;
    if (step.tensors[i].kind != TensorKind::kState) continue;
    for_each_element(to, [&](std::int64_t position, std::vector<std::int64_t> at) {
      if (at[1] >= 0) return;
      at[1] += tokens;
      to.data[position] = named(done, made, name).at(at);
    });
  }
}

TEST_CASE("A decode step of two mixers over what a prefill left gives a longer prefill's last token") {
  for_all(150, [](Dice& dice) {
    ParallelMixers shape = random_parallel(dice);
    shape.cache_tokens = 0;
    shape.mamba.initial_state.reset();
    shape.mamba.final_state = Final::kStored;
    shape.tokens = dice.in(2, 5);
    const std::int64_t before = shape.tokens - 1;
    ParallelMixers shorter = shape;
    shorter.tokens = before;
    ParallelMixers one = shape;
    one.phase = Phase::kDecode;
    one.tokens = 1;
    one.cache_tokens = before;
    const Cascade whole = sound(parallel_block(shape));
    const Cascade prompt = sound(parallel_block(shorter));
    const Cascade step = sound(parallel_block(one));
    const NumericCase given =
        make_case(whole, Arithmetic::kFp64, static_cast<std::uint64_t>(dice.in(0, 1'000'000)));
    const std::vector<TensorValues> all = run_reference(whole, given).tensors;
    const std::vector<TensorValues> first = run_reference(prompt, tokens_of(prompt, whole, given, 0)).tensors;
    NumericCase next = tokens_of(step, whole, given, before);
    go_on_from(prompt, first, before, step, next);
    const std::vector<TensorValues> last = run_reference(step, next).tensors;
    CAPTURE(text_of(step));
    for (const char* name : {"out", "h", "k", "v"}) {
      CAPTURE(name);
      const TensorValues& made = named(step, last, name);
      for_each_element(made, [&](std::int64_t position, std::vector<std::int64_t> at) {
        if (at[1] != 0) return;
        at[1] = before;
        CHECK(made.data[position] == Approx(named(whole, all, name).at(at)).epsilon(kSameSums));
      });
    }
  });
}

}  // namespace
}  // namespace fusescape::test_plans::parallel_test
