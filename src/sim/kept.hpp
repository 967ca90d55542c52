// What stays on chip between groups: which tensors may, how much of each does, and what a group finds there
// and leaves.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "fusescape/plan/iteration.hpp"
#include "fusescape/sim/eviction.hpp"
#include "program.hpp"

namespace fusescape {

/// Per tensor of the cascade, whether parts of it may stay from the group that makes it to its last reader:
/// it ends there, all these groups fit their static buffers (`fits`, per group), its readers fetch it as it
/// is (no window, no shift, no format of its own), and `keep` says so.
[[nodiscard]] std::vector<bool> kept_candidates(const Cascade& cascade, const Plan& plan,
                                                const Layout& layout, const std::vector<bool>& fits,
                                                Keep keep);

/// Bytes of a tensor that leave the chip.
struct Leaving {
  TensorId tensor{};
  Bytes bytes;
};

/// A managed memory beside the groups' static buffers. Told first which parts of which tensors are made and
/// read when, in the order of the plan; asked then in the same order.
class KeptTensors {
 public:
  KeptTensors(Bytes page, Eviction policy) : memory_{Bytes{}, page, policy} {}

  // The program.
  void will_make(TensorId tensor, const Box& box, Bytes bytes);
  void will_read(TensorId tensor, const Box& box);

  /// A group begins that leaves `room` bytes to what is kept.
  [[nodiscard]] std::vector<Leaving> enter(Bytes room);
  /// The tensor's next part is made. First what it leaves for DRAM of itself, then what it drives out.
  [[nodiscard]] std::vector<Leaving> make(TensorId tensor);
  /// The tensor's next read: elements that it finds on chip, of `volume(box)`, rounded down.
  [[nodiscard]] std::int64_t read(TensorId tensor);

  [[nodiscard]] Bytes used() const { return memory_.used(); }
  /// Bytes of it on chip.
  [[nodiscard]] Bytes resident(TensorId tensor) const { return tensors_.at(tensor).resident; }

 private:
  struct Part {
    SlabId slab{};
    Box box;
    Bytes bytes;
    std::vector<std::int64_t> uses;  ///< Positions.
    std::size_t next = 0;            ///< The first of `uses` that is not over.
  };
  struct Kept {
    std::vector<Part> parts;  ///< In the order in which they are made.
    std::vector<std::set<std::int64_t>>
        starts;  ///< First elements of parts, per dimension: they lie on a grid.
    std::map<std::vector<std::int64_t>, std::size_t> at;  ///< Part by its starts.
    Bytes resident{};
    std::vector<Box> reads;
    std::size_t made = 0;
    std::size_t read = 0;
  };

  [[nodiscard]] static std::vector<std::size_t> parts_in(const Kept& kept, const Box& box);
  [[nodiscard]] static std::int64_t next_use(Part& part, std::int64_t now);
  [[nodiscard]] std::vector<Leaving> leaving(std::span<const SlabMovement> moved);
  void recount(SlabId slab);

  ManagedMemory memory_;
  std::map<TensorId, Kept> tensors_;
  std::vector<TensorId> tensor_of_;  ///< Per slab.
  std::vector<Bytes> counted_;       ///< Per slab, of it on chip when last counted.
  std::int64_t positions_ = 0;       ///< Positions in the program.
  std::int64_t now_ = 0;
};

/// How many bytes of a tensor are kept from a tile on.
struct KeptSample {
  std::int64_t run = 0;  ///< Tiles of the group that have started before.
  TensorId tensor{};
  Bytes bytes;
};

/// What a group moves of tensors that are kept, decided in the order of its tiles before it runs.
struct KeptMoves {
  std::vector<std::vector<Bytes>> loads;                  ///< Per buffer and visit; none if it is not kept.
  std::vector<std::vector<std::vector<Leaving>>> stores;  ///< Per buffer, and per time that it is complete.
  std::vector<KeptSample> samples;                        ///< In the order of `run`.
  Bytes peak;                                             ///< The most that is kept while the group runs.
};

/// Tells `kept` what the group makes and reads of the tensors that `keeps` names, in order. Expects a program
/// of one sequence.
void register_kept(const SimContext& context, const GroupProgram& program, const std::vector<bool>& keeps,
                   KeptTensors& kept);

/// The group's turn.
[[nodiscard]] KeptMoves kept_moves(const SimContext& context, const GroupProgram& program,
                                   const std::vector<bool>& keeps, KeptTensors& kept);

}  // namespace fusescape
