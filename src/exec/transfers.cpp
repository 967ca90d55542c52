// The transfers of a group's buffers: each method moves the elements and counts their bytes.
#include <algorithm>

#include "fusescape/support/contract.hpp"
#include "residency.hpp"

namespace fusescape {

Bytes Residency::transfer(std::int64_t elements, int bits) const {
  return round_up(bytes_of(Elements{elements}, bits), chip_.options.model.granule);
}

void Residency::count_read(State& state, std::int64_t elements, int bits) const {
  state.moved.read += transfer(elements, bits);
  state.moved.elements_read += Elements{elements};
}

void Residency::count_written(State& state, std::int64_t elements, int bits) const {
  state.moved.written += transfer(elements, bits);
  state.moved.elements_written += Elements{elements};
}

int Residency::dram_width(std::size_t i) const {
  return dram_bits(chip_.cascade, chip_.plan, group_.buffers[i].tensor);
}

int Residency::sum_width(std::size_t i) const {
  return bits_of(accumulator_of(chip_.cascade.tensor(group_.buffers[i].tensor)));
}

/// Whether an element is in the resident memory, and does not travel.
bool Residency::stays(const State& state, TensorId tensor, const Coordinates& at) const {
  const bool is_history = std::any_of(at.begin(), at.end(), [](std::int64_t i) { return i < 0; });
  return is_history ? chip_.cascade.tensor(tensor).initial == Initial::kResident : state.resident;
}

/// What a fetch finds: what is retained comes from there, all else from DRAM or the resident memory.
Held Residency::from_outside(TensorId tensor, const Coordinates& at) const {
  if (const Retained* kept = chip_.retained_of(tensor)) {
    if (const auto value = kept->find(chip_.dram.id(tensor, at))) return {*value, chip_.dram.whole(tensor)};
  }
  return chip_.dram.get(tensor, at);
}

void Residency::fetch(std::size_t i, const Bounds& bounds) {
  const Buffer& buffer = group_.buffers[i];
  State& state = states_[i];
  SlabKey key = slab_key(buffer, bounds);
  if (state.key == key) return;
  if (state.key && !buffer.held) memory(i).turn();
  const Box box = box_to_fetch(chip_.cascade, buffer, bounds);
  const Box slab = slab_box(chip_.cascade, buffer, bounds);
  if (buffer.held && state.key) {  // What a window leaves behind is gone.
    for_each_in(state.box, [&](const Coordinates& at) {
      if (!inside(slab, at)) memory(i).put(at, chip_.dram.id(buffer.tensor, at), {});
    });
  }
  const Retained* kept = chip_.retained_of(buffer.tensor);
  std::int64_t from_dram = 0;
  for_each_in(box, [&](const Coordinates& at) {
    const std::int64_t id = chip_.dram.id(buffer.tensor, at);
    memory(i).put(at, id, from_outside(buffer.tensor, at));
    const bool is_kept = kept != nullptr && kept->find(id);
    if (!is_kept && !stays(state, buffer.tensor, at)) ++from_dram;
  });
  // What stays is taken off at the end.
  const bool all_counts = kept != nullptr && !kept->counts_elements() && !state.resident;
  const Bytes bytes = transfer(all_counts ? volume(box) : from_dram, dram_width(i));
  state.moved.read += bytes;
  state.moved.elements_read += Elements{from_dram};
  if (state.done.insert(key).second) state.once += bytes;
  state.key = std::move(key);
  state.box = slab;
}

/// The values from before the first element, if there are any.
void Residency::start_pass(std::size_t i, const Bounds& bounds) {
  const Buffer& buffer = group_.buffers[i];
  State& state = states_[i];
  state.key = slab_key(buffer, bounds);
  state.box = slab_box(chip_.cascade, buffer, bounds);
  const Initial initial = chip_.cascade.tensor(buffer.tensor).initial;
  if (initial == Initial::kZero) return;
  for_each_in(state.box, [&](const Coordinates& at) {
    memory(i).put(at, chip_.dram.id(buffer.tensor, at), chip_.dram.get(buffer.tensor, at));
  });
  if (initial == Initial::kLoaded) count_read(state, volume(state.box), dram_width(i));
}

/// The values that the next call starts from, once, unless the whole tensor is in DRAM anyway.
void Residency::end_pass(std::size_t i, const Bounds& bounds) {
  const Buffer& buffer = group_.buffers[i];
  State& state = states_[i];
  const auto& all = group_.buffers;
  const bool elsewhere = std::any_of(all.begin(), all.end(), [&](const Buffer& other) {
    return other.tensor == buffer.tensor && other.stored;
  });
  const Final final_value = chip_.cascade.tensor(buffer.tensor).final_value;
  const bool wanted = final_value != Final::kDropped && !elsewhere;
  if (!wanted || !state.done.insert(slab_key(buffer, bounds)).second) return;
  Box last = state.box;
  const std::int64_t extent = chip_.cascade.extent(buffer.carry_rank).value();
  last[carried_dimension(chip_.cascade, buffer)] = {std::max<std::int64_t>(extent - buffer.depth, 0), extent};
  for_each_in(last, [&](const Coordinates& at) {
    chip_.dram.put(buffer.tensor, at, memory(i).get(at, chip_.dram.id(buffer.tensor, at)));
  });
  if (final_value == Final::kStored) count_written(state, volume(last), dram_width(i));
}

/// Another slab than the one being filled: that goes, and what there is of the new one comes back.
void Residency::make_room(std::size_t i, const Bounds& bounds) {
  const Buffer& buffer = group_.buffers[i];
  State& state = states_[i];
  SlabKey key = slab_key(buffer, bounds);
  if (state.key == key) return;
  set_aside(i);
  if (state.key && buffer.role == BufferRole::kProduced) memory(i).turn();
  state.key = std::move(key);
  state.box = slab_box(chip_.cascade, buffer, bounds);
  const auto begun = state.unfinished.find(*state.key);
  if (begun == state.unfinished.end()) return;
  auto held = begun->second.begin();
  for_each_in(state.box,
              [&](const Coordinates& at) { memory(i).put(at, chip_.dram.id(buffer.tensor, at), *held++); });
  state.unfinished.erase(begun);
  count_read(state, volume(state.box), sum_width(i));
}

/// Sums that have to leave before they are complete go to DRAM, beside the tensor, to come back.
void Residency::set_aside(std::size_t i) {
  const Buffer& buffer = group_.buffers[i];
  State& state = states_[i];
  if (!state.key || !buffer.stored) return;
  const std::int64_t whole = chip_.dram.whole(buffer.tensor);
  std::vector<Held> sums;
  bool open = false;
  for_each_in(state.box, [&](const Coordinates& at) {
    sums.push_back(memory(i).get(at, chip_.dram.id(buffer.tensor, at)));
    open = open || (sums.back().terms > 0 && sums.back().terms < whole);
  });
  if (!open) return;
  state.unfinished[*state.key] = std::move(sums);
  count_written(state, volume(state.box), sum_width(i));
}

bool Residency::complete(std::size_t i) const {
  const Buffer& buffer = group_.buffers[i];
  bool all = true;
  for_each_in(states_[i].box, [&](const Coordinates& at) {
    const Held held = memory(i).get(at, chip_.dram.id(buffer.tensor, at));
    all = all && held.terms == chip_.dram.whole(buffer.tensor);
  });
  return all;
}

void Residency::store(std::size_t i) {
  const Buffer& buffer = group_.buffers[i];
  State& state = states_[i];
  state.done.insert(*state.key);
  Retained* kept = chip_.retained_of(buffer.tensor);
  const bool output = chip_.cascade.tensor(buffer.tensor).kind == TensorKind::kOutput;
  std::int64_t leaving = 0;
  for_each_in(state.box, [&](const Coordinates& at) {
    const std::int64_t id = chip_.dram.id(buffer.tensor, at);
    const Held held = memory(i).get(at, id);
    const bool stays = kept != nullptr && kept->keep(id, held.value);
    if (stays && !output) return;
    chip_.dram.put(buffer.tensor, at, held);
    if (!state.resident) ++leaving;
  });
  const bool all_counts = kept != nullptr && !kept->counts_elements() && !state.resident;
  const Bytes bytes = transfer(all_counts ? volume(state.box) : leaving, dram_width(i));
  state.once += bytes;
  state.moved.written += bytes;
  state.moved.elements_written += Elements{leaving};
}

/// The last slices of what is retained whole have to be in DRAM, or the resident memory, all the same.
void Residency::keep_outliving(std::size_t i) {
  const Buffer& buffer = group_.buffers[i];
  const Box box = outliving(chip_.cascade, buffer.tensor);
  if (box.empty()) return;
  for_each_in(box, [&](const Coordinates& at) {
    chip_.dram.put(buffer.tensor, at, from_outside(buffer.tensor, at));
  });
  const bool is_stored = chip_.cascade.tensor(buffer.tensor).final_value == Final::kStored;
  if (is_stored) count_written(states_[i], volume(box), dram_width(i));
}

/// The newest values of a tensor that is read shifted stay for the next iteration.
void Residency::hand_on(std::size_t i) {
  const Buffer& buffer = group_.buffers[i];
  const auto ring = carried(buffer.tensor);
  if (!ring || states_[i].memory == states_[*ring].memory || !memory(*ring).allocated() || !states_[i].key)
    return;
  Box box = states_[*ring].box;
  const std::size_t along = carried_dimension(chip_.cascade, group_.buffers[*ring]);
  box[along] = {0, chip_.cascade.extent(group_.buffers[*ring].carry_rank).value()};
  for_each_in(states_[i].box, [&](const Coordinates& at) {
    const std::int64_t id = chip_.dram.id(buffer.tensor, at);
    const Held held = memory(i).get(at, id);
    if (held.terms > 0 && inside(box, at)) memory(*ring).put(at, id, held);
  });
}

/// What outlives the cascade travels, although it is retained; and what is retained does not, where that was
/// not counted.
void Residency::save_retained() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    State& state = states_[i];
    const Retained* kept = chip_.retained_of(buffer.tensor);
    if (kept == nullptr || buffer.role == BufferRole::kCarried) continue;
    const bool leaves = buffer.stored && chip_.cascade.tensor(buffer.tensor).kind != TensorKind::kOutput;
    if (kept->whole() && leaves) keep_outliving(i);
    if (kept->counts_elements() || state.once == Bytes{0}) continue;
    const Bytes share = kept->share_of(state.once);
    if (buffer.role == BufferRole::kFetched) {
      state.moved.read -= share * (state.moved.read.value() / state.once.value());
    }
    if (leaves) state.moved.written -= share;
  }
}

}  // namespace fusescape
