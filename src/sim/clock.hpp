// What happens, tick by tick, while one group runs? Cores take tiles in order; ports, links and places make
// them wait.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "kept.hpp"
#include "periods.hpp"
#include "places.hpp"
#include "spill.hpp"

namespace fusescape {

/// How memory is managed in a group.
struct GroupMemory {
  std::optional<SpillRules>
      spills{};                     ///< It does not fit: all of it is managed. Else each buffer has places.
  const KeptMoves* kept = nullptr;  ///< What moves of tensors that are kept between groups, if any are.
};

class Clock {
 public:
  Clock(const SimContext& context, const GroupProgram& program, SimState& state, bool steady_state,
        const GroupMemory& memory = {});

  /// False if it cannot go on: see failure().
  [[nodiscard]] bool run();

  /// Asks for the first slabs that fit `room`, while another group runs.
  void prefetch(std::int64_t room) { places_->prefetch(room); }
  /// The group that has been prefetched.
  void set_next(Clock& next);

  [[nodiscard]] const GroupState& group() const { return group_; }
  [[nodiscard]] std::int64_t peak() const { return places_->peak() + ahead_; }
  /// The least memory with which it might have ended earlier; kAnyMemory: none.
  [[nodiscard]] std::int64_t least_lacked() const { return places_->least_lacked(); }
  /// Why it cannot go on; group, time and tiles are left to the caller.
  [[nodiscard]] SimFailure failure() const { return places_->failure(); }

 private:
  Ticks settle();
  void complete_all();
  void deliver();
  [[nodiscard]] Ticks next_time() const;
  [[nodiscard]] bool finished() const;
  void advance(int id);
  void try_start(int id);
  [[nodiscard]] bool is_blocked(CoreState& core) const;
  void start_tile(CoreState& core);
  void run_out(int id);
  void report_parts(const CoreState& core);
  void finish_tile(int id);
  void send(int id, const CoreState& core);
  [[nodiscard]] const TileCost& cost_of(const CoreState& core);
  void report_spans();
  void report_memory();

  GroupState group_;
  std::unique_ptr<Places> places_;
  std::optional<Periods> periods_;  ///< If any may be skipped.
  Clock* next_ = nullptr;
  std::int64_t ahead_ = 0;                    ///< Bytes that the next group has on chip.
  std::vector<std::vector<TileCost>> costs_;  ///< Per tile.
  std::vector<int> boundaries_;               ///< Loops that began another iteration at this instant.
};

}  // namespace fusescape
