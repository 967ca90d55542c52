// Which bytes are on chip when a program does not fit? A managed memory in front of DRAM, without time.
//
// Slabs are made or read by one operator after another. A slab may be partly on chip: its first bytes, in
// whole pages; the rest is in DRAM, or travels while its operator runs. docs/model/simulation.md has the
// rules.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "fusescape/sim/options.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/units.hpp"

namespace fusescape {

enum class SlabId : std::uint32_t {};

/// When no operator uses a slab any more.
inline constexpr std::int64_t kNeverUsed = std::numeric_limits<std::int64_t>::max();

/// What one operator does with one slab.
struct SlabUse {
  enum class Kind : unsigned char {
    kRead,
    kMake,    ///< Its first content; or new content that replaces the old unread.
    kUpdate,  ///< Reads it and leaves new content in its place.
  } kind{};
  SlabId slab{};
  std::int64_t next_use = kNeverUsed;  ///< Position of the next operator that uses it, after this one.
  bool whole =
      false;  ///< It must be on chip at once while the operator runs: parts of it cannot pass through.
  bool stored = false;         ///< DRAM gets a copy of its newest content in any case.
  bool absent_passes = false;  ///< A read that does not bring back what is not on chip.
};

/// Bytes of one slab that an operator's step moves.
struct SlabMovement {
  SlabId slab{};
  Bytes loaded{};    ///< From DRAM; stays on chip while the operator runs.
  Bytes streamed{};  ///< From DRAM; passes through while the operator runs.
  Bytes evicted{};   ///< To DRAM, before the operator can run: content that had no copy there.
  Bytes passed{};    ///< To DRAM while the operator runs: new content that gets no place on chip.
  Bytes copied{};    ///< To DRAM after the operator: new content with a place on chip.
};

/// An operator that cannot run: nothing more can be evicted.
struct MemoryDeadlock {
  Bytes needed;  ///< What must be on chip at once.
  Bytes available;
  std::vector<SlabId> held;  ///< What needs it.
};

class ManagedMemory {
 public:
  /// Expects page > 0 and a policy that evicts. Slabs leave in whole pages, counted from their first byte.
  ManagedMemory(Bytes capacity, Bytes page, Eviction policy);

  /// A slab without content, whose first use makes it, or one whose content is in DRAM.
  [[nodiscard]] SlabId add(Bytes bytes);
  /// Another slab under the number of a released one.
  void renew(SlabId slab, Bytes bytes);

  /// The next operator; each slab is used at most once, by recency in this order. On chip are afterwards: of
  /// `uses` what has a next use and found place, of the others what was not evicted. A slab without next use
  /// is released. The movements are valid until the next call.
  [[nodiscard]] expected<std::span<const SlabMovement>, MemoryDeadlock> run(std::span<const SlabUse> uses);

  /// Next uses in [from, to) come `by` later. Expects that none passes another.
  void shift_uses(std::int64_t from, std::int64_t to, std::int64_t by);

  /// Leaves `capacity` bytes to the slabs from now on; what then exceeds them is evicted.
  [[nodiscard]] std::span<const SlabMovement> resize(Bytes capacity);

  [[nodiscard]] Bytes capacity() const { return Bytes{capacity_}; }
  [[nodiscard]] Bytes resident(SlabId slab) const { return Bytes{at(slab).resident}; }
  [[nodiscard]] std::int64_t next_use(SlabId slab) const { return at(slab).next_use; }
  /// Bytes of it that DRAM has no copy of, and that are on chip.
  [[nodiscard]] Bytes dirty(SlabId slab) const;
  [[nodiscard]] Bytes used() const { return Bytes{used_}; }
  /// The most that was on chip while the last operator ran: what it used, and what stayed beside it.
  [[nodiscard]] Bytes held_while_running() const { return Bytes{running_}; }
  /// Bytes of each of the last operator's uses that were on chip while it ran.
  [[nodiscard]] const std::vector<std::int64_t>& places() const { return place_; }
  /// What is on chip, whole or in part, each with its rank: what gives way first comes last.
  [[nodiscard]] const std::set<std::pair<std::int64_t, SlabId>>& residents() const { return residents_; }

 private:
  struct Slab {
    std::int64_t bytes = 0;
    std::int64_t resident = 0;  ///< The first ones.
    std::int64_t clean = 0;     ///< DRAM has a copy of the content from this byte on; at most `resident`.
    std::int64_t next_use = kNeverUsed;
    std::int64_t last_use = -1;            ///< Number of it among all uses.
    std::optional<std::int64_t> listed{};  ///< Its rank in residents_.
  };
  /// A slab of which bytes may give way.
  struct Candidate {
    SlabId slab{};
    std::int64_t rank = 0;           ///< The largest gives way first.
    std::optional<std::size_t> use;  ///< Position among the current operator's uses: it would stream what
                                     ///< gives way. None: another's slab.
  };

  [[nodiscard]] Slab& at(SlabId slab) { return slabs_[static_cast<std::size_t>(slab)]; }
  [[nodiscard]] const Slab& at(SlabId slab) const { return slabs_[static_cast<std::size_t>(slab)]; }
  [[nodiscard]] std::int64_t whole_pages(std::int64_t bytes) const;
  [[nodiscard]] std::int64_t claim(std::span<const SlabUse> uses);
  void add_operands(std::span<const SlabUse> uses);
  [[nodiscard]] std::int64_t rank_of(SlabId slab) const;
  [[nodiscard]] std::int64_t give_way(std::span<const SlabUse> uses, std::int64_t excess);
  [[nodiscard]] std::int64_t clear_operands(std::span<const SlabUse> uses, std::int64_t excess);
  void evict(SlabId slab, std::int64_t to, SlabMovement& movement);
  void settle(const SlabUse& use, std::int64_t place, SlabMovement& movement);
  void finish(std::span<const SlabUse> uses);
  void list(SlabId slab);

  std::int64_t capacity_ = 0;
  std::int64_t page_ = 1;
  Eviction policy_{};
  std::int64_t used_ = 0;
  std::int64_t running_ = 0;
  std::int64_t uses_ = 0;  ///< So far.
  std::vector<Slab> slabs_;
  std::set<std::pair<std::int64_t, SlabId>> residents_;  ///< By rank: the last gives way first.
  std::vector<SlabMovement> moved_;  ///< One per use, in order, then one per other slab that gave way.
  std::vector<std::int64_t> place_;  ///< Per use: its bytes on chip while the operator runs.
  std::vector<Candidate> candidates_;
};

}  // namespace fusescape
