// The live page: asks the worker once a second, hands its answer to the parts, and asks for the token where it must.

import { forgetReadings, showFigures, showPartitions, showRejections, showState, showWorker } from "/worker.js";
import { fromTheFirst, showArticles } from "/articles.js";
import { ask, at, Locked, put, token } from "/common.js";

const TURN_MS = 1000;
const HIDDEN_TURN_MS = 5000;

let started = "";

async function turn() {
  try {
    const answer = await ask("/status");
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const status = await answer.json();
    showLocked(false);
    if (status.started_at !== started) {
      started = status.started_at;
      fromTheFirst();
      forgetReadings();
    }
    showState(status);
    showFigures(status);
    showPartitions(status);
    showRejections(status);
    showWorker(status);
    await showArticles(status.totals.enriched);
  } catch (problem) {
    if (problem instanceof Locked) return locked();
    at("state").className = "state bad";
    put("state", "worker not reachable");
    document.title = "! not reachable · dateline";
  }
  setTimeout(turn, document.hidden ? HIDDEN_TURN_MS : TURN_MS);
}

function showLocked(isLocked) {
  at("locked").hidden = !isLocked;
  at("open").hidden = at("nav").hidden = isLocked;
  at("forget").hidden = isLocked || !token.read();
  // A link takes no token along.
  for (const link of document.querySelectorAll("a.data")) link.hidden = isLocked || Boolean(token.read());
}

/** Nothing more is asked until a token is given. */
function locked() {
  const wrong = token.read();
  token.forget();
  showLocked(true);
  at("state").className = "state";
  put("state", "locked");
  put("about", "");
  at("wrong-token").hidden = !wrong;
  put("wrong-token", wrong ? "The worker has another token." : "");
  at("token").value = "";
  at("token").focus();
}

at("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  // What a header cannot carry is no token.
  token.keep(at("token").value.trim().replace(/[^\x21-\x7e]/g, "?"));
  turn();
});
at("forget").addEventListener("click", () => {
  token.forget();
  location.reload();
});
turn();
