// The state update's groups with the recurrence: scan alone, or fused with what makes its operands and reads it out.
#pragma once

#include <cuda_pipeline.h>

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

// A thread carries W states of a channel in registers from chunk to chunk of kChunk
// tokens. What a chunk reads is copied to shared memory while kStages - 2 chunks before it are computed; delta and u, of which
// several threads need the same, are then turned once for all of them.

// `rows` of kRowBytes at `from`, `stride` bytes apart, to a dense place in shared memory, by all threads of the block.
template <int kThreadsOfBlock, int kMostRows, int kRowBytes>
__device__ void copy_rows(void* to, const void* from, std::int64_t stride, int rows) {
  constexpr int kBytes = kRowBytes < 16 ? kRowBytes : 16;
  constexpr int kParts = kRowBytes / kBytes;
  static_assert(kRowBytes % kBytes == 0 && (kBytes == 4 || kBytes == 8 || kBytes == 16));
#pragma unroll
  for (int i = 0; i < kMostRows * kParts; i += kThreadsOfBlock) {
    const int at = i + static_cast<int>(threadIdx.x);
    const int row = at / kParts;
    if (row >= rows) break;
    __pipeline_memcpy_async(static_cast<char*>(to) + at * kBytes,
                            static_cast<const char*>(from) + row * stride + at % kParts * kBytes, kBytes);
  }
}

// How a recurrence is laid over threads.
struct Layout {
  int block;         // Threads of a block.
  int width;         // States of a thread: W.
  int segments = 1;  // Threads that share the tokens of a chunk for the same states.
  int tokens;        // Of a chunk that one of them has.
  int stages = 3;    // Chunks in shared memory.
  int blocks = 3;    // At least so many should fit a multiprocessor.
};

template <class T, int N, Layout kLayout, bool kMakesAbar, bool kMakesDBx, bool kReadsOut>
class Recurrence {
  static constexpr int kBlock = kLayout.block;
  static constexpr int W = kLayout.width;
  static constexpr int kSegments = kLayout.segments;
  static constexpr int kTokens = kLayout.tokens;
  static constexpr int kStages = kLayout.stages;
  static constexpr int kChunk = kSegments * kTokens;
  static constexpr int kThreadsOfSegment = kBlock / kSegments;
  static constexpr int kLanes = N / W;  // That share a channel.
  static constexpr int kChannels = kThreadsOfSegment / kLanes;
  static constexpr int kSlice = kThreadsOfSegment * W;
  static constexpr int kPadded = kChunk + 4;  // So that channels' rows begin in different banks.
  // Tokens whose W values of B or C a thread reads as one access.
  static constexpr int kPack = W * sizeof(T) < 16 ? 16 / (W * sizeof(T)) : 1;
  // Tokens whose operands a thread has in registers: all of its segment, if it goes through them twice.
  static constexpr int kGroup = kSegments > 1 ? kTokens : W < 8 ? 16 / W : 4;
  static constexpr bool kReadsDelta = kMakesAbar || kMakesDBx;
  static_assert(kTokens % kGroup == 0 && (!kReadsOut || kTokens % kLanes == 0) && kThreadsOfSegment % 32 == 0);
  static_assert(kStages >= 3 && kGroup % kPack == 0);

  // Of one chunk, as in DRAM, but for the order of B and C.
  struct alignas(16) Staged {
    T abar[kMakesAbar ? 0 : kChunk][kSlice];
    T dbx[kMakesDBx ? 0 : kChunk][kSlice];
    T delta[kReadsDelta ? kChunk : 0][kChannels];
    T u[kMakesDBx ? kChunk : 0][kChannels];
    T b[kMakesDBx ? kChunk * N : 0];  // At place_of(token, n).
    T c[kReadsOut ? kChunk * N : 0];
  };
  // Of one chunk, in fp32.
  struct alignas(16) Shared {
    float delta[kMakesAbar ? kChannels : 0][kPadded];
    float scaled[kMakesDBx ? kChannels : 0][kPadded];  // delta * u
  };
  // Of a segment, from state to state: the product of Abar, and what it ends with if it begins with 0.
  using Exchange = float2[kSegments][W][kThreadsOfSegment];

