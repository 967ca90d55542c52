#include "fusescape/search/parallel_for.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

namespace fusescape::parallel_for_test {
namespace {

TEST_CASE("Every index is worked on once, whatever the number of threads") {
  const int jobs = GENERATE(0, 1, 2, 7);
  std::vector<int> calls(1000, 0);
  parallel_for(calls.size(), jobs, [&](std::size_t i) { ++calls[i]; });
  CHECK(calls == std::vector<int>(1000, 1));
}

TEST_CASE("An exception in a worker reaches the caller, always that of the smallest index") {
  const int jobs = GENERATE(1, 4);
  std::atomic<int> calls{0};
  const auto work = [&](std::size_t i) {
    ++calls;
    if (i >= 3) throw std::runtime_error(std::to_string(i));
  };
  CHECK_THROWS_WITH(parallel_for(10, jobs, work), "3");
  CHECK(calls == 10);
}

TEST_CASE("Once a stop is requested nothing more starts") {
  std::stop_source stop;
  std::atomic<int> calls{0};
  const auto work = [&](std::size_t) {
    if (++calls == 3) stop.request_stop();
  };
  parallel_for(1000, 1, work, stop.get_token());
  CHECK(calls == 3);
  parallel_for(1000, 4, work, stop.get_token());
  CHECK(calls == 3);
}

TEST_CASE("No work is no error") {
  CHECK_NOTHROW(parallel_for(0, 2, [](std::size_t) { throw std::runtime_error("called"); }));
}

}  // namespace
}  // namespace fusescape::parallel_for_test
