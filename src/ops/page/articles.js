// Articles as their records have them: names highlighted, topics with their confidence and reasons, the record itself.

import { ask, at, count, make, many, put } from "/common.js";
import { drawable } from "/published.js";

const TYPES = {
  PERSON: "person", ORG: "organisation", GPE: "country or city", LOC: "place", FAC: "building",
  NORP: "nationality or group", EVENT: "event", WORK: "work", PRODUCT: "product",
};
const SHOWN = 12;
const PREVIEW = 420;
const TOPICS = 6;
// As in server.rs.
const PASTE_BYTES_MAX = 256 * 1024;
const SAMPLE = "PARIS, July 6 (Agency) -- The French government said on Thursday it would raise spending on railways " +
  "by 2 billion euros, after talks with the European Union in Brussels.\n\nTransport officials from Germany and Italy " +
  "welcomed the plan. The United Nations said cleaner transport would help Europe meet its climate goals.";

const typeName = (type) => (Object.hasOwn(TYPES, type) ? TYPES[type] : type);
const day = (text) => {
  const date = new Date(text || NaN);
  if (Number.isNaN(date.getTime())) return text;
  const clock = text.length > 10 ? { hour: "2-digit", minute: "2-digit", timeZoneName: "short" } : {};
  return date.toLocaleString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC", ...clock });
};

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
    out.append(make("mark", {
      className: Object.hasOwn(TYPES, entity.type) ? entity.type : "", title: `${entity.name}: ${typeName(entity.type)}`,
    }, points.slice(start, stop).join("")));
    done = stop;
  }
  out.append(points.slice(done, end).join("") + (end < points.length ? " …" : ""));
  return out;
}

// Buttons in a row, each of which opens and closes its own part below the row; a part is made when it is first opened.
function disclosures(node, parts) {
  const bar = make("div", { className: "bar" });
  node.append(bar);
  for (const [name, draw] of parts) {
    const button = make("button", { type: "button" }, name);
    button.setAttribute("aria-expanded", "false");
    let part;
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      if (!part) node.append(part = make("div", { className: "part" }, draw()));
      part.hidden = !open;
    });
    bar.append(button);
  }
}

function namesNode(entities) {
  return make("ul", { className: "names" }, ...entities.map((entity) => {
    const id = entity.ids && entity.ids.wikidata;
    const kind = make("span", { className: `kind ${entity.type}` }, typeName(entity.type));
    const link = id ? [make("a", { href: `https://www.wikidata.org/wiki/${encodeURIComponent(id)}`, rel: "noreferrer" }, id)] : [];
    const times = entity.mentions.length ? [`${entity.mentions.length}×`] : [];
    return make("li", {}, make("b", {}, entity.name), kind, ...times, ...link);
  }));
}

// What spoke for and against each topic, and for those that came near. `opening`: the encoder's part, in log-odds.
function whyNode(explanation) {
  const voices = (name, all) => (all.length ? [make("span", {}, `${name}: ${all.map((voice) => voice.phrase).join(", ")}`)] : []);
  const encoder = (part) => (part === undefined ? [] : [make("span", {}, `the encoder, ${part < 0 ? "against" : "for"}: ${Math.abs(part).toFixed(1)}`)]);
  return make("ul", { className: "why" }, ...explanation.map((topic) =>
    make("li", {}, make("b", {}, topic.name), ` ${Math.round(topic.confidence * 100)}%${topic.said ? "" : ", not said"}`,
      ...voices("for", topic.voices_for), ...voices("against", topic.voices_against), ...encoder(topic.opening))));
}

// The worker reads the article once more: published records hold no reasons.
function askedWhy({ headline, text, language }) {
  const place = make("p", { className: "note" }, "asking the worker …");
  const asked = ask("/enrich", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ headline, text, language }),
  });
  asked.then(async (answer) => {
    const again = await answer.json();
    if (!answer.ok) throw new Error(again.error);
    place.replaceWith(whyNode(again.explanation || []));
  }).catch((problem) => place.replaceWith(make("p", { className: "error" }, problem.message)));
  return place;
}

function textNode(record, limit) {
  const node = make("p", { className: limit === Infinity ? "text whole" : "text", lang: record.language || "", dir: "auto" });
  node.append(highlighted(record.text || "", "text", record.entities, limit));
  return node;
}

