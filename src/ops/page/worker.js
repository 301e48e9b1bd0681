// What the worker says of itself: figures and their curves, partitions, dead letters, versions, configuration.

import { at, bytes, count, make, many, percent, put, rate, seconds } from "/common.js";

const SVG = "http://www.w3.org/2000/svg";
const STAGES_S = 60;

/** A curve over the last two minutes: lines, the highest value in words, and the value under the pointer. */
class Curve {
  constructor(id, name, text) {
    this.name = name;
    this.text = text;
    this.lines = [];
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", `${name} over two minutes: nothing yet`);
    this.label = make("span", { className: "peak" });
    at(id).append(this.svg, this.label);
    this.svg.addEventListener("pointermove", (event) => {
      const { left, width } = this.svg.getBoundingClientRect();
      this.pointed = (event.clientX - left) / width;
      this.say();
    });
    this.svg.addEventListener("pointerleave", () => {
      this.pointed = undefined;
      this.say();
    });
  }

  path(name, d) {
    let path = this.svg.querySelector(`.${name}`);
    if (!path) {
      path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      this.svg.append(path);
    }
    path.setAttribute("d", d);
  }

  /** The first line is the figure's own, with its area; others are drawn behind it. */
  draw(...lines) {
    this.lines = lines;
    const known = lines.flat().filter((value) => value !== undefined);
    if (known.length < 2) return;
    this.top = Math.max(...known);
    this.span = Math.max(lines[0].length - 1, 30);
    this.svg.setAttribute("viewBox", `0 0 ${this.span} 40`);
    const start = this.span - (lines[0].length - 1);
    lines.forEach((values, number) => {
      let last = 0;
      const places = values.map((value, i) => {
        last = value === undefined ? last : value;
        return `${start + i} ${(39 - (last / (this.top || 1)) * 37).toFixed(2)}`;
      });
      const line = `M${places.join("L")}`;
      if (number === 0) this.path("area", `${line}L${this.span} 40L${start} 40Z`);
      this.path(number === 0 ? "line" : "other", line);
    });
    this.say();
    const own = lines[0].filter((value) => value !== undefined);
    const spoken = own.length ? `now ${this.text(own.at(-1))}, lowest ${this.text(Math.min(...own))}, highest ${this.text(Math.max(...own))}` : "nothing yet";
    this.svg.setAttribute("aria-label", `${this.name} over two minutes: ${spoken}`);
  }

  say() {
    if (this.top === undefined) return;
    const values = this.lines[0];
    const place = Math.round((this.pointed ?? 2) * this.span) - (this.span - (values.length - 1));
    const value = values[place];
    const words = value === undefined ? `peak ${this.text(this.top)}` : `${values.length - 1 - place} s ago: ${this.text(value)}`;
    if (this.label.textContent !== words) this.label.textContent = words;
  }
}

const perSecond = (n) => `${rate(n)}/s`;
const curves = {
  throughput: new Curve("curve-throughput", "Throughput", perSecond),
  latency: new Curve("curve-latency", "Median latency", seconds),
  lag: new Curve("curve-lag", "Lag", (n) => count(n)),
  rejected: new Curve("curve-rejected", "Dead letters", perSecond),
};

/** What is wrong, in words; empty where nothing is. */
function troubles({ live, readiness, totals }) {
  return [
    !live && "the poll loop stands still",
    !readiness.in_group && "joining the group",
    !readiness.output_reachable && "output not reachable",
    totals.delivery_stalled && "delivery stalled",
  ].filter(Boolean);
}

export function showState(status) {
  const wrong = troubles(status);
  const stopping = status.member_state === "stopping";
  const words = wrong.length ? wrong.join(", ") : stopping ? "stopping" : status.totals.paused ? "running, fetching paused" : "running";
  at("state").className = `state ${wrong.length ? "bad" : "good"}`;
  put("state", words);
  document.title = wrong.length ? `! ${wrong[0]} · dateline` : `${status.group_id} · dateline`;
  put("about", status.mode === "demo" ? "Demonstration with sample articles" : `Group ${status.group_id}`);
}

