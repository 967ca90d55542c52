// How does a failure read to whoever asked for the simulation?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fusescape/plan/footprint.hpp"
#include "fusescape/sim/simulate.hpp"

namespace fusescape {
namespace {

std::string names(const Cascade& cascade, const SimTile& tile) {
  std::vector<std::string_view> ops;
  for (const OpId op : tile.operators) ops.push_back(cascade.op(op).name);
  return fmt::format("{{{}}}", fmt::join(ops, ", "));
}

std::string describe_wait(const Cascade& cascade, const SimFailure& failure, const SimWait& wait) {
  const std::string& tensor = cascade.tensor(wait.tensor).name;
  std::string text = names(cascade, failure.tiles[wait.tile]);
  switch (wait.cause) {
    case Stall::kLoad:
      text += fmt::format(" waits for {} from DRAM", tensor);
      break;
    case Stall::kSlot:
      text += fmt::format(" waits for the place of {}", tensor);
      break;
    case Stall::kMemory:
      text += fmt::format(" waits for room for {} ({} B)", tensor, wait.bytes.value());
      break;
    case Stall::kDependence:
      text += fmt::format(" waits for {}", tensor);
      break;
    case Stall::kOnChip:
      break;  // A tile that runs waits for nobody.
  }
  std::vector<std::string> others;
  for (const std::uint32_t tile : wait.on) others.push_back(names(cascade, failure.tiles[tile]));
  if (!others.empty()) text += fmt::format(", after {}", fmt::join(others, " and "));
  return text;
}

}  // namespace

std::string describe(const Cascade& cascade, const SimFailure& failure) {
  switch (failure.reason) {
    case SimFailure::Reason::kUnsupported:
      return "an operator is on a core that cannot run it, or a chain on more than one";
    case SimFailure::Reason::kOverflow:
      return "counts or times do not fit 64 bits; smaller ranks would do";
    case SimFailure::Reason::kCapacity:
      return describe_shortage(failure.group, failure.needed, failure.available);
    case SimFailure::Reason::kTooLong:
      return fmt::format(
          "with group {} there are more steps than can be run one by one; smaller ranks would do, or keeping "
          "nothing "
          "between groups",
          failure.group);
    case SimFailure::Reason::kDeadlock:
      break;
  }
  std::vector<std::string> waits;
  for (const SimWait& wait : failure.waits) waits.push_back(describe_wait(cascade, failure, wait));
  std::vector<std::string> memory;
  for (const SimHolder& held : failure.memory)
    memory.push_back(fmt::format("{} {} B", cascade.tensor(held.tensor).name, held.bytes.value()));
  return fmt::format(
      "deadlock in group {}: {}; {} of {} B on chip: {}; with {} B nothing would wait for room",
      failure.group, fmt::join(waits, "; "), failure.needed.value(), failure.available.value(),
      fmt::join(memory, ", "), failure.enough.value());
}

}  // namespace fusescape
