// What is the same in every iteration of a group: its pieces, and what each operator does with each buffer.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/arch/machine.hpp"
#include "fusescape/plan/layout.hpp"
#include "slab_program.hpp"

namespace fusescape {

/// What is constant about a buffer.
struct BufferFacts {
  int bits = 0;
  int dram_bits = 0;
  int wide_bits = 0;       ///< Of incomplete sums.
  std::size_t host = 0;    ///< The buffer in whose memory it lives; itself, mostly.
  bool loaded = false;     ///< Values before the first element are in DRAM.
  bool finals = false;     ///< A carried one: its last content goes to DRAM.
  bool at_once = false;    ///< Each slab is made by one run of its producer, and only once.
  std::int64_t terms = 0;  ///< Terms of a sum, of each element.
};

/// What an operator does with a buffer.
struct Touch {
  std::size_t buffer = 0;
  bool made = false;   ///< It fills it; otherwise it reads it.
  bool whole = false;  ///< Parts of it cannot pass through.
};

/// One operator, seen from its leaf.
struct LeafFacts {
  std::uint32_t piece = 0;
  bool first = false;  ///< Of its piece.
  OpId op{};
  std::vector<Touch> touches{};  ///< What is read, then what is made.
};

struct SlabShape {
  std::vector<BufferFacts> buffers;
  std::vector<StepPiece> pieces;
  std::vector<LeafFacts> leaves;         ///< Per node; of operators only.
  std::vector<int> slots;                ///< As in SlabProgram.
  std::vector<std::uint32_t> load_with;  ///< Likewise.
};

[[nodiscard]] SlabShape slab_shape(const SlabContext& context, StepSize size);

}  // namespace fusescape