export function showFigures({ totals, rates, history, assignment }) {
  put("throughput", rate(rates.published_per_s));
  put("received", `${rate(rates.received_per_s)}/s read`);
  put("latency", seconds(rates.latency_p50_s));
  put("latency-p99", rates.latency_p99_s === undefined ? "nothing committed lately" : `99%: ${seconds(rates.latency_p99_s)}`);
  put("lag", assignment.some((p) => p.lag_records !== undefined) ? count(rates.lag_records) : "–");
  put("lag-seconds", rates.lag_seconds > 0 ? `furthest behind: ${seconds(rates.lag_seconds)}` : "nothing waits");
  const done = totals.enriched + totals.passed_through + totals.skipped + totals.rejected;
  put("rejected", count(totals.rejected));
  put("rejected-share", done ? `${percent(totals.rejected, done)} of all` : "");
  put("rejected-rate", `${rate(rates.rejected_per_s)}/s now`);
  put("enriched", count(totals.enriched));
  put("done", `of ${count(done)} done`);
  put("in-work", `${many(totals.in_flight_records, "record")} in work, ${bytes(totals.in_flight_bytes)}`);
  put("volume", `${bytes(totals.received_bytes)} in, ${bytes(totals.published_bytes)} out`);
  const { transactions_committed: committed, transactions_aborted: aborted } = totals;
  put("transactions", committed + aborted ? `${many(committed, "transaction")}${aborted ? `, ${count(aborted)} aborted` : ""}` : "");
  curves.throughput.draw(history.map((p) => p.published_per_s));
  curves.latency.draw(history.map((p) => p.latency_p50_s), history.map((p) => p.latency_p99_s));
  curves.lag.draw(history.map((p) => p.lag_records));
  curves.rejected.draw(history.map((p) => p.rejected_per_s));
}

