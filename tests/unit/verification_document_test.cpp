// What do people see of a verification?
#include <catch2/catch.hpp>
#include <string>

#include "fusescape/report/verification.hpp"

namespace fusescape::verification_document_test {
namespace {

/// One operator that makes one tensor.
Verification small_verification(Bytes counted) {
  Verification verification;
  Cascade& cascade = verification.scaled.cascade;
  cascade.tensors = {{.name = "x", .ranks = {}}};
  cascade.operators.emplace_back().name = std::string(1, 'f');
  verification.groups.push_back(
      {.operators = {OpId{0}},
       .tensors = {{.tensor = TensorId{0}, .read = {}, .written = {counted, Bytes{4}}}},
       .peak = {Bytes{4}, Bytes{4}},
       .reserved = {},
       .kinds = {}});
  return verification;
}

std::string markdown_of(const Verification& verification) {
  return markdown(document_of({.workload = "w", .arch = "a", .strategy = "s"}, verification));
}

TEST_CASE("Tables of a verification say which rows are equal only where some are not") {
  const std::string equal = markdown_of(small_verification(Bytes{4}));
  CHECK_THAT(equal, Catch::Contains("| f | x | 0 | 0 | 4 | 4 |\n"));
  CHECK_THAT(equal, !Catch::Contains("| equal |"));
  const std::string different = markdown_of(small_verification(Bytes{5}));
  CHECK_THAT(different, Catch::Contains("| written | closed form | equal |\n"));
  CHECK_THAT(different, Catch::Contains("| f | x | 0 | 0 | 5 | 4 | no |\n"));
  CHECK_THAT(different, Catch::Contains("| operations | equal |\n"));
}

}  // namespace
}  // namespace fusescape::verification_document_test
