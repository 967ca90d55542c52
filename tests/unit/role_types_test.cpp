// Has every tensor of a model the type of its role, and only that?
#include "fusescape/workload/role_types.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "fusescape/workload/families/attention.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/families/mamba2.hpp"

namespace fusescape::role_types_test {
namespace {

std::set<std::string> made_of(const Cascade& cascade, DataType type) {
  std::set<std::string> names;
  for (const Tensor& tensor : cascade.tensors) {
    if (tensor.type == type) names.insert(tensor.name);
  }
  return names;
}

Cascade typed(CheckedCascade block, const RoleTypes& types) {
  REQUIRE(block.problems.empty());
  set_types(block.cascade, types);
  return std::move(block.cascade);
}

TEST_CASE("A state's type is that of what its update makes, and of nothing that it reads") {
  const RoleTypes types{.weight = {}, .state = DataType::kFp64, .cache = {}, .activation = {}};
  const Mamba1 mamba{.d_model = 4, .d_inner = 8, .dt_rank = 2, .tokens = 3};
  CHECK(made_of(typed(mamba1_block(mamba), types), DataType::kFp64) ==
        std::set<std::string>{"dA", "Abar", "dB", "dBx", "t", "h"});
  // Windows of convolutions are activations, though they outlive the call.
  const Mamba2 mamba2{.d_model = 4, .n_head = 2, .d_head = 3, .tokens = 3};
  CHECK(made_of(typed(mamba2_block(mamba2), types), DataType::kFp64) ==
        std::set<std::string>{"dA", "Abar", "dBx", "t", "h"});
}

TEST_CASE("A cache's type is that of cached keys and values and of those that join them") {
  const RoleTypes types{.weight = {}, .state = {}, .cache = DataType::kFp8, .activation = {}};
  const GroupedAttention attention{.d_model = 4, .n_head = 2, .d_head = 2, .tokens = 1, .cache_tokens = 5};
  CHECK(made_of(typed(attention_block(attention), types), DataType::kFp8) ==
        std::set<std::string>{"K_cache", "V_cache", "k", "v"});
}

TEST_CASE("Every tensor has one role, whose key the setting of its type names") {
  const RoleTypes types{.weight = DataType::kInt4,
                        .state = DataType::kFp64,
                        .cache = DataType::kFp8,
                        .activation = DataType::kBf16};
  const GroupedAttention attention{.d_model = 4, .n_head = 2, .d_head = 2, .tokens = 1, .cache_tokens = 5};
  const Mamba2 mamba2{.d_model = 4, .n_head = 2, .d_head = 3, .tokens = 3};
  for (const Cascade& cascade :
       {typed(attention_block(attention), types), typed(mamba2_block(mamba2), types)}) {
    for (const Tensor& tensor : cascade.tensors) {
      CAPTURE(tensor.name);
      CHECK((tensor.type == DataType::kInt4) == (tensor.kind == TensorKind::kWeight));
      const std::string_view key = type_setting(cascade, tensor);
      CHECK((tensor.type == DataType::kInt4) == (key == "weight_dtype"));
      CHECK((tensor.type == DataType::kFp64) == (key == "state_dtype"));
      CHECK((tensor.type == DataType::kFp8) == (key == "cache_dtype"));
      CHECK((tensor.type == DataType::kBf16) == (key == "activation_dtype"));
    }
  }
}

TEST_CASE("Types by role are told in one line, and nothing is told of a model of one type") {
  CHECK(describe(RoleTypes{}).empty());
  CHECK(describe(
            RoleTypes{.weight = DataType::kInt4, .state = DataType::kFp32, .cache = {}, .activation = {}}) ==
        "weights int4, states fp32");
}

}  // namespace
}  // namespace fusescape::role_types_test
