// Which data do PEs take? Their own width and narrower, in every way to ask for a cost.
#include <catch2/catch.hpp>

#include "designs.hpp"
#include "fusescape/search/assessment.hpp"
#include "plans.hpp"

namespace fusescape::data_types_test {
namespace {

using namespace test_plans;

Accelerator with_pes_of(DataType type) {
  Accelerator machine = accelerator();
  machine.pe_type = type;
  return machine;
}

/// Z = X Y, of one type but for Y's.
Cascade matmul_of(DataType data, DataType weights) {
  Cascade cascade = matmul(4, 4, 4);
  for (Tensor& tensor : cascade.tensors) tensor.type = data;
  cascade.tensors[1].type = weights;
  return cascade;
}

TEST_CASE("A cascade runs on PEs exactly if none of its types has more bits than theirs") {
  for (const DataTypeFacts& pes : kDataTypes) {
    for (const DataTypeFacts& data : kDataTypes) {
      for (const DataTypeFacts& weights : kDataTypes) {
        CAPTURE(pes.name, data.name, weights.name);
        const Cascade cascade = matmul_of(data.type, weights.type);
        const Accelerator machine = with_pes_of(pes.type);
        const bool legal = data.bits <= pes.bits && weights.bits <= pes.bits;
        const auto found = assess(cascade, design_of(machine), *find_strategy("unfused"));
        CHECK(found.has_value() == legal);
        CHECK(wider_data(cascade, machine).has_value() == !legal);
        if (found) continue;
        const auto* refusal = std::get_if<Refusal>(&found.error());
        REQUIRE(refusal != nullptr);
        CHECK(refusal->reason == Refusal::Reason::kWiderData);
      }
    }
  }
}

TEST_CASE("A plan made for other PEs is refused like a strategy where its data is wider") {
  const Cascade cascade = matmul_of(DataType::kFp32, DataType::kFp32);
  const auto made = assess(cascade, design_of(with_pes_of(DataType::kFp32)), *find_strategy("unfused"));
  REQUIRE(made);
  const auto refused = assess(cascade, design_of(with_pes_of(DataType::kFp16)), made->plan);
  REQUIRE_FALSE(refused);
  CHECK(std::holds_alternative<Refusal>(refused.error()));
}

TEST_CASE("A refusal names the widest type, the PEs' type, and the setting of the tensors that are wider") {
  const auto message = [](DataType data, DataType weights) {
    return wider_data(matmul_of(data, weights), with_pes_of(DataType::kFp16))->message;
  };
  CHECK(message(DataType::kFp32, DataType::kFp32) ==
        "fp32 data on fp16 PEs: X and 2 more are wider than what a PE computes in.\n"
        "Narrower data (--set dtype=fp16) or wider PEs (--set pe_type=fp32) would do.");
  CHECK(message(DataType::kInt4, DataType::kFp64) ==
        "fp64 data on fp16 PEs: Y is wider than what a PE computes in.\n"
        "Narrower data (--set tensors.Y.type=fp16; of a model, weight_dtype) or wider PEs (--set "
        "pe_type=fp64) would do.");
  CHECK(message(DataType::kFp32, DataType::kInt4) ==
        "fp32 data on fp16 PEs: X and 1 more are wider than what a PE computes in.\n"
        "Narrower data (--set tensors.X.type=fp16, and so on; of a model, activation_dtype) or wider PEs "
        "(--set pe_type=fp32) would do.");
}

}  // namespace
}  // namespace fusescape::data_types_test
