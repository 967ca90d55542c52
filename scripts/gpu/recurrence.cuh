// The state update's groups with the recurrence: scan alone, or fused with what makes its operands and reads it out.
#pragma once

#include <cuda_pipeline.h>

#include <algorithm>

#include "state_update.cuh"

// Of kLanes neighbouring lanes, each with a term of kLanes sums: lane i returns sum i. Halves the sums at every step,
// so that it takes kLanes - 1 exchanges for kLanes sums.
template <int kHalf, int kLanes>
__device__ float transposed_sum(float (&terms)[kLanes]) {
  if constexpr (kHalf == 0) {
    return terms[0];
  } else {
    const bool upper = (threadIdx.x & kHalf) != 0;
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const float sent = upper ? terms[i] : terms[i + kHalf];
      const float kept = upper ? terms[i + kHalf] : terms[i];
      terms[i] = kept + __shfl_xor_sync(~0U, sent, kHalf);
    }
    return transposed_sum<kHalf / 2>(terms);
  }
}

// How a recurrence is laid over threads.
struct Layout {
  int block;         // Threads of a block.
  int width;         // States of a channel that a thread has: W.
  int channels = 1;  // Channels of which it has as many: C.
  int chunk;         // Tokens that are brought at once.
  int stages;        // Chunks in shared memory.
  int group = 4;     // Tokens whose operands are in registers.
};

// Two neighbouring blocks whose rows of delta, u and y are less than 64 bytes each walk in step, as a cluster, to this many
// tokens: what they share of a sector, or of two that come from DRAM at once, is still in L2 for the second of them.
constexpr int kTokensInStep = 128;
constexpr int kBytesInStep = 64;

// Brings the next `kRows` rows of kRowBytes to a dense place in shared memory, by all threads of a block.
template <int kBlock, int kRows, int kRowBytes>
class RowCopy {
  static constexpr int kBytes = kRowBytes < 16 ? kRowBytes : 16;
  static constexpr int kParts = kRowBytes / kBytes;  // Of a row.
  static constexpr int kPieces = kRows * kParts;
  static constexpr int kRowsAtOnce = kParts < kBlock ? kBlock / kParts : 1;
  static constexpr int kTurnsOfRow = kParts > kBlock ? kParts / kBlock : 1;
  static_assert(kRowBytes % kBytes == 0 && (kBytes == 4 || kBytes == 8 || kBytes == 16));
  static_assert(kRowsAtOnce * kParts == kTurnsOfRow * kBlock);

 public:
  RowCopy() = default;
  __device__ RowCopy(const void* from, std::int64_t stride)
      : from_{static_cast<const char*>(from) + threadIdx.x / kParts * stride + threadIdx.x % kParts * kBytes},
        stride_{stride} {}

  // Of the rows `rows` are there, all of them if kWhole; the others become 0.
  template <bool kWhole>
  __device__ void next(void* to, int rows) {
    const char* from = from_;
    const int mine = static_cast<int>(threadIdx.x) / kParts;
#pragma unroll
    for (int i = 0; i < kPieces; i += kBlock) {
      const int piece = i + static_cast<int>(threadIdx.x);
      const bool there = kWhole || mine + i / kParts < rows;
      if (kPieces % kBlock == 0 || piece < kPieces) {
        __pipeline_memcpy_async(static_cast<char*>(to) + piece * kBytes, there ? from : from_, kBytes, there ? 0 : kBytes);
      }
      const bool row_ends = (i / kBlock + 1) % kTurnsOfRow == 0;
      from += row_ends ? kRowsAtOnce * stride_ - (kTurnsOfRow - 1) * kBlock * kBytes : kBlock * kBytes;
    }
    from_ += kRows * stride_;
  }

 private:
  const char* from_ = nullptr;
  std::int64_t stride_ = 0;
};

