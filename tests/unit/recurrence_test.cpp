// Are recurrences found, with the rank and the distance that their loops must respect?
#include "fusescape/workload/recurrence.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/cascade_builder.hpp"

namespace fusescape::recurrence_test {
namespace {

TEST_CASE("A scan is a recurrence of one operator at distance one") {
  CascadeBuilder make{"scan", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const TensorId a = make.tensor("a", {l}, TensorKind::kInput);
  const TensorId b = make.tensor("b", {l}, TensorKind::kInput);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  make.make("scan", OpKind::kScan, h, {make.at(a), make.earlier(h, l, 1), make.at(b)});
  const auto [cascade, problems] = make.finish();
  REQUIRE(problems.empty());
  const auto found = recurrences(cascade);
  REQUIRE(found.size() == 1);
  CHECK(found[0].self_recurrent());
  CHECK(found[0].rank == l);
  CHECK(found[0].min_distance == 1);
}

TEST_CASE("The distance of a recurrence is the smallest sum around one of its cycles") {
  // a -> b -> a takes 2 + 3 steps, a -> b -> c -> a 2 + 0 + 1.
  CascadeBuilder make{"ring", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const TensorId a = make.tensor("a", {l}, TensorKind::kState);
  const TensorId b = make.tensor("b", {l}, TensorKind::kState);
  const TensorId c = make.tensor("c", {l}, TensorKind::kState);
  make.make("a", OpKind::kAdd, a, {make.earlier(b, l, 3), make.earlier(c, l, 1)});
  make.make("b", OpKind::kExp, b, {make.earlier(a, l, 2)});
  make.make("c", OpKind::kExp, c, {make.at(b)});
  const auto [cascade, problems] = make.finish();
  REQUIRE(problems.empty());
  const auto found = recurrences(cascade);
  REQUIRE(found.size() == 1);
  CHECK(found[0].operators.size() == 3);
  CHECK_FALSE(found[0].self_recurrent());
  CHECK(found[0].min_distance == 3);
}

TEST_CASE("A window on a cycle counts with its nearest tap") {
  // h[l] = sum over k of w[k] * h[l - 2 - k]: the nearest element is two steps back.
  CascadeBuilder make{"filter", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const RankId k = make.rank("K", Elements{4});
  const TensorId w = make.tensor("w", {k}, TensorKind::kWeight);
  const TensorId h = make.tensor("h", {l}, TensorKind::kState);
  const Access past{h, {{.rank = l, .distance = 2, .tap = k}}};
  make.make("h", OpKind::kConv, h, {past, make.at(w)});
  const auto [cascade, problems] = make.finish();
  REQUIRE(problems.empty());
  const auto found = recurrences(cascade);
  REQUIRE(found.size() == 1);
  CHECK(found[0].min_distance == 2);
}

TEST_CASE("A shifted read off every cycle makes no recurrence") {
  CascadeBuilder make{"delay", DataType::kFp32};
  const RankId l = make.rank("L", Elements{8});
  const TensorId x = make.tensor("x", {l}, TensorKind::kInput);
  const TensorId a = make.make("a", OpKind::kExp, {"a", {l}}, {make.at(x)});
  make.make("b", OpKind::kAdd, {"b", {l}}, {make.at(a), make.earlier(a, l, 1)});
  const auto [cascade, problems] = make.finish();
  REQUIRE(problems.empty());
  CHECK(recurrences(cascade).empty());
}

}  // namespace
}  // namespace fusescape::recurrence_test
