// What does one buffer move over the DRAM port, when, and what does it hold on chip?
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/plan/footprint.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// The model options that change what a plan moves or holds.
struct ProfileOptions {
  Bytes granule{1};                ///< Each DRAM transfer is a whole number of these.
  bool double_buffering = true;    ///< Streamed tensors have two slots.
  bool count_second_slots = true;  ///< The second slot takes memory.
  bool in_place = false;           ///< An element-wise output takes over an equal operand that dies there.
  bool sections = false;           ///< Runs that take turns are in the bound of the sequence, too.
  friend bool operator==(const ProfileOptions&, const ProfileOptions&) = default;
};

/// Those of `accelerator`.
[[nodiscard]] ProfileOptions profile_options(const Accelerator& accelerator);

/// DRAM transfers of one buffer in one direction.
struct Stream {
  Bytes total{};
  Bytes first{};  ///< Bytes that the first tile that needs or makes it moves.
  Bytes last{};
  Bytes second{};  ///< Bytes of the second visit; 0 if there is none.
  Bytes most{};    ///< The most bytes that any one visit moves.
  std::int64_t visits = 0;
  std::int64_t silent = 0;  ///< Visits at the start that move nothing: what they need or make is retained.
  bool moves = false;       ///< Its buffer holds one slab after another.
  bool ahead = false;       ///< It has a second slot: a transfer hides behind compute.
  bool carried = false;     ///< A state at the start of a pass.
  bool early = false;       ///< Stores only: loops make the same content again after the last one.
  Bytes once{};             ///< Bytes of one pass over the whole tensor, if a part of it is retained.
  Bytes saved{};            ///< Bytes at the head of `once` that do not travel.
  bool made_stays = false;  ///< Nothing of it that was made in this call travels: it is retained whole.
  OpId op{};                ///< The operator that needs it first, or makes it.
};

struct BufferFlow {
  std::vector<Stream> loads;
  std::vector<Stream> stores;
  Allocation memory;
  int slots = 1;
  int changed_by = 0;  ///< Loops above its node, down to the innermost one that changes its content.
  int depth = 0;       ///< Those of them that run more than once.
  Bytes read;
  Bytes written;
};

/// What the flows of a group's buffers depend on.
struct FlowContext {
  const Cascade& cascade;
  const Plan& plan;
  const GroupLayout& group;
  const ProfileOptions& options;
};

[[nodiscard]] BufferFlow flow_of(const FlowContext& context, const Buffer& buffer);

}  // namespace fusescape
