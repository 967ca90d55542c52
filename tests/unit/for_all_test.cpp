// Do random cases find what is wrong, and say it with the smallest case?
#include "for_all.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

namespace fusescape::test_plans::for_all_test {
namespace {

/// Of 0 to 9 dice with faces 0 to 9.
std::int64_t sum_of_dice(Dice& dice) {
  std::int64_t sum = 0;
  for (std::int64_t left = dice.in(0, 9); left > 0; --left) sum += dice.in(0, 9);
  return sum;
}

TEST_CASE("A law that does not hold is shown by the smallest case that breaks it") {
  const auto failure = smallest_failure("sums", 500, [](Dice& dice) { CHECK(sum_of_dice(dice) <= 11); });
  REQUIRE(failure);
  // Two dice, as one shows at most 9, whose sum is just too large.
  REQUIRE(failure->choices.size() == 3);
  CHECK(failure->choices[0] == 2);
  CHECK(failure->choices[1] + failure->choices[2] == 12);
  CHECK(failure->text.find("RC_PARAMS='reproduce=") != std::string::npos);
}

TEST_CASE("A law that holds has no failure, and the same cases are tried again") {
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> second;
  for (std::vector<std::int64_t>* sums : {&first, &second}) {
    const auto failure = smallest_failure("sums", 100, [&](Dice& dice) {
      sums->push_back(sum_of_dice(dice));
      REQUIRE(sums->back() <= 81);
    });
    CHECK_FALSE(failure);
  }
  CHECK(first.size() == 100);
  CHECK(first == second);
}

TEST_CASE("An exception breaks a law, as a failed assertion does") {
  const auto failure = smallest_failure("exceptions", 100, [](Dice& dice) {
    if (dice.in(0, 9) > 3) throw std::runtime_error{"too large"};
  });
  REQUIRE(failure);
  CHECK(failure->choices == Tape{4});
}

TEST_CASE("Past the end of a tape every choice is the simplest") {
  Dice dice{Tape{7}};
  CHECK(dice.in(1, 5) == 3);  // 7 is 2 among 5.
  CHECK(dice.in(1, 5) == 1);
  CHECK_FALSE(dice.one_in(1'000'000));
  CHECK(dice.pick<int>({4, 5, 6}) == 4);
  CHECK(dice.drawn() == Tape{2});
}

}  // namespace
}  // namespace fusescape::test_plans::for_all_test
