// Where in a group's program may the rest be what it was before? What decisions about memory depend on, at
// each iteration of its long loops.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "slab_program.hpp"
#include "transfer_schedule.hpp"

namespace fusescape {

/// Collects the RepeatPoints of a program while it is run.
class RepeatPoints {
 public:
  /// The last two slabs of a buffer that have begun.
  struct Visits {
    std::optional<std::uint32_t> last{};
    std::optional<std::uint32_t> before{};
  };

  explicit RepeatPoints(const SlabProgram& program) : program_{program}, visits_(program.slots.size()) {}

  void begin(std::uint32_t slab) {
    Visits& visits = visits_[program_.slabs[slab].buffer];
    visits.before = std::exchange(visits.last, slab);
  }

  /// Before step k. `describe(start, point)` says all that the caller's decisions from here on depend on,
  /// beside when the last visits end.
  template <class Describe>
  void add(std::int64_t k, std::vector<RepeatPoint>& points, const Describe& describe) {
    for (; next_ < program_.starts.size() && program_.starts[next_].step == k; ++next_) {
      const IterationStart& start = program_.starts[next_];
      RepeatPoint& point = points.emplace_back(RepeatPoint{.start = start});
      if (!start.regular) continue;
      words_.clear();
      for (const Visits& visits : visits_) {
        for (const auto& visit : {visits.last, visits.before})
          add_step(start, visit ? program_.slabs[*visit].last_step : 0);
      }
      describe(start, point);
      point.memory = known_.emplace(words_, static_cast<std::int64_t>(known_.size())).first->second;
    }
  }

  void add_word(std::int64_t word) { words_.push_back(word); }

  /// Steps of the loop's middle move with it.
  void add_step(const IterationStart& start, std::int64_t step) {
    const bool moves = start.moves(step);
    words_.push_back(moves ? 1 : 0);
    words_.push_back(moves ? step - start.step : step);
  }

  [[nodiscard]] const std::vector<Visits>& visits() const { return visits_; }

 private:
  const SlabProgram& program_;
  std::vector<Visits> visits_;                               ///< Per buffer.
  std::vector<std::int64_t> words_;                          ///< What decisions depend on.
  std::map<std::vector<std::int64_t>, std::int64_t> known_;  ///< Numbered.
  std::size_t next_ = 0;
};

}  // namespace fusescape