// A thread carries W states of each of C channels in registers from token to token. What a chunk of tokens reads is copied
// to shared memory while kStages - 2 chunks before it are computed; delta and u, of which several threads need the same,
// are then turned once for all of them. A multiprocessor's shared memory gives 32 words a cycle, however many threads ask
// for the same one: B and C are read once for C channels, delta and delta * u once for W states.
template <class T, int N, Layout kLayout, bool kMakesAbar, bool kMakesDBx, bool kReadsOut>
class Recurrence {
  static constexpr int kBlock = kLayout.block;
  static constexpr int W = kLayout.width;
  static constexpr int C = kLayout.channels;
  static constexpr int kChunk = kLayout.chunk;
  static constexpr int kStages = kLayout.stages;
  static constexpr int kGroup = kLayout.group;
  static constexpr int kLanes = N / W;  // That share a channel.
  static constexpr int kChannels = kBlock / kLanes * C;
  static constexpr int kSlice = kChannels * N;
  static constexpr int kPadded = kChunk + 4;  // So that channels' rows begin in different banks.
  // Tokens whose W values of B or C a thread reads as one access.
  static constexpr int kPack = W * sizeof(T) < 16 ? 16 / (W * sizeof(T)) : 1;
  static constexpr int kTokensOfSum = kLanes / C;  // Whose outputs are summed over lanes at once.
  static constexpr bool kReadsDelta = kMakesAbar || kMakesDBx;
  static constexpr int kChunksInStep = kChunk < kTokensInStep ? kTokensInStep / kChunk : 1;
  static_assert(kChunk % kGroup == 0 && (!kReadsOut || kChunk % kTokensOfSum == 0) && kGroup % kPack == 0 && kGroup % 4 == 0);
  static_assert(kStages >= 3 && kLanes <= 32 && kBlock % kLanes == 0 && kLanes % C == 0);

  struct alignas(16) Staged {
    T abar[kMakesAbar ? 0 : kChunk][kSlice];
    T dbx[kMakesDBx ? 0 : kChunk][kSlice];
    T b[kMakesDBx ? kChunk * N : 0];  // At place_of(token, n).
    T c[kReadsOut ? kChunk * N : 0];
    T delta[kReadsDelta ? kChunk : 0][kChannels];
    T u[kMakesDBx ? kChunk : 0][kChannels];
  };
  struct alignas(16) Shared {
    float delta[kMakesAbar ? kChannels : 0][kPadded];
    float scaled[kMakesDBx ? kChannels : 0][kPadded];  // delta * u
  };

 public:
  static constexpr int kMostSharedBytes = 2 * sizeof(Shared) + kStages * sizeof(Staged);
  // Of so few tokens that they are less chunks than stages, less.
  static int shared_bytes(std::int64_t tokens) {
    const std::int64_t chunks = (tokens + kChunk - 1) / kChunk;
    return static_cast<int>(2 * sizeof(Shared) + std::min<std::int64_t>(kStages, chunks) * sizeof(Staged));
  }
  static constexpr int kChannelsOfBlock = kChannels;
  static constexpr int kCluster = kReadsDelta && kChannels * sizeof(T) < kBytesInStep ? 2 : 1;

  __device__ Recurrence(const StateUpdate<T>& t, Shape shape, char* shared)
      : shape_{shape}, shared_{reinterpret_cast<Shared*>(shared)},
        staged_{reinterpret_cast<Staged*>(shared + 2 * sizeof(Shared))} {
    const std::int64_t whole = shape.channels * N;
    const std::int64_t slices = std::int64_t{blockIdx.x} * kSlice;
    const std::int64_t channels = std::int64_t{blockIdx.x} * kChannels;
    if constexpr (!kMakesAbar) copy_abar_ = {t.abar + slices, static_cast<std::int64_t>(whole * sizeof(T))};
    if constexpr (!kMakesDBx) copy_dbx_ = {t.dbx + slices, static_cast<std::int64_t>(whole * sizeof(T))};
    if constexpr (kReadsDelta) copy_delta_ = {t.delta + channels, static_cast<std::int64_t>(shape.channels * sizeof(T))};
    if constexpr (kMakesDBx) copy_u_ = {t.u + channels, static_cast<std::int64_t>(shape.channels * sizeof(T))};
    b_ = t.b;
    c_ = t.c;
    const std::int64_t slice = slices + mine(0);
#pragma unroll
    for (int c = 0; c < C && kMakesAbar; ++c) {
      load<W>(t.a + slice + c * N, a_[c]);
#pragma unroll
      for (float& value : a_[c]) value *= kLog2E;
    }
    state_ = t.state + slice;
    h_ = t.h + slice;
    const int lane = threadIdx.x % kLanes;
    y_ = t.y + lane / C * shape.channels + channels + threadIdx.x / kLanes * C + lane % C;
  }

