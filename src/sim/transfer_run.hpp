// What does a group's schedule of transfers hold while it is made? One core in program order, ports that are
// served as far as somebody has asked.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "transfer_schedule.hpp"

namespace fusescape {

class TransferRun {
 public:
  TransferRun(const TransferProgram& program, Ports ports);
  TransferTimes run();

 private:
  using When = StepStore::When;
  using StateWords = std::vector<std::int64_t>;

  /// Sums that grow alike in every period: stalls, then what ports are busy.
  using Sums = std::array<Ticks, kStallCount + 2>;

  /// An earlier iteration of a loop, to compare with.
  struct Snapshot {
    bool open = false;     ///< The loop has begun to run,
    bool matched = false;  ///< and was found to repeat.
    bool taken = false;
    std::int64_t iterations = 0;  ///< That were compared.
    std::int64_t next = 1;        ///< How many there are when one is taken.
    StateWords state{};
    std::int64_t index = 0;
    std::int64_t step = 0;
    Ticks time{};
    Sums sums{};
  };

  [[nodiscard]] static std::size_t at(std::int64_t step) { return static_cast<std::size_t>(step); }
  [[nodiscard]] Ticks& write_free() { return shared_ ? read_free_ : write_free_; }

  void run_step(std::size_t k);
  [[nodiscard]] Ticks load_for(std::int64_t step);
  [[nodiscard]] Ticks wait_for_stores(std::int64_t step, Ticks start);
  [[nodiscard]] Ticks pass_through(std::int64_t step, Ticks start, Ticks end);
  void fill_gap(Ticks until);
  void add_part(std::size_t load, Ticks start, Ticks end);
  void serve_load(std::size_t i, Ticks ready);
  void serve_store(std::size_t i);
  void serve_stores(std::size_t until);
  void serve_stores_ready_by(Ticks ready);
  void add_stores(std::int64_t step, When when, Ticks ready);

  // Steady state (transfer_steady.cpp).
  void check_points(std::int64_t step);
  void check_period(const RepeatPoint& point);
  void end_loop(std::uint32_t loop);
  void save(Snapshot& snapshot, const IterationStart& start) const;
  void repeat(const Snapshot& before, std::int64_t step, std::int64_t times);
  [[nodiscard]] Sums sums() const;
  [[nodiscard]] Ticks earliest_ready(std::int64_t step) const;
  void describe(const RepeatPoint& point);
  void describe_time(Ticks time);
  void describe_step(const IterationStart& start, std::int64_t step);
  void describe_store(std::int64_t position, Ticks least);
  void describe_stores(const RepeatPoint& point, Ticks least);
  void describe_loads(const IterationStart& start);

  const TransferProgram& program_;
  bool shared_;
  std::vector<std::vector<std::size_t>> far_from_;  ///< Loads that may start with each step.
  std::vector<std::pair<std::int64_t, std::size_t>> awaited_;
  std::vector<Ticks> room_;         ///< Per step: from when on loads that wait for it have room.
  std::vector<Ticks> left_;         ///< Per load.
  std::vector<Ticks> load_end_;     ///< Likewise.
  std::deque<std::size_t> far_;     ///< Loads under way in gaps, or waiting for some.
  std::vector<Ticks> store_ready_;  ///< Of the stores known so far.
  std::vector<Ticks> store_end_;
  std::size_t next_load_ = 0;
  std::size_t next_store_ = 0;
  std::size_t next_awaited_ = 0;
  Ticks core_free_;
  Ticks read_free_;
  Ticks write_free_;
  TransferTimes made_;

  Ticks skipped_;  ///< By how much times are later than those of the program's steps alone.
  std::size_t next_point_ = 0;
  std::int64_t reach_back_ = 0;        ///< How many steps before its own an in-order load may start.
  std::vector<Snapshot> snapshots_;    ///< Per long loop.
  std::vector<std::size_t> ahead_;     ///< Far loads of steps to come that could have started.
  std::vector<std::size_t> draining_;  ///< Stores after their steps that may still be waited for.
  std::size_t next_draining_ = 0;
  StateWords state_;
};

}  // namespace fusescape