const byPlace = (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition;
const ORDERS = { partition: byPlace, lag: (a, b) => (b.lag_records ?? -1) - (a.lag_records ?? -1) || byPlace(a, b) };
let order = "partition";
let partitions = [];

function drawPartitions() {
  const known = (n) => (n === undefined ? "–" : count(n));
  const most = Math.max(1, ...partitions.map((p) => p.lag_records ?? 0));
  at("partition-rows").replaceChildren(...[...partitions].sort(ORDERS[order]).map((p) => {
    const lag = make("td", { className: "lag" }, known(p.lag_records));
    lag.style.setProperty("--share", `${Math.round((100 * (p.lag_records ?? 0)) / most)}%`);
    return make("tr", {},
      make("th", { scope: "row" }, `${p.topic} / ${p.partition}`),
      make("td", {}, known(p.committed_offset)), lag, make("td", {}, seconds(p.lag_seconds)));
  }));
}

export function showPartitions({ assignment }) {
  partitions = assignment;
  const behind = assignment.filter((p) => p.lag_records > 0).length;
  const none = "None is assigned: the group is forming, or has more workers than partitions.";
  put("assigned", assignment.length ? `${many(assignment.length, "partition")} assigned, ${behind || "none"} behind` : none);
  drawPartitions();
}

for (const button of document.querySelectorAll("[data-sort]")) {
  button.addEventListener("click", () => {
    order = button.dataset.sort;
    for (const other of document.querySelectorAll("[data-sort]")) {
      const direction = order === "lag" ? "descending" : "ascending";
      other.closest("th").setAttribute("aria-sort", other === button ? direction : "none");
    }
    drawPartitions();
  });
}

const codes = new Map();

/** The place of one code in the list; made once, so that it stays open and keeps the focus. */
function codeNode(code) {
  if (!codes.has(code)) {
    const [number, latest, examples] = [make("span", { className: "number" }), make("span", { className: "latest" }), make("ul")];
    const head = make("summary", {}, make("code", {}, code), number, latest);
    codes.set(code, { node: make("li", {}, make("details", {}, head, examples)), number, latest, examples });
  }
  return codes.get(code);
}

export function showRejections({ rejections, totals }) {
  const sorted = [...rejections.by_code].sort((a, b) => b.count - a.count);
  at("no-rejections").hidden = sorted.length > 0;
  at("read-letters").hidden = !sorted.length;
  for (const { code, count: n, latest } of sorted) {
    const drawn = codeNode(code);
    const words = `${count(n)} · ${percent(n, totals.rejected)}`;
    if (drawn.number.textContent === words) continue;
    drawn.number.textContent = words;
    drawn.latest.textContent = latest.length ? latest[0].message : "";
    drawn.examples.replaceChildren(...latest.map((example) => make("li", {}, example.message,
      make("small", {}, `${example.topic} / ${example.partition} @ ${example.offset}, ${example.at.slice(11, 19)} UTC`))));
  }
  const nodes = sorted.map(({ code }) => codeNode(code).node);
  const list = at("codes");
  const same = nodes.length === list.children.length && nodes.every((node, i) => node === list.children[i]);
  // Moving a node takes the focus from it.
  if (!same && !(list.contains(document.activeElement) && nodes.length === list.children.length)) list.replaceChildren(...nodes);
}

const cell = (text) => make("td", {}, text);
const row = (name, ...values) => make("tr", {}, make("th", { scope: "row" }, name), ...values.map(cell));
const readings = [];

/** What left each stage in the last minute, and which share of that time it was busy. */
function showStages({ stages, uptime_s: now }) {
  readings.push({ now, stages });
  while (readings.length > 1 && now - readings[0].now > STAGES_S) readings.shift();
  const [before] = readings;
  const span = now - before.now;
  at("stages").replaceChildren(...stages.map((stage, i) => {
    const batches = stage.batches - before.stages[i].batches;
    const busy = stage.seconds - before.stages[i].seconds;
    const share = span ? `${Math.min(100, Math.round((100 * busy) / span))}%` : "–";
    return row(stage.name, count(batches), batches ? seconds(busy / batches) : "–", share);
  }));
}

let shown = "";

/** The services over HTTP that are in use: how each is, how much it is asked, and how it failed last. */
function showServices({ services }) {
  at("outside").hidden = services.length === 0;
  at("services").replaceChildren(...services.map((s) => row(s.name,
    s.state === "ok" ? "answers" : s.name === "fetch" ? `${many(s.breakers_open, "host")} left alone` : "left alone",
    `${count(s.requests)}, ${rate(s.requests_per_s)}/s${s.seconds_mean === undefined ? "" : `, ${seconds(s.seconds_mean)} each`}`,
    `${count(s.failures)}${s.last_failure ? `, last ${s.last_failure}` : ""}${s.missing ? `; ${many(s.missing, "article")} without` : ""}`)));
}

export function showWorker(status) {
  showStages(status);
  showServices(status);
  const facts = {
    Version: status.version,
    Group: `${status.group_id}, ${status.member_state}`,
    Delivery: status.delivery,
    Started: `${status.started_at.replace("T", " ").replace("Z", " UTC")}, ${seconds(status.uptime_s)} ago`,
  };
  at("facts").replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  const key = JSON.stringify([status.models, status.vocabulary_version, status.config]);
  if (key === shown) return;
  shown = key;
  at("models").replaceChildren(...status.models.map((m) => row(m.name, m.version)), row("IPTC Media Topics", status.vocabulary_version));
  put("changes-note", status.config_changes ? "What differs from the defaults; secrets are never shown." : "Every setting has its default.");
  at("changes").hidden = !status.config_changes;
  put("changes", status.config_changes);
  put("config", status.config);
}

/** A worker that was started anew begins its figures anew. */
export function forgetReadings() {
  readings.length = 0;
  codes.clear();
  at("codes").replaceChildren();
}