  __device__ void run() {
    const int chunks = static_cast<int>((shape_.tokens + kChunk - 1) / kChunk);
    left_to_copy_ = shape_.tokens;
    for (int ahead = 0; ahead + 1 < kStages; ++ahead) copy(ahead);
    __pipeline_wait_prior(kStages - 2);
    __syncthreads();
    convert(0, 0);
    int stage = 0;
    std::int64_t left = shape_.tokens;
    for (int chunk = 0; chunk < chunks; ++chunk) {
      __pipeline_wait_prior(kStages - 3);
      __syncthreads();
      if (chunk % kChunksInStep == 0) {
        if (chunk > 0) wait_for_cluster();
        arrive_at_cluster();
      }
      copy(stage == 0 ? kStages - 1 : stage - 1);
      const int next = stage + 1 == kStages ? 0 : stage + 1;
      if (chunk + 1 < chunks) convert(next, (chunk + 1) % 2);
      if (left >= kChunk) {
        compute<true>(staged_[stage], shared_[chunk % 2], kChunk);
      } else {
        compute<false>(staged_[stage], shared_[chunk % 2], static_cast<int>(left));
      }
      left -= kChunk;
      stage = next;
    }
    wait_for_cluster();
#pragma unroll
    for (int c = 0; c < C && kReadsOut; ++c) store<W>(carry_[c], state_ + c * N);
  }

 private:
  __device__ static void arrive_at_cluster() {
    if constexpr (kCluster > 1) asm volatile("barrier.cluster.arrive.relaxed.aligned;");
  }
  __device__ static void wait_for_cluster() {
    if constexpr (kCluster > 1) asm volatile("barrier.cluster.wait.aligned;");
  }

  // Where the thread's states of its channel `c` are in the block's slice.
  __device__ static int mine(int c) {
    return (static_cast<int>(threadIdx.x) / kLanes * C + c) * N + static_cast<int>(threadIdx.x) % kLanes * W;
  }

  // Starts to bring the next chunk; one past the end brings nothing.
  __device__ void copy(int stage) {
    if (left_to_copy_ >= kChunk) {
      copy_chunk<true>(staged_[stage], kChunk);
    } else if (left_to_copy_ > 0) {
      copy_chunk<false>(staged_[stage], static_cast<int>(left_to_copy_));
    }
    left_to_copy_ -= kChunk;
    __pipeline_commit();
  }

  template <bool kWhole>
  __device__ void copy_chunk(Staged& to, int tokens) {
    if constexpr (!kMakesAbar) copy_abar_.template next<kWhole>(to.abar, tokens);
    if constexpr (!kMakesDBx) copy_dbx_.template next<kWhole>(to.dbx, tokens);
    if constexpr (kReadsDelta) copy_delta_.template next<kWhole>(to.delta, tokens);
    if constexpr (kMakesDBx) copy_u_.template next<kWhole>(to.u, tokens);
    if constexpr (kMakesDBx) copy_states<kWhole>(to.b, b_, tokens);
    if constexpr (kReadsOut) copy_states<kWhole>(to.c, c_, tokens);
  }

