// Does a set of loops hold any number of them, and answer as a set of numbers does?
#include "../../src/sim/loop_set.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "for_all.hpp"

namespace fusescape::test_plans {
namespace {

constexpr std::int64_t kMostLoop = 200;  // In the fourth word of 64.

LoopSet set_of(const std::set<int>& loops) {
  LoopSet made;
  for (const int loop : loops) made.add(loop);
  return made;
}

std::set<int> inward(const LoopSet& set) {
  std::set<int> loops;
  for (int loop = set.next_in(kNoLoop); loop != kNoLoop; loop = set.next_in(loop)) loops.insert(loop);
  return loops;
}

std::set<int> outward(const LoopSet& set) {
  std::set<int> loops;
  for (int loop = set.innermost(); loop != kNoLoop; loop = set.next_out(loop)) loops.insert(loop);
  return loops;
}

std::set<int> drawn(Dice& dice) {
  std::set<int> loops;
  for (std::int64_t i = dice.in(0, 6); i > 0; --i) loops.insert(static_cast<int>(dice.in(0, kMostLoop)));
  return loops;
}

TEST_CASE("A set of loops is a set of numbers: its members in both directions, and its parts") {
  for_all(2000, [](Dice& dice) {
    const std::set<int> numbers = drawn(dice);
    const int at = static_cast<int>(dice.in(0, kMostLoop));
    LoopSet loops = set_of(numbers);
    CHECK(inward(loops) == numbers);
    CHECK(outward(loops) == numbers);
    CHECK(loops.empty() == numbers.empty());
    CHECK(loops.size() == numbers.size());
    CHECK(loops.has(at) == numbers.contains(at));
    CHECK(loops.innermost() == (numbers.empty() ? kNoLoop : *numbers.rbegin()));
    CHECK(inward(loops.inside(at)) == std::set<int>{numbers.upper_bound(at), numbers.end()});
    CHECK(loops.inside(kNoLoop) == loops);
    std::set<int> without = numbers;
    without.erase(at);
    loops.remove(at);
    CHECK(loops == set_of(without));
  });
}

TEST_CASE("What two sets of loops share, hold together, and hold alone is what sets of numbers do") {
  for_all(2000, [](Dice& dice) {
    const std::set<int> a = drawn(dice);
    const std::set<int> b = drawn(dice);
    std::set<int> both;
    std::set<int> either = a;
    std::set<int> only;
    for (const int loop : a) (b.contains(loop) ? both : only).insert(loop);
    either.insert(b.begin(), b.end());
    CHECK(inward(set_of(a) & set_of(b)) == both);
    CHECK(inward(set_of(a) | set_of(b)) == either);
    CHECK(inward(set_of(a) - set_of(b)) == only);
    CHECK((set_of(a) - set_of(b)) == set_of(only));
    CHECK(set_of(a).meets(set_of(b)) == !both.empty());
    CHECK((set_of(a) == set_of(b)) == (a == b));
  });
}

}  // namespace
}  // namespace fusescape::test_plans