function articleNode(published, limit) {
  const record = drawable(published);
  const node = make("article");
  const lead = record.dateline && record.dateline.places && record.dateline.places[0];
  const by = (record.bylines || []).join(", ");
  const facts = [by, record.publisher || record.agency, lead && lead.name, day(record.published_at), record.language].filter(Boolean);
  if (record.headline) {
    node.append(make("h3", { lang: record.language || "", dir: "auto" }, highlighted(record.headline, "headline", record.entities, Infinity)));
  }
  if (facts.length) node.append(make("p", { className: "byline" }, facts.join("  ·  ")));
  const text = textNode(record, limit);
  node.append(text);
  const topics = record.topics || [];
  if (topics.length) {
    node.append(make("ul", { className: "topics" }, ...topics.slice(0, TOPICS).map((topic) =>
      make("li", { title: topic.code }, topic.name, make("span", {}, `${Math.round(topic.confidence * 100)}%`)))));
  }
  const entities = record.entities || [];
  const why = record.explanation ? () => whyNode(record.explanation) : () => askedWhy(record);
  const parts = [
    [(record.explanation || topics).length, "Why these topics?", why],
    [entities.length, many(entities.length, "name"), () => namesNode(entities)],
    [Array.from(record.text || "").length > limit, "Whole text", () => textNode(record, Infinity)],
    [true, "JSON", () => make("pre", { tabIndex: 0, role: "group", ariaLabel: "Record as JSON" }, JSON.stringify(published, null, 2))],
  ];
  disclosures(node, parts.filter(([wanted]) => wanted).map(([, name, draw]) => [name, draw]));
  return node;
}

let since = 0;
let held = false;

/** Articles from the first on, as of a worker that was started anew. */
export const fromTheFirst = () => { since = 0; };

// Somebody reads what is further down, or has opened a part of an article.
function isRead() {
  const list = at("list");
  return list.children.length > 0 && (list.getBoundingClientRect().top < 0 || list.querySelector("[aria-expanded=true]") !== null);
}

// New articles come in at the top: they wait while somebody reads.
export async function showArticles(published) {
  const reading = isRead();
  at("newer").hidden = held || !reading || published <= since;
  if (held || reading) return;
  const { shown, articles } = await (await ask(`/recent?since=${since}`)).json();
  at("legend").hidden = at("hold").hidden = !shown;
  at("reading").classList.toggle("bare", !shown);
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

// Bytes have no content type: what they are is told from themselves, as with a record that declares nothing.
async function makeRecord(body) {
  try {
    if (body.length > PASTE_BYTES_MAX) {
      throw new Error(`too_large: more than ${count(PASTE_BYTES_MAX)} bytes, which is the most that is taken here`);
    }
    const answer = await ask("/enrich", { method: "POST", body });
    const published = await answer.json().catch(() => ({ error: `refused (${answer.status})` }));
    if (!answer.ok) throw new Error(published.error);
    at("result").replaceChildren(articleNode(published, 20_000));
    const { entities, topics } = drawable(published);
    put("answer", `Its record is made: ${many((entities || []).length, "name")}, ${many((topics || []).length, "topic")}`);
  } catch (problem) {
    at("result").replaceChildren(make("p", { className: "error" }, problem.message));
    put("answer", problem.message);
  }
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("paste").value;
  if (text.trim()) makeRecord(new TextEncoder().encode(text)); else at("paste").focus();
});
// A file's bytes as they are: packed, or in a character set of their own.
at("file").addEventListener("change", async () => {
  const [file] = at("file").files;
  if (file) makeRecord(new Uint8Array(await file.slice(0, PASTE_BYTES_MAX + 1).arrayBuffer()));
});
at("sample").addEventListener("click", () => { at("paste").value = SAMPLE; at("form").requestSubmit(); });
at("hold").addEventListener("click", () => {
  held = !held;
  at("hold").setAttribute("aria-pressed", String(held));
  put("hold", held ? "Resume" : "Pause");
});
at("newer").addEventListener("click", () => {
  for (const open of at("list").querySelectorAll("[aria-expanded=true]")) open.click();
  at("articles").scrollIntoView();
  at("articles").focus({ preventScroll: true });
});
at("legend").append(...Object.entries(TYPES).map(([type, name]) => make("li", { className: type }, name)));