 public:
  static constexpr int kSharedBytes =
      2 * sizeof(Shared) + kStages * sizeof(Staged) + (kSegments > 1 ? sizeof(Exchange) : 0);

  __device__ Recurrence(const StateUpdate<T>& t, Shape shape, char* shared)
      : t_{t}, shape_{shape}, shared_{reinterpret_cast<Shared*>(shared)},
        staged_{reinterpret_cast<Staged*>(shared + 2 * sizeof(Shared))},
        exchange_{reinterpret_cast<Exchange*>(shared + 2 * sizeof(Shared) + kStages * sizeof(Staged))},
        segment_{static_cast<int>(threadIdx.x) / kThreadsOfSegment},
        thread_{static_cast<int>(threadIdx.x) % kThreadsOfSegment} {}

  __device__ void run() {
    const std::int64_t slice = std::int64_t{blockIdx.x} * kSlice + thread_ * W;
    if constexpr (kMakesAbar) {
      load<W>(t_.a + slice, a_);
      for (float& value : a_) value *= kLog2E;
    }
    const int chunks = static_cast<int>((shape_.tokens + kChunk - 1) / kChunk);
    for (int ahead = 0; ahead + 1 < kStages; ++ahead) copy(ahead);
    __pipeline_wait_prior(kStages - 2);
    __syncthreads();
    convert(0);
    for (int chunk = 0; chunk < chunks; ++chunk) {
      __pipeline_wait_prior(kStages - 3);
      __syncthreads();
      copy(chunk + kStages - 1);
      if (chunk + 1 < chunks) convert(chunk + 1);
      const int tokens = tokens_in(chunk);
      tokens == kChunk ? compute<true>(chunk, tokens, slice) : compute<false>(chunk, tokens, slice);
    }
    if (kReadsOut && segment_ == 0) store<W>(carry_, t_.state + slice);
  }

 private:
  // Not positive past the end.
  __device__ int tokens_in(int chunk) const {
    return static_cast<int>(min(std::int64_t{kChunk}, shape_.tokens - std::int64_t{chunk} * kChunk));
  }

  // Starts to bring a chunk; one past the end brings nothing.
  __device__ void copy(int chunk) {
    Staged& to = staged_[chunk % kStages];
    const int tokens = tokens_in(chunk);
    const std::int64_t first = std::int64_t{chunk} * kChunk;
    const std::int64_t whole = shape_.channels * N;
    const std::int64_t slices = first * whole + std::int64_t{blockIdx.x} * kSlice;
    const std::int64_t rows = first * shape_.channels + std::int64_t{blockIdx.x} * kChannels;
    constexpr int kSliceBytes = kSlice * sizeof(T);
    constexpr int kRowBytes = kChannels * sizeof(T);
    const std::int64_t row_stride = shape_.channels * sizeof(T);
    if constexpr (!kMakesAbar) copy_rows<kBlock, kChunk, kSliceBytes>(to.abar, t_.abar + slices, whole * sizeof(T), tokens);
    if constexpr (!kMakesDBx) copy_rows<kBlock, kChunk, kSliceBytes>(to.dbx, t_.dbx + slices, whole * sizeof(T), tokens);
    if constexpr (kReadsDelta) copy_rows<kBlock, kChunk, kRowBytes>(to.delta, t_.delta + rows, row_stride, tokens);
    if constexpr (kMakesDBx) copy_rows<kBlock, kChunk, kRowBytes>(to.u, t_.u + rows, row_stride, tokens);
    if constexpr (kMakesDBx) copy_states(to.b, t_.b + first * N, tokens);
    if constexpr (kReadsOut) copy_states(to.c, t_.c + first * N, tokens);
    __pipeline_commit();
  }

