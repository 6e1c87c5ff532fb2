// Power as the file holds it: arrays in one compressed block, and for long runs a pyramid of buckets over them.
"use strict";

const impactPower = (() => {
  const TYPES = { f8: Float64Array, f4: Float32Array, u2: Uint16Array };
  const MISSING = 65535; // a bucket in which nothing was measured
  const FACTOR = 4; // buckets of one level that make one of the next

  // The block of arrays, or null where the page has none.
  async function block() {
    const text = document.getElementById("impact-samples")?.textContent.trim();
    if (!text) return null;
    if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot unpack the samples");
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  }

  function array(buffer, place) {
    return new TYPES[place.type](buffer, place.at, place.count);
  }

  // Watts from the whole numbers in which a bucket's values are kept.
  function watts(numbers, channel) {
    const values = new Float32Array(numbers.length);
    const step = (channel.highest - channel.lowest) / (MISSING - 1);
    for (let i = 0; i < numbers.length; i++) {
      values[i] = numbers[i] === MISSING ? NaN : channel.lowest + step * numbers[i];
    }
    return values;
  }

  function coarser(level) {
    const count = Math.ceil(level.mean.length / FACTOR);
    const next = {
      width: level.width * FACTOR,
      low: new Float32Array(count),
      high: new Float32Array(count),
      mean: new Float32Array(count),
    };
    for (let i = 0; i < count; i++) {
      merge(level, i * FACTOR, Math.min((i + 1) * FACTOR, level.mean.length), next, i);
    }
    return next;
  }

  // Buckets from begin to end of a level as one value of `out`.
  function merge(level, begin, end, out, at) {
    let low = Infinity, high = -Infinity, sum = 0, known = 0;
    for (let i = begin; i < end; i++) {
      if (Number.isNaN(level.mean[i])) continue;
      if (level.low[i] < low) low = level.low[i];
      if (level.high[i] > high) high = level.high[i];
      sum += level.mean[i];
      known++;
    }
    out.low[at] = known ? low : NaN;
    out.high[at] = known ? high : NaN;
    out.mean[at] = known ? sum / known : NaN;
  }

  // Samples each of which holds from the one before it to its own time.
  class Steps {
    constructor(channel, buffer) {
      this.ends = array(buffer, channel.times);
      this.values = array(buffer, channel.values);
      this.begin = channel.begin;
    }
    fill(begin, width, out) {
      const { ends, values } = this;
      let i = 0, top = ends.length;
      while (i < top) { // the first sample that ends after the window's begin
        const middle = (i + top) >> 1;
        if (ends[middle] <= begin) i = middle + 1; else top = middle;
      }
      for (let c = 0; c < out.mean.length; c++) {
        const from = begin + c * width, to = from + width;
        while (i < ends.length && ends[i] <= from) i++;
        let low = Infinity, high = -Infinity, joules = 0, seconds = 0;
        for (let j = i; j < ends.length; j++) {
          const start = j ? ends[j - 1] : this.begin;
          if (start >= to) break;
          const value = values[j];
          if (Number.isNaN(value)) continue;
          const overlap = Math.min(ends[j], to) - Math.max(start, from);
          if (overlap <= 0) continue;
          joules += value * overlap;
          seconds += overlap;
          if (value < low) low = value;
          if (value > high) high = value;
        }
        out.low[c] = seconds ? low : null;
        out.high[c] = seconds ? high : null;
        out.mean[c] = seconds ? joules / seconds : null;
      }
    }
  }

  class Buckets {
    constructor(channel, buffer) {
      this.begin = channel.begin;
      const finest = { width: channel.width };
      for (const name of ["low", "high", "mean"]) finest[name] = watts(array(buffer, channel[name]), channel);
      this.levels = [finest];
      while (this.levels.at(-1).mean.length > 64) this.levels.push(coarser(this.levels.at(-1)));
    }
    fill(begin, width, out) {
      let level = this.levels[0];
      // Buckets a quarter as wide as a column, so that what lies at its edge is drawn within a quarter of a pixel.
      for (const other of this.levels) if (other.width * FACTOR <= width * (1 + 1e-9)) level = other;
      const scratch = { low: [0], high: [0], mean: [0] };
      for (let c = 0; c < out.mean.length; c++) {
        const from = (begin + c * width - this.begin) / level.width;
        const first = Math.max(0, Math.floor(from));
        const last = Math.min(level.mean.length, Math.max(first + 1, Math.round(from + width / level.width)));
        if (from + width / level.width <= 0 || first >= level.mean.length) {
          out.low[c] = out.high[c] = out.mean[c] = null;
          continue;
        }
        merge(level, first, last, scratch, 0);
        for (const name of ["low", "high", "mean"]) {
          out[name][c] = Number.isNaN(scratch[name][0]) ? null : scratch[name][0];
        }
      }
    }
  }

  function channelOf(channel, buffer) {
    return channel.kind === "steps" ? new Steps(channel, buffer) : new Buckets(channel, buffer);
  }

  return { block, array, channelOf };
})();
