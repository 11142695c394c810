// The fan's chat: asks, streams, stops, reconnects. Without this script the same forms work as plain posts.
import { takeDocuments } from "./documents.js";
import { post, readEvents } from "./events.js";
import { Turn } from "./turn.js";

const base = document.body.dataset.chat;
const words = JSON.parse(document.getElementById("words").textContent);
const main = document.getElementById("main");
const thread = document.getElementById("thread");
const composer = document.getElementById("composer");
const question = document.getElementById("question");
const send = document.getElementById("send");
const stop = document.getElementById("stop");
const status = document.getElementById("status");
const RECONNECTS = 6;
const NEWS_EVERY = 20_000;

let running = null;

async function ask(text) {
  if (running || !text.trim()) return;
  document.getElementById("hello")?.remove();
  const turn = Turn.ask(base, text);
  thread.append(turn.article);
  question.value = "";
  const fields = { question: text, conversation: document.body.dataset.conversation, key: crypto.randomUUID() };
  await run(turn, () => post(`${base}/turns`, fields, "text/event-stream"));
}

// Follow a turn to its end, whatever happens to the line in between.
async function run(turn, open) {
  busy(turn);
  scrollDown(true);
  try {
    if (!(await follow(turn, open))) await reconnect(turn);
  } finally {
    busy(null);
    scrollDown(false);
  }
}

async function follow(turn, open) {
  try {
    const response = await open();
    if (!response.ok) {
      turn.trouble((await response.json()).message, false);
      return true;
    }
    for await (const event of readEvents(response)) take(turn, event);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the line broke
  }
  return turn.over;
}

async function reconnect(turn) {
  for (let i = 0; turn.id && i < RECONNECTS; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** i));
    if (await follow(turn, () => fetch(`${base}/turns/${turn.id}/events?after=${turn.seq}`))) return;
  }
  turn.trouble(words.broken);
}

function take(turn, event) {
  const near = isNearEnd();
  turn.take(event);
  if (event.type === "started") remember(event.conversation_id);
  if (event.type === "step" && event.state === "begun") status.textContent = event.label;
  if (event.type === "ended") status.textContent = "";
  if (near) scrollDown(false);
}

function remember(conversation) {
  if (!conversation) return;
  document.body.dataset.conversation = conversation;
  for (const field of document.querySelectorAll('input[name="conversation"]')) field.value = conversation;
  history.replaceState(null, "", `${base}?c=${conversation}`);
}

function busy(turn) {
  running = turn;
  send.hidden = turn !== null;
  stop.hidden = turn === null;
  thread.setAttribute("aria-busy", String(turn !== null));
  if (turn === null && document.activeElement === document.body) question.focus();
}

async function halt() {
  if (running?.id) await post(`${base}/turns/${running.id}/stop`);
}

async function judge(form, button) {
  const wanted = button.getAttribute("aria-pressed") === "true" ? "none" : button.value;
  const response = await post(form.action, { thumb: wanted });
  if (!response.ok) return;
  for (const thumb of form.querySelectorAll("button")) thumb.setAttribute("aria-pressed", String(thumb.value === wanted));
  status.textContent = words.thanks;
}

function again(form) {
  const article = form.closest(".turn");
  const url = form.action;
  const turn = Turn.resume(base, article);
  run(turn, () => post(url, {}, "text/event-stream"));
}

// A reply by a person arrives while the page is open.
function news() {
  const conversation = document.body.dataset.conversation;
  if (running || !conversation || document.hidden) return;
  const after = thread.querySelector(".turn:last-of-type")?.dataset.number ?? 0;
  htmx.ajax("GET", `${base}/news?c=${conversation}&after=${after}`, { target: thread, swap: "beforeend" });
}

const isNearEnd = () => main.scrollHeight - main.scrollTop - main.clientHeight < 120;

function scrollDown(always) {
  if (always || isNearEnd()) main.scrollTop = main.scrollHeight;
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(question.value);
});
question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
stop.addEventListener("click", halt);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running) halt();
});
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.matches("[data-thumbs]")) judge(form, submitter);
  else if (form.matches("[data-starters]")) ask(submitter.value);
  else if (form.matches("[data-retry]")) again(form);
  else return;
  event.preventDefault();
});
// A card that was swapped under the keyboard keeps the focus, and an error says what it is.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const card = detail.elt.closest?.(".action") ?? detail.target.querySelector?.(".action");
  if (card && document.activeElement === document.body) card.focus();
  if (card) scrollDown(false);
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  const card = detail.elt.closest(".action");
  if (!card) return;
  card.querySelector("[role=status]").textContent = JSON.parse(detail.xhr.responseText).message;
});
setInterval(news, NEWS_EVERY);
takeDocuments(base, words, remember);

for (const drawn of thread.querySelectorAll('[data-state="pending"], [data-state="streaming"]')) {
  const turn = Turn.resume(base, drawn);
  run(turn, () => fetch(`${base}/turns/${turn.id}/events?after=0`));
}
if (!document.getElementById("hello")) scrollDown(true);
