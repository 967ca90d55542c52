// Has OPT-2.7B the parameters, operations and KV-cache traffic that follow from its published shape?
#include "fusescape/workload/families/opt.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "designs.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/search/assessment.hpp"
#include "fusescape/workload/around_blocks.hpp"
#include "loaded.hpp"
#include "plans.hpp"

namespace fusescape::opt_test {
namespace {

Workload opt_with(const std::vector<std::pair<std::string, std::string>>& keys) {
  std::vector<Setting> settings;
  for (const auto& [key, value] : keys) settings.push_back({key, value, {}});
  return value_of(load_workload("opt-2.7b", settings));
}

// facebook/opt-2.7b's config.json.
Opt shape(std::int64_t tokens, std::int64_t cache_tokens) {
  return {.name = "opt-2.7b",
          .n_layer = 32,
          .d_model = 2560,
          .d_ff = 10240,
          .n_head = 32,
          .tokens = tokens,
          .cache_tokens = cache_tokens};
}

TEST_CASE("OPT-2.7B has 2,651,596,800 parameters") {
  // Embedding 50272*2560 = 128,696,320; positions 2050*2560 = 5,248,000; a layer: q, k, v, out
  // 4*(2560^2 + 2560) = 26,224,640, MLP 2*2560*10240 + 10240 + 2560 = 52,441,600, two norms 4*2560 = 10,240,
  // so 78,676,480 each, 2,517,647,360 in 32; final norm 2*2560 = 5,120.
  static_assert(128'696'320LL + 5'248'000 + 32 * 78'676'480LL + 5'120 == 2'651'596'800);
  CHECK(model_params(shape(1, 0)) == Elements{2'651'596'800});
  CHECK(opt_with({}).params == Elements{2'651'596'800});
  CHECK(weight_elements(opt_with({}).block) == Elements{78'676'480});
  CHECK(weight_elements(opt_with({{"phase", "decode"}}).block) == Elements{78'676'480});
}

TEST_CASE("OPT's operations are counted over all pairs and over the causal ones") {
  // Per token, E = 2560, F = 10240: norms 2*(6E + 1) = 30,722 (mean, sub, square, variance, mul, add: E each;
  // rsqrt 1), projections 4*E^2 = 26,214,400, MLP 2*E*F = 52,428,800, ReLU F = 10,240, residuals 2*E = 5,120.
  constexpr std::int64_t kPerToken = 30'722 + 26'214'400 + 52'428'800 + 10'240 + 5'120;
  // Per head and pair, P = 80: qk and pv 2*80; max, sub, exp, sum, div 5. 32 heads: 5,280.
  constexpr std::int64_t kPerPair = 32 * 165;
  // Prefill of 1024 tokens: 1024^2 = 1,048,576 pairs, of which 1024*1025/2 = 524,800 are causal.
  CHECK(attention_pairs(shape(1024, 0)).dense == Elements{1'048'576});
  CHECK(attention_pairs(shape(1024, 0)).causal == Elements{524'800});
  CHECK(total_ops(opt_with({{"L", "1024"}}).block) == Ops{1024 * kPerToken + 1'048'576 * kPerPair});
  CHECK(opt_causal_ops(shape(1024, 0)) == Ops{1024 * kPerToken + 524'800 * kPerPair});
  // 1024 more after 512 in the cache: L*S + L(L+1)/2 = 524,288 + 524,800.
  CHECK(attention_pairs(shape(1024, 512)).causal == Elements{1'049'088});
}

TEST_CASE("A decode step wastes nothing on masked pairs") {
  // S = 2048: 2049 pairs a head. Joining the cache's softmax with the new token's: H maxima, H sums, H*P
  // context elements.
  constexpr std::int64_t kPerToken = 30'722 + 26'214'400 + 52'428'800 + 10'240 + 5'120;
  const Opt step = shape(1, 2048);
  CHECK(attention_pairs(step).dense == Elements{2049});
  CHECK(attention_pairs(step).causal == Elements{2049});
  const Ops all = total_ops(opt_with({{"phase", "decode"}, {"S", "2048"}}).block);
  CHECK(all == Ops{kPerToken + 2049 * 32 * 165 + 32 + 32 + 2560});
  CHECK(opt_causal_ops(step) == all);
}

TEST_CASE("A decode step reads 20,971,520 bytes of KV cache in a layer and writes 10,240") {
  // bf16, S = 2048: K and V of 2048 * 2560 elements of 2 B read, one token's K and V, 2 * 2560 * 2 B,
  // written.
  const Workload decode = opt_with({{"phase", "decode"}, {"S", "2048"}, {"dtype", "bf16"}});
  const Accelerator marca = value_of(load_accelerator("marca"));
  const auto found = assess(decode.block, design_of(marca), *find_strategy("unfused"));
  REQUIRE(found);
  std::map<std::string, Bytes> read;
  std::map<std::string, Bytes> written;
  for (const TensorTraffic& traffic : test_plans::traffic_of(found->profile)) {
    read[decode.block.tensor(traffic.tensor).name] += traffic.read;
    written[decode.block.tensor(traffic.tensor).name] += traffic.written;
  }
  CHECK(read["K_cache"] + read["V_cache"] == Bytes{20'971'520});
  CHECK(written["k"] + written["v"] == Bytes{10'240});
  CHECK(written["K_cache"] + written["V_cache"] == Bytes{0});
  // The new token's own key and value come back once each, for qk and pv.
  CHECK(read["k"] + read["v"] == Bytes{10'240});
}

}  // namespace
}  // namespace fusescape::opt_test
