#include "fusescape/cost/whole_model.hpp"

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

void add(WholeModel& whole, std::int64_t times, const Cost& cost) {
  whole.latency += times * cost.latency;
  whole.dram_read += times * cost.total.dram_read;
  whole.dram_write += times * cost.total.dram_write;
  whole.ops += times * cost.total.ops;
}

/// What keeps a sum from being one.
expected<WholeModel, std::string> checked(const WholeModel& whole) {
  const bool fits = !whole.latency.overflow() && !whole.dram().overflow() && !whole.ops.overflow();
  if (!fits) return unexpected{std::string{"the whole model's counts do not fit 64 bits"}};
  return whole;
}

}  // namespace

WholeModel whole_model(std::int64_t n_layer, const Cost& block, const Cost* head) {
  WholeModel whole;
  add(whole, n_layer, block);
  if (head != nullptr) add(whole, 1, *head);
  return whole;
}

expected<WholeModel, std::string> whole_model(const Workload& workload, const Cost& block,
                                              const HeadOutcome* head) {
  FUSESCAPE_EXPECTS((head != nullptr) == workload.lm_head.has_value());
  if (head != nullptr && !*head) return unexpected{head->error()};
  return checked(whole_model(workload.n_layer, block, head == nullptr ? nullptr : &(*head)->cost));
}

expected<WholeModel, std::string> whole_model(const Workload& workload, std::span<const LayerCost> layers,
                                              const HeadOutcome* head) {
  FUSESCAPE_EXPECTS((head != nullptr) == workload.lm_head.has_value());
  if (head != nullptr && !*head) return unexpected{head->error()};
  WholeModel whole;
  for (const LayerCost& layer : layers) {
    FUSESCAPE_EXPECTS(layer.cost.has_value());
    add(whole, layer.count, *layer.cost);
  }
  if (head != nullptr) add(whole, 1, (*head)->cost);
  return checked(whole);
}

}  // namespace fusescape
