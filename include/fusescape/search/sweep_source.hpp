// Which workload, design and strategy is point number N of a sweep? Points are made when they are asked for;
// what is kept of them does not grow with their number.
//
// docs/model/sweep.md: points are counted in grid order, then the designs of the baselines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/search/sweep_binding.hpp"
#include "fusescape/search/sweep_point.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

/// A strategy with what it is given.
struct SweepStrategy {
  const Strategy* strategy = nullptr;
  StrategyInputs inputs;
};

class SweepSource {
 public:
  /// Expects a sweep in which bind_sweep finds no fault as far as it looked, and a binder that may be called
  /// on any thread.
  SweepSource(SweepSpec spec, SweepBinder binder);
  SweepSource(const SweepSource&) = delete;
  SweepSource(SweepSource&&) = delete;
  SweepSource& operator=(const SweepSource&) = delete;
  SweepSource& operator=(SweepSource&&) = delete;
  ~SweepSource();

  [[nodiscard]] const SweepSpec& spec() const;
  /// Of the grid; numbers from here on are designs of baselines, at the positions that baseline_designs
  /// gives.
  [[nodiscard]] std::size_t points() const;
  [[nodiscard]] std::size_t baselines() const;
  [[nodiscard]] std::size_t size() const { return points() + baselines(); }

  /// Each once, in order of first appearance.
  [[nodiscard]] const std::vector<SweepStrategy>& strategies() const;
  [[nodiscard]] bool energy() const;  ///< Something that is minimised reads energy, so it is computed.

  /// The largest area in a scenario; none without a budget, or where it is not known. On any thread.
  [[nodiscard]] std::optional<SquareMm> budget(std::size_t scenario);

  /// Makes points for one thread.
  class Cursor {
   public:
    explicit Cursor(SweepSource& source);
    Cursor(const Cursor&) = delete;
    Cursor(Cursor&&) noexcept;
    Cursor& operator=(const Cursor&) = delete;
    Cursor& operator=(Cursor&&) = delete;
    ~Cursor();

    /// Valid until the next call. An error is a fault that only some values have together.
    [[nodiscard]] expected<SweepPoint, SweepProblem> at(std::size_t number);
    /// The scenario of the last one.
    [[nodiscard]] std::size_t scenario() const;

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Area <= budget * (1 + tolerance); true without a budget, and false where the area is not known but a
/// budget is set.
[[nodiscard]] bool in_budget(const SweepSpec& spec, std::optional<SquareMm> budget,
                             std::optional<SquareMm> area);

}  // namespace fusescape
