// One turn on the page: what was asked, the answer as it arrives, its sources and what can be done about it.
import { answerNodes } from "./answer.js";

const words = JSON.parse(document.getElementById("words").textContent);

export class Turn {
  constructor(base, article) {
    this.base = base;
    this.article = article;
    this.id = article.id;
    this.seq = Number(article.dataset.seq || 0);
    this.text = "";
    this.over = false;
  }

  static ask(base, question) {
    const article = document.getElementById("blank-turn").content.firstElementChild.cloneNode(true);
    article.querySelector(".asked").textContent = question;
    return new Turn(base, article);
  }

  // A turn that the server drew while it was still being answered starts over from a blank.
  static resume(base, drawn) {
    const turn = Turn.ask(base, drawn.querySelector(".asked")?.lastChild.textContent ?? "");
    drawn.replaceWith(turn.article);
    turn.named(drawn.id);
    turn.article.dataset.number = drawn.dataset.number;
    return turn;
  }

  part(selector) {
    return this.article.querySelector(selector);
  }

  named(id) {
    this.id = id;
    this.article.id = id;
    this.part("[data-retry]").action = `${this.base}/turns/${id}/retry`;
    this.part("[data-thumbs]").action = `${this.base}/turns/${id}/thumb`;
  }

  take(event) {
    if (event.seq) this.seq = event.seq;
    this[event.type]?.(event);
  }

  started(event) {
    this.named(event.turn_id);
    this.article.dataset.number = event.number;
    this.step({ state: "begun", label: words.thinking });
  }

  step(event) {
    if (event.plan) return this.plan(event.plan, event.state === "begun");
    const line = this.part(".step");
    line.hidden = event.state !== "begun" || this.text !== "";
    line.textContent = event.label;
  }

  token(event) {
    this.text += event.text;
    this.part(".step").hidden = true;
    this.part(".words").append(event.text);
  }

  replaced(event) {
    this.text = "";
    this.part(".words").replaceChildren();
    this.token(event);
  }

  ended(event) {
    this.finish();
    const numbers = new Set(event.sources.map((source) => source.number));
    this.part(".words").replaceChildren(...answerNodes(event.answer, this.id, numbers));
    this.plan(event.plan, false);
    this.calls(event.calls);
    this.sources(event.sources);
    if (event.proposes) this.proposes();
    this.part(".after").hidden = false;
    this.part("[data-thumbs]").hidden = false;
    this.part("[data-open]").hidden = !event.abstained;
    if (event.finish === "stopped") this.trouble(words.stopped);
  }

  // The card that asks the fan is drawn by the server, once, whoever shows it.
  proposes() {
    const place = this.part(".proposed");
    place.hidden = false;
    htmx.ajax("GET", `${this.base}/turns/${this.id}/action`, { target: place, swap: "innerHTML" });
  }

  failed(event) {
    this.finish();
    this.trouble(event.message, event.retriable);
  }

  trouble(sentence, retriable = true) {
    this.finish();
    const note = this.part(".note");
    note.textContent = sentence;
    note.hidden = false;
    this.part(".after").hidden = false;
    this.part("[data-retry]").hidden = !retriable || !this.id;
  }

  finish() {
    this.over = true;
    this.part(".step").hidden = true;
    const shown = this.part(".words");
    shown.classList.remove("streaming");
    shown.removeAttribute("aria-busy");
  }

  // Open while it is worked on; afterwards whoever wants to can look it up.
  plan(tasks, open) {
    const box = this.part(".plan");
    box.hidden = !tasks.length;
    box.open = open;
    box.querySelector("b").textContent = `${tasks.filter((task) => task.state === "done").length}/${tasks.length}`;
    box.querySelector("ol").replaceChildren(
      ...tasks.map((task) => {
        const item = document.getElementById("blank-task").content.firstElementChild.cloneNode(true);
        item.dataset.state = task.state;
        const [text, word] = item.querySelectorAll("span");
        text.textContent = task.text;
        word.textContent = ` (${task.word})`;
        return item;
      }),
    );
  }

  calls(made) {
    const list = this.part(".calls");
    list.replaceChildren(
      ...made.map((call) => {
        const item = document.getElementById("blank-call").content.firstElementChild.cloneNode(true);
        item.querySelector("span").textContent = call.asked ? `${call.title}: ${call.asked}` : call.title;
        return item;
      }),
    );
    list.hidden = !made.length;
  }

  sources(found) {
    const list = this.part(".sources");
    list.replaceChildren(...found.map((source) => this.source(source)));
    list.hidden = !found.length;
  }

  source(source) {
    const item = document.getElementById("blank-source").content.firstElementChild.cloneNode(true);
    item.id = `${this.id}-${source.number}`;
    item.querySelector(".chip").textContent = source.number;
    const link = item.querySelector("a");
    link.href = source.href;
    link.textContent = source.document;
    if (source.away) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
    const known = [source.credit, source.place].filter(Boolean);
    item.querySelector(".soft").textContent = known.map((part) => ` · ${part}`).join("");
    item.querySelector("q").textContent = source.quote;
    return item;
  }
}
