#include "fusescape/plan/chain_registers.hpp"

#include <algorithm>

#include "chain_traffic.hpp"

namespace fusescape {
namespace {

struct ChainRead {
  OpId op{};
  const Access* access = nullptr;
  bool from_memory = false;
};

std::vector<ChainRead> reads_of(const Cascade& cascade, ChainTraffic& chain) {
  std::vector<ChainRead> reads;
  for (const OpId op : chain.members()) {
    for (const Access& access : cascade.op(op).inputs) {
      reads.push_back({op, &access, chain.reads_memory(access)});
    }
  }
  return reads;
}

/// A value read from memory is put in a register if it is read once more; one that is made, if a member reads
/// it.
void add_register_bits(const Cascade& cascade, ChainTraffic chain, std::vector<RegisterBits>& bits) {
  const std::vector<ChainRead> reads = reads_of(cascade, chain);
  const auto width = [&](TensorId tensor) { return bits_of(cascade.tensor(tensor).type); };
  for (auto read = reads.begin(); read != reads.end(); ++read) {
    RegisterBits& own = bits[index_of(read->op)];
    const bool again = std::any_of(read + 1, reads.end(),
                                   [&](const ChainRead& later) { return *later.access == *read->access; });
    if (!read->from_memory) own.read += width(read->access->tensor);
    if (read->from_memory && again) own.written += width(read->access->tensor);
  }
  for (const OpId op : chain.members()) {
    const TensorId output = cascade.op(op).output;
    const bool used = std::any_of(reads.begin(), reads.end(), [&](const ChainRead& read) {
      return read.access->tensor == output && !read.from_memory;
    });
    if (used) bits[index_of(op)].written += width(output);
  }
}

}  // namespace

std::vector<RegisterBits> register_bits(const Cascade& cascade, const Plan& plan) {
  std::vector<RegisterBits> bits(cascade.operators.size());
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].kind != NodeKind::kChain) continue;
    add_register_bits(cascade, ChainTraffic{cascade, plan, NodeId{static_cast<std::uint16_t>(i)}}, bits);
  }
  return bits;
}

Bytes chain_registers(const Cascade& cascade, const std::vector<OpId>& chain) {
  std::vector<Bytes> live(chain.size());  // While each member runs.
  for (std::size_t made = 0; made < chain.size(); ++made) {
    const TensorId tensor = cascade.op(chain[made]).output;
    std::size_t last = made;
    for (const Use& use : cascade.uses[index_of(tensor)]) {
      const auto reader = std::find(chain.begin(), chain.end(), use.op);
      if (reader == chain.end()) continue;
      last = std::max(last, static_cast<std::size_t>(reader - chain.begin()));
    }
    const Bytes bytes = bytes_of(Elements{1}, bits_of(cascade.tensor(tensor).type));
    for (std::size_t at = made; at <= last; ++at) live[at] += bytes;
  }
  return *std::max_element(live.begin(), live.end());
}

}  // namespace fusescape
