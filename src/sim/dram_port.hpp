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

  void add(const Transfer& transfer) {
    const std::size_t place = next_place();
    Transfer& mine = transfers_[place];  // Field by field: a copy as a whole would wait for the fields.
    mine.ready = transfer.ready;
    mine.left = transfer.left;
    mine.bytes = transfer.bytes;
    mine.group = transfer.group;
    mine.buffer = transfer.buffer;
    mine.tensor = transfer.tensor;
    mine.depth = transfer.depth;
    mine.store = transfer.store;
    mine.ahead = transfer.ahead;
    mine.number = transfer.number;
    enqueue(place);
  }

  /// Decides what is served from `now` on. Call after all that is ready at `now` was added.
  void serve(Ticks now) {
    if (!queue_.empty() && (!serves_ || first().depth > serving()->depth)) start_first(now);
  }

  /// The transfer being served, or null.
  [[nodiscard]] const Transfer* serving() const { return serves_ ? &transfers_[*serves_] : nullptr; }

  /// Whether there is one, and it is done at `now`.
  [[nodiscard]] bool is_done(Ticks now) const { return serves_ && serving()->end() <= now; }

  /// Ends it. Valid until the next one is added.
  const Transfer& take_done(Ticks now);

  [[nodiscard]] Ticks busy_until(Ticks now) const {
    return serves_ ? busy_ + (now - serving()->since) : busy_;
  }
  [[nodiscard]] Ticks ticks(std::int64_t bytes) const { return Ticks{bytes} * ticks_per_byte_; }

  /// What was served since the last call. Kept only if `trace` was called.
  [[nodiscard]] std::vector<TransferSpan>& spans() { return spans_; }
  void trace() { traces_ = true; }

  /// How many wait, and the nth of them to be served.
  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
  [[nodiscard]] const Transfer& waiting(std::size_t nth) const { return transfers_[queue_[nth]]; }
  void set_depth(std::uint32_t group, int buffer, int depth);
  /// Loads of this number are needed next.
  void hurry(std::uint32_t group, std::int64_t number);

  /// Everything happens `by` later, `busy` of which the port is busy.
  void shift(Ticks by, Ticks busy);

 private:
  [[nodiscard]] const Transfer& first() const { return transfers_[queue_.front()]; }
  [[nodiscard]] std::size_t next_place();
  void enqueue(std::size_t place);
  void sort();
  void start_first(Ticks now);
  void suspend(Ticks now);
  void report(Transfer& transfer, Ticks now, bool done);

  std::int64_t ticks_per_byte_ = 0;
  std::vector<Transfer> transfers_;
  std::vector<std::size_t> free_;        ///< Places in transfers_ that nothing uses,
  std::vector<std::size_t> queue_;       ///< those of what waits, in the order of service,
  std::optional<std::size_t> serves_{};  ///< and that of what is served.
  std::vector<TransferSpan> spans_;
  bool traces_ = false;
  Ticks busy_;
};

}  // namespace fusescape
