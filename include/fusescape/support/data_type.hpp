// Which number formats can a tensor or an operator have, and how wide are they?
#pragma once

#include <array>
#include <string_view>

namespace fusescape {

enum class DataType : unsigned char { kFp64, kFp32, kBf16, kFp16, kFp8, kInt32, kInt8, kInt4 };

struct DataTypeFacts {
  DataType type;
  std::string_view name;
  int bits;
  DataType accumulator;  ///< What partial sums of this type are kept in.
};

inline constexpr std::array kDataTypes{
    DataTypeFacts{DataType::kFp64, "fp64", 64, DataType::kFp64},
    DataTypeFacts{DataType::kFp32, "fp32", 32, DataType::kFp32},
    DataTypeFacts{DataType::kBf16, "bf16", 16, DataType::kFp32},
    DataTypeFacts{DataType::kFp16, "fp16", 16, DataType::kFp32},
    DataTypeFacts{DataType::kFp8, "fp8", 8, DataType::kFp32},
    DataTypeFacts{DataType::kInt32, "int32", 32, DataType::kInt32},
    DataTypeFacts{DataType::kInt8, "int8", 8, DataType::kInt32},
    DataTypeFacts{DataType::kInt4, "int4", 4, DataType::kInt32},
};

[[nodiscard]] constexpr const DataTypeFacts& facts(DataType type) {
  return kDataTypes[static_cast<std::size_t>(type)];
}
[[nodiscard]] constexpr int bits_of(DataType type) {
  return facts(type).bits;
}
[[nodiscard]] constexpr bool is_integer(DataType type) {
  return facts(type).accumulator == DataType::kInt32;
}
[[nodiscard]] constexpr std::string_view name_of(DataType type) {
  return facts(type).name;
}

}  // namespace fusescape