  // Of kPack tokens the same W states are side by side.
  __device__ static int place_of(int token, int n) {
    return ((token / kPack) * kLanes + n / W) * (kPack * W) + (token % kPack) * W + n % W;
  }

  template <bool kWhole>
  __device__ void copy_states(T* to, const T*& from, int tokens) const {
    constexpr int kPiece = W * sizeof(T) < 16 ? W : 16 / sizeof(T);  // Neighbours here and there.
    constexpr int kPieces = kChunk * N / kPiece;
    constexpr bool kEven = kBlock * kPiece % (N * kPack) == 0;  // The next piece is as far here as there.
    const int first = static_cast<int>(threadIdx.x) * kPiece;
    const int first_place = place_of(first / N, first % N);
#pragma unroll
    for (int i = 0; i < kPieces * kPiece; i += kBlock * kPiece) {
      const int at = first + i;
      if (kPieces % kBlock == 0 || at < kPieces * kPiece) {
        const bool there = kWhole || at < tokens * N;
        __pipeline_memcpy_async(to + (kEven ? first_place + i : place_of(at / N, at % N)), there ? from + at : from,
                                kPiece * sizeof(T), there ? 0 : kPiece * sizeof(T));
      }
    }
    from += kChunk * N;
  }

  // delta and delta * u, a channel's tokens side by side, once for all threads of a channel.
  __device__ void convert(int stage, int to_shared) {
    const Staged& from = staged_[stage];
    Shared& to = shared_[to_shared];
    if constexpr (kReadsDelta) {
      constexpr int kStep = kBlock / kChannels;
      const int channel = threadIdx.x % kChannels;
      const int token = threadIdx.x / kChannels;
#pragma unroll
      for (int i = 0; i < kChunk; i += kStep) {
        if (kChunk % kStep != 0 && token + i >= kChunk) break;
        const float delta = to_float(from.delta[token + i][channel]);
        if constexpr (kMakesAbar) to.delta[channel][token + i] = delta;
        if constexpr (kMakesDBx) to.scaled[channel][token + i] = delta * to_float(from.u[token + i][channel]);
      }
    }
  }

  // What kGroup tokens bring to a thread's states. Read well before it is used: no other warp may be there to wait with.
  struct Operands {
    float decay[kGroup][C][W];   // Abar
    float addend[kGroup][C][W];  // dBx
    float in[kGroup][W];         // B
    float out[kGroup][W];        // C
    float delta[C][kGroup], scaled[C][kGroup];
  };

