// The live page: asks the worker once a second and draws what it answers. All text goes in as text, never as HTML.
"use strict";

const TYPES = {
  PERSON: "person", ORG: "organisation", GPE: "country or city", LOC: "place", FAC: "building",
  NORP: "nationality or group", EVENT: "event", WORK: "work", PRODUCT: "product",
};
const SHOWN = 12;
const PREVIEW = 420;
const CODES = 4;
// As in server.rs.
const PASTE_BYTES_MAX = 256 * 1024;
const SAMPLE = "PARIS, July 6 (Agency) -- The French government said on Thursday it would raise spending on railways " +
  "by 2 billion euros, after talks with the European Union in Brussels.\n\nTransport officials from Germany and Italy " +
  "welcomed the plan. The United Nations said cleaner transport would help Europe meet its climate goals.";

const at = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
const count = (n) => n.toLocaleString("en");
const seconds = (s) => (s === undefined ? "–" : s < 1 ? `${Math.round(s * 1000)} ms` : s < 120 ? `${s.toFixed(1)} s` : `${Math.round(s / 60)} min`);
const rate = (n) => (n < 10 ? n.toFixed(1) : count(Math.round(n)));
const bytes = (n) => (n < 1e6 ? `${count(Math.round(n / 1e3))} kB` : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(1)} GB`);
const day = (text) => {
  const date = new Date(text || NaN);
  if (Number.isNaN(date.getTime())) return text;
  const clock = text.length > 10 ? { hour: "2-digit", minute: "2-digit", timeZoneName: "short" } : {};
  return date.toLocaleString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC", ...clock });
};
const put = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };

// Where a preview of at most `limit` code points ends: after a whole word, where one ends near there.
function previewEnd(points, limit) {
  if (points.length <= limit) return points.length;
  let end = limit;
  while (end > limit - 60 && !/\s/.test(points[end])) end -= 1;
  if (end === limit - 60) return limit;
  while (end > 0 && /\s/.test(points[end - 1])) end -= 1;
  return end;
}

// Offsets count Unicode code points, as Array.from does. Overlaps are drawn once: the first, then the longest, wins.
function highlighted(text, field, entities, limit) {
  const points = Array.from(text);
  const end = previewEnd(points, limit);
  const marks = (entities || [])
    .flatMap((entity) => entity.mentions.filter((m) => m.field === field).map((m) => ({ ...m, entity })))
    .filter((m) => m.end <= end)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const out = document.createDocumentFragment();
  let done = 0;
  for (const { start, end: stop, entity } of marks) {
    if (start < done) continue;
    out.append(points.slice(done, start).join(""));
    const known = Object.hasOwn(TYPES, entity.type);
    const id = (entity.ids && entity.ids.wikidata) ? `, ${entity.ids.wikidata}` : "";
    out.append(make("mark", {
      className: known ? entity.type : "", title: `${entity.name}: ${known ? TYPES[entity.type] : entity.type}${id}`,
    }, points.slice(start, stop).join("")));
    done = stop;
  }
  out.append(points.slice(done, end).join("") + (end < points.length ? " …" : ""));
  return out;
}

function articleNode(record, limit) {
  const node = make("article");
  const lead = record.dateline && record.dateline.places && record.dateline.places[0];
  const by = (record.bylines || []).join(", ");
  const facts = [by, record.publisher || record.agency, lead && lead.name, day(record.published_at), record.language].filter(Boolean);
  if (record.headline) node.append(make("h3", {}, highlighted(record.headline, "headline", record.entities, Infinity)));
  if (facts.length) node.append(make("p", { className: "byline" }, facts.join("  ·  ")));
  node.append(make("p", { className: "text" }, highlighted(record.text || "", "text", record.entities, limit)));
  if (record.topics && record.topics.length) {
    node.append(make("ul", { className: "topics" }, ...record.topics.slice(0, 6).map((topic) =>
      make("li", { title: topic.code }, topic.name, make("span", {}, `${Math.round(topic.confidence * 100)}%`)))));
  }
  if (record.explanation) {
    if (record.explanation.length) node.append(whyNode(record.explanation));
  } else if (record.topics && record.topics.length) {
    const ask = make("button", { type: "button", className: "ask" }, "Why these topics?");
    ask.addEventListener("click", () => explain(record, ask));
    node.append(ask);
  }
  return node;
}

// What spoke for and against each topic, and for those that came near.
function whyNode(explanation) {
  const voices = (name, all) => (all.length ? [make("span", {}, ` ${name}: ${all.map((voice) => voice.phrase).join(", ")}`)] : []);
  return make("ul", { className: "why" }, ...explanation.map((topic) =>
    make("li", {}, make("b", {}, topic.name), ` ${Math.round(topic.confidence * 100)}%${topic.said ? "" : ", not said"};`,
      ...voices("for", topic.voices_for), ...voices("against", topic.voices_against))));
}

// The worker reads the article once more: published records hold no reasons.
async function explain(record, button) {
  const { headline, text, language } = record;
  button.disabled = true;
  try {
    const answer = await fetch("/enrich", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ headline, text, language }),
    });
    const again = await answer.json();
    if (!answer.ok) throw new Error(again.error);
    button.replaceWith(whyNode(again.explanation || []));
  } catch (problem) {
    button.replaceWith(make("p", { className: "error" }, problem.message));
  }
}

function spark(id, values) {
  const svg = at(id);
  const known = values.filter((v) => v !== undefined);
  if (known.length < 2) return;
  const top = Math.max(...known) * 1.1 || 1;
  const span = Math.max(values.length - 1, 30);
  svg.setAttribute("viewBox", `0 0 ${span} 40`);
  svg.setAttribute("preserveAspectRatio", "none");
  let last = 0;
  const places = values.map((v, i) => {
    last = v === undefined ? last : v;
    return `${span - (values.length - 1 - i)} ${(39 - (last / top) * 38).toFixed(2)}`;
  });
  const line = `M${places.join("L")}`;
  const draw = (name, d) => {
    let path = svg.querySelector(`.${name}`);
    if (!path) {
      path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("class", name);
      svg.append(path);
    }
    path.setAttribute("d", d);
  };
  draw("area", `${line}L${span} 40L${span - (values.length - 1)} 40Z`);
  draw("line", line);
}

function showState(status) {
  const missing = [
    !status.live && "the poll loop stands still",
    !status.readiness.in_group && "joining the group",
    !status.readiness.output_reachable && "output not reachable",
    status.totals.delivery_stalled && "delivery stalled",
  ].filter(Boolean);
  at("state").className = `state ${missing.length ? "bad" : "good"}`;
  put("state", missing.length ? missing.join(", ") : status.totals.paused ? "running, fetching paused" : "running");
}

function showTiles({ totals, rates, history, rejections }) {
  put("throughput", rate(rates.published_per_s));
  put("latency", seconds(rates.latency_p50_s));
  put("latency-p99", rates.latency_p99_s === undefined ? "" : `99%: ${seconds(rates.latency_p99_s)}`);
  put("lag", count(rates.lag_records));
  put("enriched", count(totals.enriched));
  const done = totals.enriched + totals.passed_through + totals.skipped + totals.rejected;
  put("done", `of ${count(done)} done`);
  put("published-note", `${count(totals.in_flight_records)} in work, ${bytes(totals.received_bytes)} in, ${bytes(totals.published_bytes)} out` +
    (totals.transactions_committed ? `, ${count(totals.transactions_committed)} transactions` : "") +
    (totals.passed_through ? `, ${count(totals.passed_through)} tombstones` : ""));
  put("rejected", count(totals.rejected));
  put("rejected-share", done ? `${((100 * totals.rejected) / done).toFixed(1)}% of all` : "");
  const codes = [...rejections.by_code].sort((a, b) => b.count - a.count).map(({ code, count: n }) => `${code} ${count(n)}`);
  const rest = codes.splice(codes.length > CODES ? CODES - 1 : CODES);
  at("codes").replaceChildren(...codes.map((text) => make("li", {}, text)));
  if (rest.length) at("codes").append(make("li", { title: rest.join(", ") }, `${rest.length} more`));
  spark("spark-throughput", history.map((p) => p.published_per_s));
  spark("spark-latency", history.map((p) => p.latency_p50_s));
  spark("spark-lag", history.map((p) => p.lag_records));
}

let lastSide = "";
function showSide(status) {
  put("about", status.mode === "demo" ? "Demonstration with sample articles" : "Raw news in, structured records out");
  const key = JSON.stringify([status.rejections.latest, status.assignment, status.member_state]);
  if (key === lastSide) return;
  lastSide = key;
  at("no-rejections").hidden = status.rejections.latest.length > 0;
  at("rejections").replaceChildren(...status.rejections.latest.slice(0, 5).map((r) =>
    make("li", {}, make("code", {}, r.code), r.message, make("small", {}, `${r.topic} / ${r.partition} @ ${r.offset}`))));
  const facts = {
    Version: status.version, Delivery: status.delivery, Group: `${status.group_id} (${status.member_state})`,
    Started: status.started_at, Models: status.models.map((m) => `${m.name} ${m.version}`).join(", "),
    Topics: status.vocabulary_version,
  };
  at("worker").replaceChildren(...Object.entries(facts).filter(([, v]) => v).flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, v)]));
  at("partitions").replaceChildren(...status.assignment.map((p) => make("tr", {},
    make("td", {}, `${p.topic} / ${p.partition}`),
    make("td", {}, p.committed_offset === undefined ? "–" : count(p.committed_offset)),
    make("td", {}, p.lag_records === undefined ? "–" : count(p.lag_records)))));
}

let since = 0;
let started = "";
let held = false;
// New articles come in at the top: they wait while somebody reads further down.
async function showArticles(published) {
  const reading = at("list").children.length > 0 && at("list").getBoundingClientRect().top < 0;
  at("newer").hidden = held || !reading || published <= since;
  if (held || reading) return;
  const { shown, articles } = await (await fetch(`/recent?since=${since}`)).json();
  at("legend").hidden = at("hold").hidden = !shown;
  put("empty", shown ? "Waiting for the first article…" : "Articles are shown here only where admin.show_articles is true.");
  for (const { seq, record } of articles.slice(-SHOWN)) {
    const node = articleNode(record, PREVIEW);
    node.classList.add("fresh");
    at("list").prepend(node);
    since = seq;
  }
  while (at("list").children.length > SHOWN) at("list").lastElementChild.remove();
  at("empty").hidden = at("list").children.length > 0;
}

async function turn() {
  try {
    const status = await (await fetch("/status")).json();
    if (status.started_at !== started) since = 0;
    started = status.started_at;
    showState(status);
    showTiles(status);
    showSide(status);
    await showArticles(status.totals.enriched);
  } catch {
    at("state").className = "state bad";
    put("state", "worker not reachable");
    since = 0;
  }
  setTimeout(turn, document.hidden ? 5000 : 1000);
}

async function paste(event) {
  event.preventDefault();
  const text = at("paste").value;
  if (!text.trim()) return at("paste").focus();
  // Bytes have no content type: what they are is told from themselves, as with a record that declares nothing.
  const body = new TextEncoder().encode(text);
  try {
    if (body.length > PASTE_BYTES_MAX) {
      throw new Error(`too_large: ${count(body.length)} bytes, and ${count(PASTE_BYTES_MAX)} can be pasted here`);
    }
    const answer = await fetch("/enrich", { method: "POST", body });
    const record = await answer.json().catch(() => ({ error: `refused (${answer.status})` }));
    if (!answer.ok) throw new Error(record.error);
    const pretty = JSON.stringify(record, null, 2);
    at("result").replaceChildren(articleNode(record, 20000),
      make("details", {}, make("summary", {}, "Record as JSON"), make("pre", { tabIndex: 0 }, pretty)));
  } catch (problem) {
    at("result").replaceChildren(make("p", { className: "error" }, problem.message));
  }
}

at("form").addEventListener("submit", paste);
at("sample").addEventListener("click", () => { at("paste").value = SAMPLE; at("form").requestSubmit(); });
at("hold").addEventListener("click", () => {
  held = !held;
  at("hold").setAttribute("aria-pressed", String(held));
  put("hold", held ? "Resume" : "Pause");
});
at("legend").append(...Object.entries(TYPES).map(([type, name]) => make("li", { className: type }, name)));
turn();