  // A chunk of B or C.
  __device__ void copy_states(T* to, const T* from, int tokens) const {
    constexpr int kPiece = W * sizeof(T) < 16 ? W : 16 / sizeof(T);  // Neighbours here and there.
#pragma unroll
    for (int i = 0; i < kChunk * N / kPiece; i += kBlock) {
      const int at = (i + static_cast<int>(threadIdx.x)) * kPiece;
      if (at >= tokens * N) break;
      __pipeline_memcpy_async(to + place_of(at / N, at % N), from + at, kPiece * sizeof(T));
    }
  }

  // Past the last token delta is zero, which changes no state.
  __device__ void convert(int chunk) {
    const Staged& from = staged_[chunk % kStages];
    Shared& to = shared_[chunk % 2];
    const int tokens = tokens_in(chunk);
#pragma unroll
    for (int i = 0; kReadsDelta && i < kChannels * kChunk; i += kBlock) {
      const int at = i + static_cast<int>(threadIdx.x);
      if (at >= kChannels * kChunk) break;
      const int token = at / kChannels;
      const int channel = at % kChannels;
      const float delta = token < tokens ? to_float(from.delta[token][channel]) : 0.0F;
      if constexpr (kMakesAbar) to.delta[channel][token] = delta;
      if constexpr (kMakesDBx) to.scaled[channel][token] = token < tokens ? delta * to_float(from.u[token][channel]) : 0.0F;
    }
  }

  // Of kPack tokens the same W states are side by side.
  __device__ static int place_of(int token, int n) {
    return ((token / kPack) * kLanes + n / W) * (kPack * W) + (token % kPack) * W + n % W;
  }

  // What kGroup tokens bring to a thread's states. Read well before it is used: no other warp may be there to wait with.
  struct Operands {
    float decay[kGroup][W];  // Abar, or A.
    float addend[kGroup][W];  // dBx, or B.
    float out[kGroup][W];     // C
    float delta[kGroup], scaled[kGroup];
  };

