// How does a group run that does not fit? Tiles one after another, each waiting for what was decided for it.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "places.hpp"
#include "spill_plan.hpp"

namespace fusescape {

class Spill final : public Places {
 public:
  /// Expects a program of one sequence.
  Spill(GroupState& group, const SpillRules& rules)
      : group_{group}, plan_{group, rules}, shown_(group.program.buffers.size()) {}

  void begin() override { reach(group_.cores.front()); }
  void prefetch(std::int64_t /*room*/) override {}
  [[nodiscard]] std::optional<Wait> wait(const CoreState& core) const override;
  [[nodiscard]] bool still_waits(const CoreState& /*core*/) const override { return false; }
  [[nodiscard]] bool passes_through() const override { return true; }
  void start(const CoreState& core) override;
  void end(const CoreState& core, int next) override;
  /// Decides what can be, and asks for what may start.
  void reach(const CoreState& core) override;
  void complete(const Transfer& transfer) override;

  [[nodiscard]] std::int64_t on_chip() const override { return on_chip_; }
  [[nodiscard]] std::int64_t peak() const override { return plan_.peak(); }
  [[nodiscard]] std::int64_t least_lacked() const override { return 0; }
  [[nodiscard]] bool is_stuck() const override { return plan_.failure().has_value(); }
  [[nodiscard]] SimFailure failure() const override { return *plan_.failure(); }

  void pass(LoopPass& pass) override;

 private:
  using When = SpillTransfer::When;

  [[nodiscard]] const BufferSpec& spec(int buffer) const { return group_.buffer(buffer); }
  [[nodiscard]] bool is_done(std::int64_t store) const;
  void ask_for(When when);
  void issue(const SpillTransfer& transfer);
  void show(const std::vector<HeldBytes>& held);
  [[nodiscard]] std::optional<Stall> wait_to_start() const;
  [[nodiscard]] std::optional<Stall> wait_to_end() const;
  [[nodiscard]] std::int64_t relative(std::int64_t store) const;
  void pass_all(LoopPass& pass, const std::vector<SpillTransfer>& transfers) const;

  GroupState& group_;
  SpillPlan plan_;
  bool running_ = false;  ///< The first planned tile has started.
  std::int64_t passing_loads_ = 0;
  std::int64_t first_open_ = 0;           ///< Stores before this one are over.
  std::deque<bool> done_;                 ///< From it on: whether each is over.
  std::vector<SpillTransfer> held_back_;  ///< Loads that wait for stores.
  std::vector<SpillTransfer> drains_;     ///< Results that are on their way out.
  std::vector<std::int64_t> shown_;       ///< Per buffer: bytes on chip, as told.
  std::int64_t on_chip_ = 0;              ///< Bytes on chip of all buffers.
};

}  // namespace fusescape
