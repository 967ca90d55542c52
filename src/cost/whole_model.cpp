#include "fusescape/cost/whole_model.hpp"

#include "fusescape/support/contract.hpp"

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

expected<WholeModel, std::string> whole_model(const Workload& workload, const Cost& block,
                                              const HeadOutcome* head) {
  FUSESCAPE_EXPECTS((head != nullptr) == workload.lm_head.has_value());
  if (head != nullptr && !*head) return unexpected{head->error()};
  const WholeModel whole = whole_model(workload.n_layer, block, head == nullptr ? nullptr : &(*head)->cost);
  const bool fits = !whole.latency.overflow() && !whole.dram().overflow() && !whole.ops.overflow();
  if (!fits) return unexpected{std::string{"the whole model's counts do not fit 64 bits"}};
  return whole;
}

}  // namespace fusescape
