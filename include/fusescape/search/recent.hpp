// What was asked for lately, of things too many to keep all of?
#pragma once

#include <cstddef>
#include <utility>

namespace fusescape {

/// A map of at most twice `capacity` entries: the last `capacity` that were asked for are among them.
template <class Map>
class Recent {
 public:
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;

  explicit Recent(std::size_t capacity) : capacity_{capacity} {}

  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

  /// Null if there is none. Valid until the next call.
  [[nodiscard]] Value* find(const Key& key) {
    const auto found = young_.find(key);
    if (found != young_.end()) return &found->second;
    const auto old = old_.find(key);
    return old == old_.end() ? nullptr : &insert(key, Value{old->second});
  }

  /// Of two values of one key the first stays.
  Value& insert(const Key& key, Value value) {
    if (young_.size() >= capacity_) {
      old_ = std::move(young_);
      young_ = {};
    }
    return young_.try_emplace(key, std::move(value)).first->second;
  }

  /// The first value for which it holds, or null.
  template <class Wanted>
  [[nodiscard]] const Value* find_if(const Wanted& wanted) const {
    for (const Map* map : {&young_, &old_}) {
      for (const auto& [key, value] : *map) {
        if (wanted(key, value)) return &value;
      }
    }
    return nullptr;
  }

 private:
  std::size_t capacity_;
  Map young_;
  Map old_;
};

}  // namespace fusescape