  __device__ void read(int chunk, int first, Operands& to) const {
    const Shared& shared = shared_[chunk % 2];
    const Staged& staged = staged_[chunk % kStages];
    const int channel = thread_ / kLanes;
    const int lane = thread_ % kLanes;
#pragma unroll
    for (int i = 0; i < kGroup; i += 4) {
      if constexpr (kMakesAbar) load<4>(&shared.delta[channel][first + i], reinterpret_cast<float(&)[4]>(to.delta[i]));
      if constexpr (kMakesDBx) load<4>(&shared.scaled[channel][first + i], reinterpret_cast<float(&)[4]>(to.scaled[i]));
    }
#pragma unroll
    for (int i = 0; i < kGroup; i += kPack) {
      const int place = place_of(first + i, lane * W);
      using Packed = float(&)[kPack * W];
      if constexpr (kMakesDBx) load<kPack * W>(staged.b + place, reinterpret_cast<Packed>(to.addend[i][0]));
      if constexpr (kReadsOut) load<kPack * W>(staged.c + place, reinterpret_cast<Packed>(to.out[i][0]));
    }
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
      if constexpr (!kMakesAbar) load<W>(&staged.abar[first + i][thread_ * W], to.decay[i]);
      if constexpr (!kMakesDBx) load<W>(&staged.dbx[first + i][thread_ * W], to.addend[i]);
    }
  }

  // Of a group's tokens, of which `tokens` are there: nothing here depends on the state. Others leave it as it is.
  template <bool kWhole>
  __device__ void prepare(Operands& of, int tokens) const {
#pragma unroll
    for (int i = 0; i < kGroup; ++i) {
#pragma unroll
      for (int w = 0; w < W; ++w) {
        if constexpr (kMakesAbar) of.decay[i][w] = exp2_approx(of.delta[i] * a_[w]);
        if constexpr (kMakesDBx) of.addend[i][w] = __fmul_rn(of.addend[i][w], of.scaled[i]);
        if (kWhole || i < tokens) continue;
        of.decay[i][w] = 1.0F;
        of.addend[i][w] = 0.0F;
      }
    }
  }

  // Of several segments each goes through its tokens from 0, all tell where they end, and each begins where those before it
  // have ended.
  __device__ void begin_segment(const Operands& of, float (&h)[W]) {
    float end[W] = {};
    float product[W];
    float deltas = 0.0F;
#pragma unroll
    for (int i = 0; kMakesAbar && i < kGroup; ++i) deltas += of.delta[i];
#pragma unroll
    for (int w = 0; w < W; ++w) {
      product[w] = kMakesAbar ? exp2_approx(deltas * a_[w]) : 1.0F;
#pragma unroll
      for (int i = 0; i < kGroup; ++i) {
        end[w] = fmaf(of.decay[i][w], end[w], of.addend[i][w]);
        if constexpr (!kMakesAbar) product[w] *= of.decay[i][w];
      }
      (*exchange_)[segment_][w][thread_] = {product[w], end[w]};
    }
    __syncthreads();
#pragma unroll
    for (int s = 0; s < kSegments; ++s) {
#pragma unroll
      for (int w = 0; w < W; ++w) {
        if (s == segment_) h[w] = carry_[w];
        const float2 other = (*exchange_)[s][w][thread_];
        carry_[w] = fmaf(other.x, carry_[w], other.y);
      }
    }
  }

  template <bool kWhole>
  __device__ void compute(int chunk, int tokens, std::int64_t slice) {
    const std::int64_t first = std::int64_t{chunk} * kChunk;
    const int begin = segment_ * kTokens;
    float terms[kReadsOut ? kLanes : 1];
    float h[W];
    Operands now;
    read(chunk, begin, now);
    prepare<kWhole>(now, tokens - begin);
    if constexpr (kSegments > 1) begin_segment(now, h);
#pragma unroll
    for (int w = 0; w < W && kSegments == 1; ++w) h[w] = carry_[w];
#pragma unroll
    for (int group = 0; group < kTokens; group += kGroup) {
      Operands next;
      if (group + kGroup < kTokens) read(chunk, begin + group + kGroup, next);
#pragma unroll
      for (int i = 0; i < kGroup; ++i) {
        const int token = begin + group + i;
#pragma unroll
        for (int w = 0; w < W; ++w) h[w] = fmaf(now.decay[i][w], h[w], now.addend[i][w]);
        if constexpr (kReadsOut) {
          const int term = (group + i) % kLanes;
          terms[term] = 0.0F;
#pragma unroll
          for (int w = 0; w < W; ++w) terms[term] += now.out[i][w] * h[w];
          if (term + 1 == kLanes) write_out<kWhole>(terms, first, token + 1 - kLanes, tokens);
        } else {
          if (kWhole || token < tokens) store<W>(h, t_.h + (first + token) * shape_.channels * N + slice);
        }
      }
      if (group + kGroup < kTokens) {
        prepare<kWhole>(next, tokens - begin - group - kGroup);
        now = next;
      }
    }
#pragma unroll
    for (int w = 0; w < W && kSegments == 1; ++w) carry_[w] = h[w];
  }

  // y of kLanes tokens from `token` of the chunk that begins with `first`.
  template <bool kWhole>
  __device__ void write_out(float (&terms)[kLanes], std::int64_t first, int token, int tokens) const {
    const float sum = transposed_sum<kLanes / 2>(terms);
    const int mine = token + thread_ % kLanes;
    if (!kWhole && mine >= tokens) return;
    const std::int64_t channel = std::int64_t{blockIdx.x} * kChannels + thread_ / kLanes;
    t_.y[(first + mine) * shape_.channels + channel] = from_float<T>(sum);
  }

  const StateUpdate<T>& t_;
  Shape shape_;
  Shared* shared_;
  Staged* staged_;
  Exchange* exchange_;
  int segment_;
  int thread_;  // In its segment.
  float a_[W] = {};
  float carry_[W] = {};  // States before the chunk that is next.
};

template <class T, int N, Layout kLayout, bool kMakesAbar, bool kMakesDBx, bool kReadsOut>
__global__ void __launch_bounds__(kLayout.block, kLayout.blocks) recurrence(StateUpdate<T> t, Shape shape) {
  extern __shared__ char4 shared[];
  Recurrence<T, N, kLayout, kMakesAbar, kMakesDBx, kReadsOut>{t, shape, reinterpret_cast<char*>(shared)}.run();
}
