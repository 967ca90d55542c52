#include "memory.hpp"

#include <algorithm>
#include <limits>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kNothing = -1;

}  // namespace

bool Scratchpad::take(Bytes bytes) {
  if (capacity_ && taken_ + bytes > *capacity_) return false;
  taken_ += bytes;
  peak_ = std::max(peak_, taken_);
  return true;
}

Bytes Scratchpad::peak_since() {
  return std::exchange(peak_, taken_);
}

void Memory::allocate(const Allotment& allocation) {
  widths_ = allocation.widths;
  slots_ = allocation.slots;
  slot_ = 0;
  cells_ = 1;
  for (const std::int64_t width : widths_) cells_ *= width;
  value_.setZero(cells_ * slots_);
  id_.setConstant(cells_ * slots_, kNothing);
  terms_.setZero(cells_ * slots_);
}

void Memory::free() {
  value_.resize(0);
  id_.resize(0);
  terms_.resize(0);
}

Eigen::Index Memory::cell(const Coordinates& at) const {
  FUSESCAPE_EXPECTS(at.size() == widths_.size());
  std::int64_t cell = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::int64_t rest = at[i] % widths_[i];
    cell = cell * widths_[i] + (rest < 0 ? rest + widths_[i] : rest);
  }
  return slot_ * cells_ + cell;
}

void Memory::put(const Coordinates& at, std::int64_t id, Held held) {
  FUSESCAPE_EXPECTS(allocated());
  const Eigen::Index here = cell(at);
  value_[here] = held.value;
  terms_[here] = held.terms;
  id_[here] = held.terms > 0 ? id : kNothing;
}

Held Memory::get(const Coordinates& at, std::int64_t id) const {
  if (!allocated()) return {};
  const Eigen::Index here = cell(at);
  return id_[here] == id ? Held{value_[here], terms_[here]} : Held{};
}

DramTensors::DramTensors(const Cascade& cascade, const std::vector<TensorValues>& given) : values_{given} {
  std::int64_t ids = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    whole_.push_back(terms_of(cascade, tensor));
    first_id_.push_back(ids);
    ids += given[i].data.size();
    // What is given is complete; only elements of its own are still to be made.
    terms_.emplace_back(
        Eigen::Array<std::int64_t, Eigen::Dynamic, 1>::Constant(given[i].data.size(), whole_.back()));
    if (!cascade.producer[i]) continue;
    for_each_own(given[i], [&](std::int64_t position) { terms_.back()[position] = 0; });
  }
  made_.setConstant(ids, false);
}

Held DramTensors::get(TensorId tensor, const Coordinates& at) const {
  const std::int64_t position = values_[index_of(tensor)].position(at);
  return {values_[index_of(tensor)].data[position], terms_[index_of(tensor)][position]};
}

void DramTensors::put(TensorId tensor, const Coordinates& at, Held held) {
  const std::int64_t position = values_[index_of(tensor)].position(at);
  values_[index_of(tensor)].data[position] = held.value;
  terms_[index_of(tensor)][position] = held.terms;
}

std::vector<Eigen::ArrayX<bool>> DramTensors::complete() const {
  std::vector<Eigen::ArrayX<bool>> complete;
  for (std::size_t i = 0; i < terms_.size(); ++i) complete.emplace_back(terms_[i] == whole_[i]);
  return complete;
}

}  // namespace fusescape
