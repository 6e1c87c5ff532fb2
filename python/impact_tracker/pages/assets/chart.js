// Charts of power over time, with the regions and the gaps as a track below them.
"use strict";

const impactCharts = (() => {
  const LIGHT = ["#2a6fb5", "#c2571a", "#2f7d55", "#9a3f8c", "#85711a", "#1f7f93", "#b23a48", "#5d646e"];
  const DARK = ["#7fb2e8", "#f2a268", "#72c797", "#dc95d0", "#d3c05e", "#6fc9db", "#f0868f", "#b3bac4"];
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  const LANE = 18, MOST_LANES = 6, PLOT_HEIGHT = 260, AXIS_WIDTH = 64, RIGHT = 28;
  const MOST_MOVING = 2000, SETTLED_MS = 150;
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const FINE = [-6, -5, -4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
  const TIME_STEPS = [
    ...FINE, 1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR,
    3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY, 50 * DAY, 100 * DAY,
  ];
  const charts = [];

  function isDark() {
    return getComputedStyle(document.documentElement).getPropertyValue("--theme").trim() === "dark";
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function hatch(stroke, ratio) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = Math.round(8 * ratio);
    const pen = tile.getContext("2d");
    pen.strokeStyle = stroke;
    pen.lineWidth = ratio;
    pen.globalAlpha = 0.55;
    for (const shift of [-tile.width, 0, tile.width]) {
      pen.beginPath();
      pen.moveTo(shift, tile.height);
      pen.lineTo(shift + tile.width, 0);
      pen.stroke();
    }
    return pen.createPattern(tile, "repeat");
  }

  // Three digits, and never fewer than those before the point: no instrument here knows more of one moment.
  function watts(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return "no reading";
    const size = Math.abs(value);
    const [factor, unit] = size >= 1e6 ? [1e6, "MW"] : size >= 1e3 ? [1e3, "kW"] : size >= 1 || !size ? [1, "W"] : [1e-3, "mW"];
    const scaled = value / factor;
    const decimals = scaled ? Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled)))) : 0;
    return `${scaled.toFixed(Math.min(decimals, 3))} ${unit}`;
  }

  function stepOf(splits) {
    return splits.length > 1 ? splits[1] - splits[0] : 1;
  }

  // One unit for the whole axis, and no more decimals than its steps have.
  function axisWatts(value, splits) {
    const top = Math.max(...splits.map(Math.abs));
    const [factor, unit] = top >= 2e6 ? [1e6, "MW"] : top >= 2e3 ? [1e3, "kW"] : top >= 0.5 || !top ? [1, "W"] : [1e-3, "mW"];
    const decimals = Math.max(0, -Math.floor(Math.log10(stepOf(splits) / factor) + 1e-9));
    return `${(value / factor).toFixed(Math.min(decimals, 6))} ${unit}`;
  }

  function seconds(value, step) {
    if (value < 0) return `−${seconds(-value, step)}`;
    const decimals = step >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(step)));
    if (value < 60 && step < 60) return `${value.toFixed(decimals)} s`;
    const pad = (number) => String(Math.floor(number)).padStart(2, "0");
    const rest = decimals ? (value % 60).toFixed(decimals).padStart(decimals + 3, "0") : pad(value % 60);
    return `${Math.floor(value / 3600)}:${pad((value % 3600) / 60)}:${rest}`;
  }

  class Chart {
    constructor(host, run, buffer) {
      this.host = host;
      this.run = run;
      this.end = run.duration;
      this.from = 0;
      this.to = run.duration;
      this.channels = run.channels.map((spec) => ({ spec, data: impactPower.channelOf(spec, buffer), shown: !spec.apart }));
      this.regions = run.regions.count ? this.readRegions(run.regions, buffer) : null;
      this.gaps = run.gaps ? impactPower.array(buffer, run.gaps) : new Float64Array(0);
      this.plotBox = host.querySelector(".plot");
      this.track = host.querySelector(".track");
      this.readout = host.querySelector(".readout");
      this.slider = host.querySelector("input[type=range]");
      this.width = 0;
      this.cursor = null;
      this.makeButtons();
      this.listen();
      this.moveSlider(true);
      this.build();
    }

    readRegions(places, buffer) {
      const read = (name) => impactPower.array(buffer, places[name]);
      return { begin: read("begin"), end: read("end"), depth: read("depth"), name: read("name"), names: places.names };
    }

    makeButtons() {
      const box = this.host.querySelector(".devices");
      this.channels.forEach((channel, index) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = channel.spec.modelled ? "device modelled" : "device";
        button.setAttribute("aria-pressed", String(channel.shown));
        const swatch = document.createElement("canvas");
        swatch.width = 28;
        swatch.height = 16;
        swatch.className = "swatch";
        swatch.setAttribute("aria-hidden", "true");
        const name = document.createElement("bdi");
        name.textContent = channel.spec.label;
        channel.value = document.createElement("span");
        channel.value.className = "value";
        const quality = document.createElement("span");
        quality.className = "quality-word";
        quality.textContent = channel.spec.quality;
        button.append(swatch, name, " ", quality, " ", channel.value);
        button.addEventListener("click", () => {
          channel.shown = !channel.shown;
          button.setAttribute("aria-pressed", String(channel.shown));
          this.build();
        });
        channel.swatch = swatch;
        channel.index = index;
        box.append(button);
      });
    }

    listen() {
      for (const button of this.host.querySelectorAll("button[data-act]")) {
        button.addEventListener("click", () => this.act(button.dataset.act));
      }
      this.slider.addEventListener("input", () => {
        const free = this.end - (this.to - this.from);
        const begin = (free * this.slider.value) / 1000;
        this.view(begin, begin + this.to - this.from, false);
      });
      this.plotBox.addEventListener("keydown", (event) => this.key(event));
      this.plotBox.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      this.plotBox.addEventListener("pointerdown", (event) => this.grab(event), true);
      this.track.addEventListener("pointermove", (event) => this.pointAt(this.timeAt(event.offsetX)));
      this.host.addEventListener("impact-view", (event) => this.view(event.detail.from, event.detail.to));
      new ResizeObserver(() => {
        if (Math.abs(this.plotBox.clientWidth - this.width) > 1) this.build();
      }).observe(this.plotBox);
    }

    act(what) {
      const span = this.to - this.from, middle = (this.from + this.to) / 2;
      if (what === "in") this.view(middle - span / 4, middle + span / 4);
      if (what === "out") this.view(middle - span, middle + span);
      if (what === "earlier") this.view(this.from - span / 2, this.to - span / 2);
      if (what === "later") this.view(this.from + span / 2, this.to + span / 2);
      if (what === "all") this.view(0, this.end);
    }

    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const actions = { "+": "in", "=": "in", "-": "out", "0": "all", Escape: "all", PageUp: "earlier", PageDown: "later" };
      const span = this.to - this.from;
      const cursor = this.cursor ?? (this.from + this.to) / 2;
      const move = { ArrowLeft: -span / 50, ArrowRight: span / 50 }[event.key];
      if (actions[event.key]) this.act(actions[event.key]);
      else if (move) this.pointAt(Math.min(this.to, Math.max(this.from, cursor + move)), true);
      else if (event.key === "Home") this.view(0, span);
      else if (event.key === "End") this.view(this.end - span, this.end);
      else return;
      event.preventDefault();
    }

    wheel(event) {
      if (!event.ctrlKey && !event.metaKey) return; // the page's own scrolling stays what it is
      event.preventDefault();
      const at = this.timeAt(event.offsetX), factor = event.deltaY > 0 ? 1.25 : 0.8;
      this.view(at - (at - this.from) * factor, at + (this.to - at) * factor);
    }

    grab(event) {
      if (!event.shiftKey) return; // without the key a drag zooms into what it marks
      event.preventDefault();
      event.stopPropagation();
      const begin = event.clientX, from = this.from, span = this.to - this.from;
      const move = (later) => {
        const shift = ((begin - later.clientX) / this.plot.over.clientWidth) * span;
        this.view(from + shift, from + shift + span);
      };
      const drop = () => removeEventListener("pointermove", move);
      addEventListener("pointermove", move);
      addEventListener("pointerup", drop, { once: true });
    }

    timeAt(x) {
      return this.from + ((x - AXIS_WIDTH) / Math.max(1, this.width - AXIS_WIDTH - RIGHT)) * (this.to - this.from);
    }

    view(from, to, slide = true) {
      const span = Math.min(Math.max(to - from, this.run.shortest), this.end);
      const middle = (from + to) / 2;
      this.from = Math.min(Math.max(0, middle - span / 2), this.end - span);
      this.to = this.from + span;
      this.moveSlider(slide);
      if (!this.pending) {
        this.pending = true;
        requestAnimationFrame(() => {
          this.pending = false;
          this.draw(true);
        });
      }
    }

    moveSlider(slide) {
      const span = this.to - this.from, free = this.end - span;
      if (slide) this.slider.value = free > 0 ? Math.round((1000 * this.from) / free) : 0;
      this.slider.disabled = free <= 0;
      this.slider.setAttribute("aria-valuetext", `${seconds(this.from, span / 100)} to ${seconds(this.to, span / 100)}`);
    }

    shownChannels() {
      return this.channels.filter((channel) => channel.shown);
    }

    // What the window shows: a column for each pixel, with the mean and the lowest and highest of each.
    columns(moving) {
      const pixels = Math.max(50, Math.round(this.width - AXIS_WIDTH - RIGHT));
      // While much of it moves, a column for every second pixel is enough; it is drawn in full once it stands still.
      const count = moving && pixels * this.shownChannels().length > MOST_MOVING ? Math.ceil(pixels / 2) : pixels;
      const width = (this.to - this.from) / count;
      const times = new Array(count);
      for (let c = 0; c < count; c++) times[c] = this.from + (c + 0.5) * width;
      const data = [times];
      for (const channel of this.shownChannels()) {
        const out = { low: new Array(count), high: new Array(count), mean: new Array(count) };
        channel.data.fill(this.from, width, out);
        channel.columns = out;
        data.push(out.mean);
      }
      return data;
    }

    build() {
      const dark = isDark(), palette = dark ? DARK : LIGHT, ratio = devicePixelRatio || 1;
      this.width = this.plotBox.clientWidth;
      this.plot?.destroy();
      const series = [{}];
      for (const channel of this.channels) {
        const stroke = palette[channel.index % palette.length];
        const dash = DASHES[Math.floor(channel.index / palette.length) % DASHES.length];
        channel.stroke = stroke;
        this.paintSwatch(channel, dash);
        if (!channel.shown) continue;
        const pattern = channel.spec.modelled ? hatch(stroke, ratio) : undefined;
        series.push({ stroke, dash, width: 1.5, points: { show: false }, fill: pattern && (() => pattern) });
      }
      const text = colour("--text"), faint = colour("--grid");
      const axis = { stroke: text, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1 } };
      const options = {
        width: this.width,
        height: PLOT_HEIGHT,
        padding: [10, RIGHT, 0, 0],
        legend: { show: false },
        scales: { x: { time: false, auto: false, range: () => [this.from, this.to] }, y: { range: () => this.heights() } },
        series,
        axes: [
          { ...axis, incrs: TIME_STEPS, space: 80, values: (_, splits) => splits.map((split) => seconds(split, stepOf(splits))) },
          { ...axis, size: AXIS_WIDTH, values: (_, splits) => splits.map((split) => axisWatts(split, splits)) },
        ],
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false, bind: { dblclick: () => () => (this.act("all"), null) } },
        hooks: {
          drawAxes: [(plot) => this.drawSpans(plot, dark ? "55" : "40")],
          setSelect: [(plot) => this.selected(plot)],
          setCursor: [(plot) => this.hovered(plot)],
        },
      };
      this.plot = new uPlot(options, this.columns(false), this.plotBox);
      this.drawTrack();
    }

    heights() {
      let bottom = 0, top = 1e-3;
      for (const channel of this.shownChannels()) {
        const { low, high } = channel.columns;
        for (let c = 0; c < high.length; c++) {
          if (high[c] > top) top = high[c];
          if (low[c] < bottom) bottom = low[c];
        }
      }
      return [bottom, top + (top - bottom) * 0.05];
    }

    // Below the lines: from the lowest to the highest power of each column, where those differ.
    drawSpans(plot, opacity) {
      const { left, top, width, height } = plot.bbox, pen = plot.ctx, { min, max } = plot.scales.y;
      const place = (value) => top + height * (1 - (value - min) / (max - min));
      pen.save();
      for (const channel of this.shownChannels()) {
        const { low, high, mean } = channel.columns, step = width / mean.length;
        pen.fillStyle = channel.stroke + opacity;
        for (let c = 0; c < mean.length; c++) {
          if (mean[c] === null || !(high[c] > low[c])) continue;
          // On whole pixels: their edges need no smoothing, which would take most of the time of a frame.
          const begin = Math.round(left + c * step), up = Math.round(place(high[c]));
          pen.fillRect(begin, up, Math.round(left + (c + 1) * step) - begin, Math.round(place(low[c])) - up);
        }
      }
      pen.restore();
    }

    paintSwatch(channel, dash) {
      const pen = channel.swatch.getContext("2d");
      pen.clearRect(0, 0, 28, 16);
      if (channel.spec.modelled) {
        pen.fillStyle = hatch(channel.stroke, 1);
        pen.fillRect(0, 0, 28, 16);
      }
      pen.strokeStyle = channel.stroke;
      pen.lineWidth = 3;
      pen.setLineDash(dash);
      pen.beginPath();
      pen.moveTo(0, 8);
      pen.lineTo(28, 8);
      pen.stroke();
    }

    draw(moving = false) {
      clearTimeout(this.settling);
      if (moving) this.settling = setTimeout(() => this.draw(), SETTLED_MS);
      this.plot.setData(this.columns(moving), false);
      this.plot.setScale("x", { min: this.from, max: this.to });
      this.drawTrack();
    }

    selected(plot) {
      const { left, width } = plot.select;
      if (width < 3) return;
      const from = plot.posToVal(left, "x"), to = plot.posToVal(left + width, "x");
      plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      this.view(from, to);
    }

    hovered(plot) {
      if (plot.cursor.left === undefined || plot.cursor.left < 0) return;
      this.tell(plot.posToVal(plot.cursor.left, "x"));
    }

    pointAt(time, spoken = false) {
      if (!(time >= this.from && time <= this.to)) return;
      this.plot.setCursor({ left: this.plot.valToPos(time, "x"), top: 0 }, false);
      this.tell(time, spoken);
    }

    tell(time, spoken = false) {
      this.cursor = time;
      const span = this.to - this.from;
      const values = [];
      for (const channel of this.channels) {
        if (!channel.shown || !channel.columns) {
          channel.value.textContent = "";
          continue;
        }
        const count = channel.columns.mean.length;
        const column = Math.min(count - 1, Math.max(0, Math.floor(((time - this.from) / span) * count)));
        const { low, mean, high } = channel.columns;
        const mixed = mean[column] !== null && watts(low[column]) !== watts(high[column]);
        const words = watts(mean[column]) + (mixed ? ` (${watts(low[column])} to ${watts(high[column])})` : "");
        channel.value.textContent = words;
        values.push(`${channel.spec.label} ${words}`);
      }
      const inside = this.regionsAt(time);
      let words = `at ${seconds(time, span / 1000)}`;
      if (inside.length) words += `, in ${inside.join(" › ")}`;
      if (this.gapsAt(time)) words += "; a reading is missing here";
      if (spoken) words += `: ${values.join("; ")}`;
      this.readout.setAttribute("aria-live", spoken ? "polite" : "off");
      this.readout.textContent = words;
    }

    regionsAt(time) {
      const regions = this.regions, inside = [];
      if (!regions) return inside;
      for (let i = 0; i < regions.begin.length; i++) {
        if (regions.begin[i] <= time && time <= regions.end[i]) inside.push([regions.depth[i], regions.names[regions.name[i]]]);
      }
      return inside.sort((a, b) => a[0] - b[0]).slice(0, 8).map((entry) => entry[1]);
    }

    gapsAt(time) {
      for (let i = 0; i < this.gaps.length; i += 2) {
        if (this.gaps[i] <= time && time <= this.gaps[i + 1]) return true;
      }
      return false;
    }

    drawTrack() {
      const ratio = devicePixelRatio || 1, regions = this.regions;
      const lanes = regions ? Math.min(MOST_LANES, this.run.regions.lanes) : 0;
      const height = lanes * LANE + (this.gaps.length ? LANE : 0);
      const canvas = this.track;
      canvas.hidden = !height;
      if (!height) return;
      canvas.width = this.width * ratio;
      canvas.height = height * ratio;
      canvas.style.width = `${this.width}px`;
      canvas.style.height = `${height}px`;
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.font = "12px system-ui, sans-serif";
      pen.textBaseline = "middle";
      const right = this.width - RIGHT, scale = (right - AXIS_WIDTH) / (this.to - this.from);
      const place = (time) => AXIS_WIDTH + (time - this.from) * scale;
      pen.fillStyle = colour("--text");
      if (lanes) pen.fillText("regions", 4, LANE / 2);
      if (this.gaps.length) pen.fillText("no reading", 0, lanes * LANE + LANE / 2);
      pen.save();
      pen.beginPath();
      pen.rect(AXIS_WIDTH, 0, right - AXIS_WIDTH, height);
      pen.clip();
      if (regions) this.drawRegions(pen, place, lanes);
      this.drawGaps(pen, place, lanes * LANE);
      pen.restore();
    }

    drawRegions(pen, place, lanes) {
      const regions = this.regions, palette = isDark() ? DARK : LIGHT;
      const ink = isDark() ? "#111418" : "#ffffff";
      const filled = new Array(lanes).fill(-1);
      for (let i = 0; i < regions.begin.length; i++) {
        if (regions.end[i] < this.from || regions.begin[i] > this.to) continue;
        const lane = Math.min(regions.depth[i], lanes - 1);
        const left = place(regions.begin[i]), end = Math.max(place(regions.end[i]), left + 1);
        if (end - filled[lane] < 0.5) continue; // nothing of it would be seen
        filled[lane] = Math.max(filled[lane], end);
        pen.fillStyle = palette[regions.name[i] % palette.length];
        pen.fillRect(left, lane * LANE + 1, Math.max(end - left - (end - left > 3 ? 1 : 0), 0.5), LANE - 2);
        const begin = Math.max(left, AXIS_WIDTH), room = end - begin - 8;
        const name = regions.names[regions.name[i]];
        if (room > 14) {
          const fits = Math.floor(room / 6.5);
          pen.fillStyle = ink;
          pen.fillText(name.length > fits ? `${name.slice(0, Math.max(1, fits - 1))}…` : name, begin + 4, lane * LANE + LANE / 2, room);
        }
      }
    }

    drawGaps(pen, place, top) {
      if (!this.gaps.length) return;
      pen.fillStyle = colour("--gap");
      for (let i = 0; i < this.gaps.length; i += 2) {
        if (this.gaps[i + 1] < this.from || this.gaps[i] > this.to) continue;
        const left = place(this.gaps[i]);
        pen.fillRect(left, top + 3, Math.max(2, place(this.gaps[i + 1]) - left), LANE - 6);
      }
    }
  }

  function redrawAll() {
    for (const chart of charts) chart.build();
  }

  async function start() {
    const hosts = [...document.querySelectorAll("[data-chart]")];
    if (!hosts.length) return;
    const runs = JSON.parse(document.getElementById("impact-data").textContent).runs;
    const buffer = await impactPower.block();
    for (const host of hosts) {
      let made = null;
      const begin = () => {
        if (made) return;
        seen.disconnect();
        made = new Chart(host, runs[Number(host.dataset.chart)], buffer);
        charts.push(made);
      };
      const seen = new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting)) begin();
      }, { rootMargin: "400px" });
      host.classList.add("ready");
      seen.observe(host);
      addEventListener("beforeprint", begin); // what was never scrolled to is printed as well
      host.addEventListener("impact-view", (event) => {
        if (made) return; // it hears the event itself
        begin();
        made.view(event.detail.from, event.detail.to);
      });
    }
  }

  return { start, redrawAll };
})();
