// What every part of the page uses: the document, numbers as text, and asking the worker. All text goes in as text,
// never as HTML.

export const at = (id) => document.getElementById(id);

export const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

/** Puts a text in place where it is another: what stays the same is not touched. */
export const put = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };

export const count = (n) => n.toLocaleString("en");
export const rate = (n) => (n < 10 ? n.toFixed(1) : count(Math.round(n)));
export const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)}%` : "");
export const many = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

export const bytes = (n) => (n < 1e6 ? `${count(Math.round(n / 1e3))} kB` : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(1)} GB`);

export const seconds = (s) => {
  if (s === undefined) return "–";
  if (s === 0) return "0 s";
  if (s < 0.001) return "< 1 ms";
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 120) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`;
};

const TOKEN = "token";
const ANSWER_MS_MAX = 30_000;

/** The worker wants its token, or another than it was given. */
export class Locked extends Error {}

export const token = {
  read: () => sessionStorage.getItem(TOKEN),
  keep: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

export async function ask(path, options = {}) {
  const known = token.read();
  const headers = { ...options.headers, ...(known && { authorization: `Bearer ${known}` }) };
  const answer = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  if (answer.status === 401) throw new Locked("the worker asks for its token");
  return answer;
}