  __device__ void read(const Staged& staged, const Shared& shared, int first, Operands& to) const {
    const int channel = threadIdx.x / kLanes * C;
    const int lane = threadIdx.x % kLanes;
#pragma unroll
    for (int i = 0; i < kGroup; i += 4) {
#pragma unroll
      for (int c = 0; c < C; ++c) {
        if constexpr (kMakesAbar) load<4>(&shared.delta[channel + c][first + i], reinterpret_cast<float(&)[4]>(to.delta[c][i]));
        if constexpr (kMakesDBx) load<4>(&shared.scaled[channel + c][first + i], reinterpret_cast<float(&)[4]>(to.scaled[c][i]));
      }
    }
#pragma unroll
    for (int i = 0; i < kGroup; i += kPack) {
      const int place = place_of(first + i, 0) + lane * kPack * W;
      using Packed = float(&)[kPack * W];
      if constexpr (kMakesDBx) load<kPack * W>(staged.b + place, reinterpret_cast<Packed>(to.in[i][0]));
      if constexpr (kReadsOut) load<kPack * W>(staged.c + place, reinterpret_cast<Packed>(to.out[i][0]));
    }
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
#pragma unroll
      for (int c = 0; c < C; ++c) {
        if constexpr (!kMakesAbar) load<W>(&staged.abar[first + i][mine(c)], to.decay[i][c]);
        if constexpr (!kMakesDBx) load<W>(&staged.dbx[first + i][mine(c)], to.addend[i][c]);
      }
    }
  }

  // Nothing here depends on the state. Tokens past the end, whose delta and dBx are 0, leave it as it is.
  template <bool kWhole>
  __device__ void prepare(Operands& of, int tokens) const {
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
#pragma unroll
      for (int c = 0; c < C; ++c) {
#pragma unroll
        for (int w = 0; w < W; ++w) {
          if constexpr (kMakesAbar) of.decay[i][c][w] = exp2_approx(of.delta[c][i] * a_[c][w]);
          if constexpr (kMakesDBx) of.addend[i][c][w] = of.in[i][w] * of.scaled[c][i];
          if constexpr (!kMakesAbar && !kWhole) of.decay[i][c][w] = i < tokens ? of.decay[i][c][w] : 1.0F;
        }
      }
    }
  }

  template <bool kWhole>
  __device__ void compute(const Staged& staged, const Shared& shared, int tokens) {
    float terms[kReadsOut ? kLanes : 1];
    Operands now;
    read(staged, shared, 0, now);
    prepare<kWhole>(now, tokens);
#pragma unroll
    for (int group = 0; group < kChunk; group += kGroup) {
      if (!kWhole && group % kTokensOfSum == 0 && group >= tokens) break;
      Operands next;
      if (group + kGroup < kChunk) read(staged, shared, group + kGroup, next);
#pragma unroll
      for (int i = 0; i < kGroup; ++i) {
        const int token = group + i;
#pragma unroll
        for (int c = 0; c < C; ++c) step<kWhole>(now, i, c, terms, token, tokens);
      }
      if (group + kGroup < kChunk) {
        prepare<kWhole>(next, tokens - group - kGroup);
        now = next;
      }
    }
  }

  // One token of one channel.
  template <bool kWhole, int kTerms>
  __device__ void step(const Operands& now, int i, int c, float (&terms)[kTerms], int token, int tokens) {
#pragma unroll
    for (int w = 0; w < W; ++w) carry_[c][w] = fmaf(now.decay[i][c][w], carry_[c][w], now.addend[i][c][w]);
    if constexpr (kReadsOut) {
      const int term = token % kTokensOfSum * C + c;
      terms[term] = now.out[i][0] * carry_[c][0];
#pragma unroll
      for (int w = 1; w < W; ++w) terms[term] = fmaf(now.out[i][w], carry_[c][w], terms[term]);
      if (term + 1 < kLanes) return;
      const float sum = transposed_sum<kLanes / 2>(terms);
      const int lane = static_cast<int>(threadIdx.x) % kLanes;
      if (kWhole || token + 1 - kTokensOfSum + lane / C < tokens) *y_ = from_float<T>(sum);
      y_ += kTokensOfSum * shape_.channels;
    } else {
      if (kWhole || token < tokens) store<W>(carry_[c], h_ + c * N);
      if (c + 1 == C) h_ += shape_.channels * N;
    }
  }

  Shape shape_;
  Shared* shared_;
  Staged* staged_;
  std::int64_t left_to_copy_ = 0;
  RowCopy<kBlock, kChunk, kSlice * static_cast<int>(sizeof(T))> copy_abar_, copy_dbx_;
  RowCopy<kBlock, kChunk, kChannels * static_cast<int>(sizeof(T))> copy_delta_, copy_u_;
  const T *b_, *c_;
  T *state_, *h_, *y_;
  float a_[C][W] = {};
  float carry_[C][W] = {};  // States before the token that is next.
};

template <class T, int N, Layout kLayout, bool kMakesAbar, bool kMakesDBx, bool kReadsOut>
__global__ void __launch_bounds__(kLayout.block, 1) recurrence(StateUpdate<T> t, Shape shape) {
  extern __shared__ char4 shared[];
  Recurrence<T, N, kLayout, kMakesAbar, kMakesDBx, kReadsOut>{t, shape, reinterpret_cast<char*>(shared)}.run();
}
