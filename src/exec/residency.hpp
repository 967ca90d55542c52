// What moves between DRAM and the buffers of one group while it runs? Slabs in and out, as its layout says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "fusescape/exec/execute.hpp"
#include "memory.hpp"
#include "retained.hpp"
#include "sizing.hpp"

namespace fusescape {

/// What the groups of an execution share.
struct Chip {
  const Cascade& cascade;
  const Plan& plan;
  const ExecOptions& options;
  Scratchpad scratchpad;
  DramTensors dram;
  std::vector<Retained> retained;

  [[nodiscard]] Retained* retained_of(TensorId tensor);
};

class Residency {
 public:
  Residency(Chip& chip, const GroupLayout& group, std::vector<Allotment> allocations);

  /// Memory comes and goes: with a node, or with a child of a node's iteration. False: it does not fit.
  [[nodiscard]] bool begin(NodeId node);
  [[nodiscard]] bool before(const Iteration& at, NodeId node, std::int32_t child);
  void after(const Iteration& at, NodeId node, std::int32_t child);
  void end(NodeId node);
  /// What the allocation that failed would have come to.
  [[nodiscard]] Bytes needed() const { return needed_; }

  /// Brings the slabs that `op` reads, and makes room for the one that it fills.
  void prepare(const Iteration& at, OpId op);
  /// What `op` has filled goes to DRAM if it has to and is complete.
  void finish(OpId op);

  /// The element as the buffers that serve `use` hold it.
  [[nodiscard]] Held read(const Use& use, const Coordinates& at, std::int64_t id) const;
  /// The output element of `op` so far.
  [[nodiscard]] Held made_so_far(OpId op, const Coordinates& at, std::int64_t id) const;
  void write(OpId op, const Coordinates& at, std::int64_t id, Held held);

  /// At the end: what is retained has not travelled, but for what outlives the cascade.
  void save_retained();
  /// Bytes moved, per tensor.
  [[nodiscard]] std::vector<TensorMoved> moved() const;

 private:
  struct State {
    std::size_t memory = 0;  ///< Position in memories_: its own, or its host's.
    std::optional<SlabKey> key;
    Box box;
    std::set<SlabKey> done;                           ///< Slabs that were fetched, or went to DRAM complete,
    std::map<SlabKey, std::vector<Held>> unfinished;  ///< and sums in DRAM that are to come back.
    TensorMoved moved;
    bool resident = false;  ///< Its tensor is resident as a whole.
    Bytes once;             ///< Of a pass: fetched or stored slabs, each counted once.
  };

  [[nodiscard]] bool take(std::size_t i);
  void free(std::size_t i);
  void start_pass(std::size_t i, const Bounds& bounds);
  void end_pass(std::size_t i, const Bounds& bounds);
  void fetch(std::size_t i, const Bounds& bounds);
  void make_room(std::size_t i, const Bounds& bounds);
  void set_aside(std::size_t i);
  void store(std::size_t i);
  void keep_outliving(std::size_t i);
  void hand_on(std::size_t i);
  [[nodiscard]] bool complete(std::size_t i) const;
  [[nodiscard]] Held held_in(std::size_t i, const Coordinates& at, std::int64_t id) const;
  [[nodiscard]] bool stays(const State& state, TensorId tensor, const Coordinates& at) const;
  [[nodiscard]] Held from_outside(TensorId tensor, const Coordinates& at) const;
  [[nodiscard]] Bytes transfer(std::int64_t elements, int bits) const;
  void count_read(State& state, std::int64_t elements, int bits) const;
  void count_written(State& state, std::int64_t elements, int bits) const;
  [[nodiscard]] int dram_width(std::size_t i) const;
  [[nodiscard]] int sum_width(std::size_t i) const;
  [[nodiscard]] std::optional<std::size_t> carried(TensorId tensor) const;
  [[nodiscard]] std::optional<std::size_t> made(TensorId tensor) const;
  Memory& memory(std::size_t i) { return memories_[states_[i].memory]; }
  [[nodiscard]] const Memory& memory(std::size_t i) const { return memories_[states_[i].memory]; }

  Chip& chip_;
  const GroupLayout& group_;
  std::vector<Allotment> allotments_;
  std::vector<Memory> memories_;
  std::vector<State> states_;
  Bytes needed_;
};

}  // namespace fusescape
