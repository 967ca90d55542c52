// What follows a model's last block? Final norm and head, on the last token of each sequence.
#include <catch2/catch.hpp>

#include "fusescape/config/load.hpp"
#include "fusescape/workload/families/opt.hpp"
#include "fusescape/workload/model.hpp"
#include "loaded.hpp"

namespace fusescape::lm_head_test {
namespace {

Workload workload(const char* name, const std::vector<Setting>& settings = {}) {
  return value_of(load_workload(name, settings));
}

std::vector<std::string> order_of(const Cascade& cascade) {
  std::vector<std::string> names;
  for (const Operator& op : cascade.operators) names.push_back(op.name);
  return names;
}

/// "B=1 E=768 V=50280".
std::string ranks_of(const Cascade& cascade) {
  std::string text;
  for (const Rank& rank : cascade.ranks)
    text += (text.empty() ? "" : " ") + rank.name + "=" + std::to_string(rank.extent.value());
  return text;
}

TEST_CASE("A Mamba model ends in an RMSNorm and the head, an OPT model in a LayerNorm and the head") {
  CHECK(order_of(*workload("mamba-130m").lm_head) ==
        std::vector<std::string>{"final_norm_square", "final_norm_mean", "final_norm_sqrt",
                                 "final_norm_reciprocal", "final_norm_mul", "lm_head"});
  CHECK(order_of(*workload("opt-2.7b").lm_head) ==
        std::vector<std::string>{"final_norm_mean", "final_norm_sub", "final_norm_square", "final_norm_var",
                                 "final_norm_rsqrt", "final_norm_mul", "final_norm_add", "lm_head"});
}

TEST_CASE("The head runs on the last token of each sequence: B rows, whatever L is and in both phases") {
  const std::string expected = "B=3 E=768 V=50280";
  CHECK(ranks_of(*workload("mamba-130m", {{"B", "3", {}}, {"L", "1", {}}}).lm_head) == expected);
  CHECK(ranks_of(*workload("mamba-130m", {{"B", "3", {}}, {"L", "4096", {}}}).lm_head) == expected);
  CHECK(ranks_of(*workload("mamba-130m", {{"B", "3", {}}, {"phase", "decode", {}}}).lm_head) == expected);
}

TEST_CASE("Parameters are the weights of the blocks and the head, and what only the embedding has") {
  const auto counted = [](const Workload& model) {
    return model.n_layer * weight_elements(model.block) + weight_elements(*model.lm_head);
  };
  for (const char* tied : {"mamba-130m", "mamba-370m", "mamba-790m", "mamba-1.4b", "mamba-2.8b"}) {
    CAPTURE(tied);
    CHECK(counted(workload(tied)) == workload(tied).params);
  }
  // Not tied: the embedding is another matrix of the same size.
  CHECK(counted(workload("falcon-mamba-7b")) + Elements{65024} * 4096 == workload("falcon-mamba-7b").params);
  // Tied; the position embedding has 2050 rows.
  CHECK(counted(workload("opt-2.7b")) + Elements{2050} * 2560 == workload("opt-2.7b").params);
}

TEST_CASE("A model file may leave final norm and head out, and the paper's model does") {
  CHECK_FALSE(workload("mamba-2.8b-pact25").lm_head);
  CHECK_FALSE(workload("mamba-130m", {{"head", "false", {}}}).lm_head);
  CHECK_FALSE(workload("opt-2.7b", {{"head", "false", {}}}).lm_head);
  CHECK_FALSE(workload("gated-linear-attention").lm_head);
  CHECK(workload("mamba-130m", {{"head", "false", {}}}).params == workload("mamba-130m").params);
}

TEST_CASE("The head has the model's type and, without a norm gain, none of its own") {
  const Workload narrow = workload("mamba-130m", {{"dtype", "bf16", {}}, {"norm_gain", "false", {}}});
  for (const Tensor& tensor : narrow.lm_head->tensors) CHECK(tensor.type == DataType::kBf16);
  CHECK(weight_elements(*narrow.lm_head) == Elements{50280} * 768);
}

TEST_CASE("A vocabulary too large to count is refused like any other extent") {
  const auto refused = load_workload(
      "mamba-130m", std::vector<Setting>{{"vocab", "100000000", {}}, {"B", "1000000000000", {}}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("too large") != std::string::npos);
}

}  // namespace
}  // namespace fusescape::lm_head_test
