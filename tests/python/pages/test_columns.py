"""The arithmetic of the page's script: what a column of the chart says of the samples and buckets in it."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from python.pages.opened import Opened, context_of

pytestmark = pytest.mark.usefixtures("core")

FILL = """([channel, begin, width, count]) => {
  const numbers = { f8: Float64Array, f4: Float32Array, u2: Uint16Array }, parts = [];
  let at = 0;
  const place = (kind, values) => {
    const data = new numbers[kind](values.map((value) => value ?? NaN));
    parts.push([at, new Uint8Array(data.buffer)]);
    const told = { type: kind, at, count: values.length };
    at += Math.ceil(data.byteLength / 8) * 8;
    return told;
  };
  const spec = { ...channel };
  for (const [name, [kind, values]] of Object.entries(channel.arrays)) spec[name] = place(kind, values);
  const buffer = new ArrayBuffer(at);
  for (const [start, bytes] of parts) new Uint8Array(buffer).set(bytes, start);
  const out = { low: new Array(count), high: new Array(count), mean: new Array(count) };
  impactPower.channelOf(spec, buffer).fill(begin, width, out);
  return out;
}"""


@pytest.mark.parametrize("seed", range(4))
def test_columns_of_samples_are_what_a_sum_over_them_says(browser: Browser, report: Path, seed: int) -> None:
    draw = random.Random(seed)
    ends, values = [0.5], [math.nan]
    for _ in range(300):
        ends.append(ends[-1] + draw.choice((0.01, 0.1, 0.1, 2.0)))
        values.append(math.nan if draw.random() < 0.2 else float(draw.randrange(1, 500)))
    begin, count = draw.uniform(0, ends[-1] / 2), 40
    width = (ends[-1] - begin) / count * draw.uniform(0.1, 1.2)
    channel = {
        "kind": "steps",
        "begin": 0.5,
        "arrays": {"times": ["f8", ends], "values": ["f4", [None if math.isnan(value) else value for value in values]]},
    }
    with context_of(browser) as context:
        out = Opened(context, report).page.evaluate(FILL, [channel, begin, width, count])
    for column in range(count):
        low, high = begin + column * width, begin + (column + 1) * width
        parts = [
            (max(0.0, min(end, high) - max(start, low)), value)
            for start, end, value in zip(ends, ends[1:], values[1:])
            if not math.isnan(value) and min(end, high) > max(start, low)
        ]
        if not parts:
            assert out["mean"][column] is None
            continue
        seconds = sum(span for span, _ in parts)
        assert out["mean"][column] == pytest.approx(sum(span * value for span, value in parts) / seconds)
        assert (out["low"][column], out["high"][column]) == (min(v for _, v in parts), max(v for _, v in parts))


@pytest.mark.parametrize("merged", [1, 4, 16, 100])
def test_columns_of_buckets_lose_no_peak_at_any_zoom(browser: Browser, report: Path, merged: int) -> None:
    draw = random.Random(merged)
    count = 4000
    codes = [65535 if draw.random() < 0.05 else draw.randrange(1000, 40000) for _ in range(count)]
    codes[1234] = 65534
    arrays = {name: ["u2", codes] for name in ("low", "high", "mean")}
    channel = {"kind": "buckets", "begin": 0.0, "width": 0.25, "lowest": 0.0, "highest": 65534.0, "arrays": arrays}
    columns = count // merged
    with context_of(browser) as context:
        out = Opened(context, report).page.evaluate(FILL, [channel, 0.0, 0.25 * merged, columns])
    for column in range(columns):
        inside = [code for code in codes[column * merged : (column + 1) * merged] if code != 65535]
        if not inside:
            assert out["mean"][column] is None
            continue
        beside = slice(max(column - 1, 0), column + 2)
        assert min(value for value in out["low"][beside] if value is not None) <= min(inside) + 0.1
        assert max(value for value in out["high"][beside] if value is not None) >= max(inside) - 0.1
        if merged in (1, 4, 16):  # the columns begin where buckets do
            assert out["mean"][column] == pytest.approx(sum(inside) / len(inside), rel=0.2)
            assert (out["low"][column], out["high"][column]) == (pytest.approx(min(inside)), pytest.approx(max(inside)))
    assert max(value for value in out["high"] if value is not None) == pytest.approx(65534)
