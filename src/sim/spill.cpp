#include "spill.hpp"

#include <algorithm>
#include <utility>

namespace fusescape {
namespace {

constexpr int kFillsGaps = -3;  ///< Loop depth of a load that gives way to all others.

}  // namespace

bool Spill::is_done(std::int64_t store) const {
  const auto at = static_cast<std::size_t>(store - first_open_);
  return store < first_open_ || (at < done_.size() && done_[at]);
}

void Spill::issue(const SpillTransfer& transfer) {
  if (!transfer.store && transfer.after >= 0 && !is_done(transfer.after)) {
    held_back_.push_back(transfer);
    return;
  }
  const TensorId tensor = spec(transfer.buffer).tensor;
  TensorMoves& moves = group_.moves[index_of(tensor)];
  std::int64_t& sum = transfer.store ? (transfer.extra ? moves.evicted : moves.written)
                                     : (transfer.extra ? moves.reloaded : moves.read);
  sum += transfer.bytes;
  const std::int64_t early = transfer.store ? 0 : transfer.number - plan_.first();
  DramPort& port = group_.sim.port(transfer.store);
  port.add({.ready = group_.sim.now,
            .left = port.ticks(transfer.timed),
            .bytes = transfer.bytes,
            .group = group_.program.group,
            .buffer = transfer.buffer,
            .tensor = tensor,
            .depth = early > 1 ? kFillsGaps : 0,
            .store = transfer.store,
            .ahead = static_cast<int>(early),
            .number = transfer.number});
}

/// Issues transfers of the first planned tile.
void Spill::ask_for(When when) {
  for (const SpillTransfer& one : plan_.tiles().front().transfers) {
    if (one.when != when) continue;
    if (when == When::kPassing && !one.store) ++passing_loads_;
    if (when == When::kAfter) drains_.push_back(one);
    issue(one);
  }
}

void Spill::show(const std::vector<HeldBytes>& held) {
  for (const HeldBytes& one : held) {
    std::int64_t& shown = shown_[static_cast<std::size_t>(one.buffer)];
    const std::int64_t change = one.bytes - std::exchange(shown, one.bytes);
    on_chip_ += change;
    if (change != 0) group_.on_chip.add(spec(one.buffer).tensor, change);
  }
}

void Spill::reach(const CoreState& /*core*/) {
  while (plan_.goes_on() && plan_.planned() <= plan_.first() + plan_.rules().ahead) plan_.plan_next();
  if (plan_.failure() || plan_.tiles().empty()) return;
  show(plan_.tiles().front().held);
  ask_for(When::kBefore);
  group_.sim.port(false).change(group_.program.group, [&](Transfer& transfer) {
    if (transfer.store || transfer.number != plan_.first()) return;
    transfer.depth = transfer.ahead = 0;
  });
  ask_for(When::kMayStart);
}

std::optional<Wait> Spill::wait(const CoreState& core) const {
  if (plan_.failure()) return Wait{};
  const std::optional<Stall> cause = core.computed ? wait_to_end() : wait_to_start();
  return cause ? std::optional{Wait{.cause = *cause}} : std::nullopt;
}

/// Results that leave the chip stay there until they are stored: while there is room.
std::optional<Stall> Spill::wait_to_start() const {
  const PlannedTile& now = plan_.tiles().front();
  if (now.loads_left > 0) return Stall::kLoad;
  for (const StoreWait& wait : now.waits) {
    if (!is_done(wait.store)) return wait.cause;
  }
  std::int64_t draining = 0;
  for (const SpillTransfer& drain : drains_) draining += drain.bytes;
  if (group_.context.machine.model.count_second_slots && draining > now.room) return Stall::kSlot;
  return std::nullopt;
}

void Spill::start(const CoreState& /*core*/) {
  running_ = true;
  ask_for(When::kPassing);
}

std::optional<Stall> Spill::wait_to_end() const {
  if (passing_loads_ > 0) return Stall::kLoad;
  for (const SpillTransfer& one : plan_.tiles().front().transfers) {
    if (one.when == When::kPassing && one.store && !is_done(one.number)) return Stall::kMemory;
  }
  return std::nullopt;
}

void Spill::end(const CoreState& /*core*/, int /*next*/) {
  running_ = false;
  show(plan_.tiles().front().left);
  ask_for(When::kAfter);
  plan_.drop_first();
}

void Spill::complete(const Transfer& transfer) {
  if (!transfer.store) {
    const std::int64_t ahead = transfer.number - plan_.first();
    --(running_ && ahead == 0 ? passing_loads_ : plan_.tiles()[static_cast<std::size_t>(ahead)].loads_left);
    return;
  }
  const auto at = static_cast<std::size_t>(transfer.number - first_open_);
  done_.resize(std::max(done_.size(), at + 1));
  done_[at] = true;
  for (; !done_.empty() && done_.front(); ++first_open_) done_.pop_front();
  const auto is_it = [&](const SpillTransfer& drain) { return drain.number == transfer.number; };
  drains_.erase(std::remove_if(drains_.begin(), drains_.end(), is_it), drains_.end());
  std::vector<SpillTransfer> waiting;
  waiting.swap(held_back_);
  for (const SpillTransfer& load : waiting) issue(load);
}

/// A store as seen from the last one decided; 0 if it is over.
std::int64_t Spill::relative(std::int64_t store) const {
  return store < 0 || is_done(store) ? 0 : store - plan_.stores();
}

void Spill::pass_all(LoopPass& pass, const std::vector<SpillTransfer>& transfers) const {
  pass.same(transfers.size());
  for (const SpillTransfer& one : transfers) {
    pass.same(one.when, one.buffer, one.store, one.extra, one.bytes, one.timed, relative(one.after),
              one.number - (one.store ? plan_.stores() : plan_.first()));
  }
}

void Spill::pass(LoopPass& pass) {
  plan_.pass(pass, [&](std::int64_t store) { return relative(store); });
  pass.same(running_, passing_loads_, first_open_ - plan_.stores());
  for (const bool done : done_) pass.same(done);
  for (const PlannedTile& tile : plan_.tiles()) {
    pass.same(tile.tile, tile.room, tile.loads_left, tile.waits.size());
    for (const StoreWait& wait : tile.waits) pass.same(relative(wait.store));
    pass_all(pass, tile.transfers);
    for (const auto* held : {&tile.held, &tile.left}) {
      for (const HeldBytes& one : *held) pass.same(one.buffer, one.bytes);
    }
  }
  pass_all(pass, held_back_);
  pass_all(pass, drains_);
  const auto number = [&](const Transfer& transfer) {
    pass.same(transfer.number - (transfer.store ? plan_.stores() : plan_.first()));
  };
  for (const DramPort& port : group_.sim.ports) {
    for (const Transfer& transfer : port.waiting()) number(transfer);
    if (port.serving() != nullptr) number(*port.serving());
  }
}

}  // namespace fusescape
