// Line charts that follow the page's stream, one word about the connection, and a new stream
// where none came about: the extension tries again only after a first success.
"use strict";
(() => {
  const UNCONNECTED_MS = 5000;
  const SILENT_MS = 60000; // a dear page is rendered every 30 s at worst
  const charts = new Map();
  const colours = ["#0f7c8f", "#c2571a", "#5b55c9", "#2f8f4e", "#b0308a", "#8a6d00", "#3a78d6", "#7a5548"];

  function textColour() {
    return getComputedStyle(document.body).color;
  }

  function axisValue(unit) {
    return (_, values) => values.map((value) => {
      if (value == null) return "";
      if (unit !== "s") return value >= 10000 ? value.toExponential(0) : String(+value.toPrecision(3));
      if (value === 0) return "0";
      return value < 1 ? `${+(value * 1000).toPrecision(3)} ms` : `${+value.toPrecision(3)} s`;
    });
  }

  function options(plot, width, height) {
    const ink = textColour();
    const grid = { stroke: "rgba(128,128,128,.18)", width: 1 };
    const time = plot.horizontal === "time";
    return {
      width, height,
      cursor: { y: false },
      legend: { live: true },
      scales: { x: { time }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
      axes: [
        { stroke: ink, grid, ticks: grid, values: time ? undefined : (_, v) => v.map((s) => `${+s.toPrecision(4)} s`) },
        { stroke: ink, grid, ticks: grid, size: 62, values: axisValue(plot.unit) },
      ],
      series: [{ label: time ? "at" : "job time" }].concat(plot.series.map((label, index) => ({
        label, stroke: colours[index % colours.length], width: 1.6, spanGaps: false,
        value: (_, v) => (v == null ? "–" : axisValue(plot.unit)(_, [v])[0]),
      }))),
    };
  }

  async function load(box) {
    const name = box.dataset.plot;
    const answer = await fetch(box.dataset.source, { headers: { Accept: "application/json" } });
    const caption = box.querySelector("figcaption a") || box.querySelector("figcaption");
    if (answer.status !== 200) {
      box.hidden = true;
      return;
    }
    const plot = await answer.json();
    box.hidden = false;
    caption.textContent = plot.title.toLowerCase().endsWith(plot.unit) ? plot.title : `${plot.title} (${plot.unit})`;
    const place = box.querySelector(".canvas");
    place.replaceChildren();
    const height = box.classList.contains("large") ? 420 : 170;
    const width = Math.max(240, place.clientWidth || 480);
    const drawn = new uPlot(options(plot, width, height), plot.columns, place);
    drawn.root.setAttribute("role", "img");
    drawn.root.setAttribute("aria-label", `${plot.title} over time`);
    charts.set(name, { box, plot, drawn });
    fitted.observe(place);
  }

  function extend(name, point) {
    const held = charts.get(name);
    if (!held) return;
    const { plot, drawn } = held;
    if (point.length !== plot.columns.length) {
      load(held.box);
      return;
    }
    const times = plot.columns[0];
    if (times.length && point[0] <= times[times.length - 1]) return;
    plot.columns.forEach((column, index) => column.push(point[index]));
    if (times.length > 900) plot.columns.forEach((column) => column.shift());
    drawn.setData(plot.columns);
  }

  // Charts that were drawn while others were hidden have the room of those too.
  const fitted = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const held = charts.get(target.parentElement.dataset.plot);
    const width = Math.max(240, target.clientWidth);
    if (held && held.drawn.width !== width) held.drawn.setSize({ width, height: held.drawn.height });
  }));

  function boxes() {
    return Array.from(document.querySelectorAll("[data-plot]"));
  }

  function start() {
    boxes().forEach((box) => load(box));
    boxes().filter((box) => box.dataset.again).forEach((box) => setInterval(() => load(box), 5000));
    const live = document.getElementById("live");
    const word = document.getElementById("connection");
    if (!live) return;
    const say = (state, text) => {
      if (word.dataset.state === state) return;
      word.dataset.state = state;
      word.textContent = text;
    };
    live.addEventListener("points", (message) => {
      const points = JSON.parse(message.detail.data);
      Object.entries(points).forEach(([name, point]) => {
        const box = boxes().find((candidate) => candidate.dataset.plot === name);
        if (box && !charts.has(name)) load(box);
        else extend(name, point);
      });
    });
    let heard = Date.now();
    const lives = () => {
      heard = Date.now();
      say("live", "live");
    };
    live.addEventListener("htmx:sse:after:connection", lives);
    live.addEventListener("htmx:sse:after:message", lives);
    live.addEventListener("htmx:sse:error", () => say("lost", "connection lost, trying again"));
    live.addEventListener("htmx:sse:close", () => say("lost", "connection closed"));
    const stream = () => live._htmx && live._htmx.sse;
    if (stream() && stream().status === 200) lives();
    setInterval(() => {
      const silence = Date.now() - heard;
      if (document.hidden || silence < (stream() ? SILENT_MS : UNCONNECTED_MS)) return;
      heard = Date.now();
      say("lost", "connection lost, trying again");
      if (stream()) stream().abortController.abort();
      else htmx.ajax("GET", live.getAttribute("hx-sse:connect"), { source: live, timeout: UNCONNECTED_MS });
    }, 1000);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
