#include "fusescape/cost/whole_model.hpp"

namespace fusescape {

WholeModel whole_model(std::int64_t n_layer, const Cost& block, const Cost* head) {
  WholeModel whole{.latency = n_layer * block.latency,
                   .dram_read = n_layer * block.total.dram_read,
                   .dram_write = n_layer * block.total.dram_write,
                   .ops = n_layer * block.total.ops};
  if (head == nullptr) return whole;
  whole.latency += head->latency;
  whole.dram_read += head->total.dram_read;
  whole.dram_write += head->total.dram_write;
  whole.ops += head->total.ops;
  return whole;
}

}  // namespace fusescape
