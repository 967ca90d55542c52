// Which transfer does a DRAM port serve next? Inner ones before outer ones, far ahead ones last, then by
// readiness, stores first.
//
// A transfer for an outer loop yields to one for an inner loop at any time and goes on later: it is cut into
// quanta of no size.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusescape/support/time.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Depth of loads that use the port only when nothing else is ready: those of a later turn.
inline constexpr int kBeforeTurn = -1;
/// After those: loads of the next group.
inline constexpr int kBeforeGroup = -2;

struct Transfer {
  Ticks ready{};
  Ticks left{};  ///< Time that it still needs; while it is served, at `since`.
  Ticks since{};
  std::int64_t bytes = 0;  ///< Not yet reported.
  std::uint32_t group = 0;
  int buffer = 0;
  TensorId tensor{};
  int depth = 0;
  bool store = false;
  int ahead = 0;            ///< Visits of its buffer, or tiles, that come before the one it is for.
  std::int64_t number = 0;  ///< What whoever asked for it knows it by.
  std::int64_t order = 0;   ///< Ordinal in which loads that come before their turn were asked for.
  bool begins = false;      ///< The turn's first tile needs it.

  [[nodiscard]] Ticks end() const { return since + left; }
  /// More than one visit ahead of those that are used: whatever else is ready of this depth goes first.
  [[nodiscard]] bool is_far() const { return ahead > 1; }
};

/// Time in which some of a transfer's bytes moved.
struct TransferSpan {
  Transfer transfer;
  Ticks start{};
  Ticks end{};
  std::int64_t bytes = 0;
};

class DramPort {
 public:
  explicit DramPort(std::int64_t ticks_per_byte = 0) : ticks_per_byte_{ticks_per_byte} {}

  void add(const Transfer& transfer);

  /// Decides what is served from `now` on. Call after all that is ready at `now` was added.
  void serve(Ticks now) {
    if (!queue_.empty() && (!serving_ || queue_.front().depth > serving_->depth)) start_first(now);
  }

  /// The transfer being served, or null.
  [[nodiscard]] const Transfer* serving() const { return serving_ ? &*serving_ : nullptr; }
  /// Whether there is one, and it is done at `now`.
  [[nodiscard]] bool is_done(Ticks now) const { return serving_ && serving_->end() <= now; }
  /// Ends it.
  [[nodiscard]] Transfer take_done(Ticks now);
  /// Those that wait, in the order in which they will be served.
  [[nodiscard]] const std::vector<Transfer>& waiting() const { return queue_; }

  [[nodiscard]] Ticks busy_until(Ticks now) const {
    return serving_ ? busy_ + (now - serving_->since) : busy_;
  }
  [[nodiscard]] Ticks ticks(std::int64_t bytes) const { return Ticks{bytes} * ticks_per_byte_; }

  /// What was served since the last call. Kept only if `trace` was called.
  [[nodiscard]] std::vector<TransferSpan>& spans() { return spans_; }
  void trace() { traces_ = true; }

  /// Calls `change` for each transfer of a group, then puts them in order again.
  template <class Change>
  void change(std::uint32_t group, const Change& change) {
    for (Transfer& one : queue_) {
      if (one.group == group) change(one);
    }
    if (serving_ && serving_->group == group) change(*serving_);
    sort();
  }

  /// Everything happens `by` later, `busy` of which the port is busy.
  void shift(Ticks by, Ticks busy);

 private:
  void sort();
  void start_first(Ticks now);
  void report(Transfer& transfer, Ticks now, bool done);

  std::int64_t ticks_per_byte_ = 0;
  std::vector<Transfer> queue_;  ///< In the order of service.
  std::optional<Transfer> serving_{};
  std::vector<TransferSpan> spans_;
  bool traces_ = false;
  Ticks busy_;
};

}  // namespace fusescape
