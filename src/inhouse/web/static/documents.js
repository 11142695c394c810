// Documents that a fan gives: chosen, dropped, pasted as a long text, or by a page's address. Each has a chip of its own.
import { csrf, post } from "./events.js";

//: A pasted text of this length is a document, and no question.
const LONG_TEXT = 2000;
const TITLE = 60;

export function takeDocuments(base, words, remember) {
  const list = document.getElementById("given");
  if (!list) return;
  const main = document.getElementById("main");
  const composer = document.getElementById("composer");
  const question = document.getElementById("question");
  const status = document.getElementById("status");
  const attach = document.getElementById("attach");
  const panel = document.getElementById("give");
  const chooser = panel.querySelector("[data-documents]");
  let line = Promise.resolve(); // one after the other: the first opens the conversation that the next belong to

  function give(title, fields) {
    const chip = document.getElementById("blank-document").content.firstElementChild.cloneNode(true);
    chip.querySelector("strong").textContent = title;
    chip.querySelector(".soft").textContent = words.reading;
    chip.querySelector("form").hidden = true;
    list.append(chip);
    list.hidden = false;
    chip.scrollIntoView({ block: "nearest", inline: "nearest" });
    panel.open = false;
    status.textContent = words.reading;
    line = line.then(() => send(chip, fields));
  }

  function send(chip, fields) {
    const form = new FormData();
    form.set("conversation", document.body.dataset.conversation);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const bar = chip.querySelector("progress");
    const request = new XMLHttpRequest();
    request.open("POST", `${base}/documents`);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.loaded === event.total) bar.removeAttribute("value"); // sent: it is being read now
      else bar.value = event.loaded / event.total;
    });
    return new Promise((resolve) => {
      request.addEventListener("loadend", () => {
        settle(chip, request);
        resolve();
      });
      request.send(form);
    });
  }

  function settle(chip, request) {
    chip.querySelector("progress").hidden = true;
    chip.querySelector("form").hidden = false;
    let reply = null;
    try {
      reply = JSON.parse(request.responseText);
    } catch {
      reply = { message: words.broken };
    }
    if (request.status >= 200 && request.status < 300) read(chip, reply);
    else refuse(chip, reply.message ?? words.broken);
  }

  function read(chip, reply) {
    remember(reply.conversation_id);
    const { id, title, about } = reply.documents[0];
    chip.dataset.id = id;
    chip.querySelector("form").action = `${base}/documents/${id}/remove`;
    chip.querySelector("strong").textContent = title;
    chip.querySelector(".soft").textContent = about;
    chip.querySelector("button .unseen").append(title);
    status.textContent = `${title}: ${words.read}`;
    question.focus();
  }

  function refuse(chip, message) {
    chip.classList.add("refused");
    chip.querySelector(".soft").hidden = true;
    const wrong = chip.querySelector(".wrong");
    wrong.textContent = message;
    wrong.hidden = false;
    chip.scrollIntoView({ block: "nearest", inline: "nearest" });
    status.textContent = message;
  }

  async function remove(form) {
    const chip = form.closest("li");
    if (chip.dataset.id) {
      const response = await post(form.action);
      if (!response.ok && response.status !== 404) return refuse(chip, (await response.json()).message);
      status.textContent = words.removed;
    }
    chip.remove();
    list.hidden = list.children.length === 0;
    question.focus();
  }

  function giveFiles(files) {
    for (const file of files) give(file.name, { document: file });
  }

  attach.hidden = false;
  panel.querySelector("[data-plain]").hidden = true;
  attach.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    giveFiles(chooser.files);
    chooser.value = "";
  });
  panel.querySelector("[data-address]").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.address;
    give(field.value, { address: field.value });
    field.value = "";
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-remove-document]")) return;
    event.preventDefault();
    remove(event.target);
  });
  question.addEventListener("paste", (event) => {
    const files = event.clipboardData.files;
    const text = event.clipboardData.getData("text/plain");
    if (!files.length && text.length < LONG_TEXT) return;
    event.preventDefault();
    if (files.length) giveFiles(files);
    else {
      const title = text.trim().split("\n")[0].replace(/[^\p{L}\p{N} ]+/gu, " ").trim().slice(0, TITLE);
      give(title || words.pasted, { document: new File([text], `${title || words.pasted}.txt`, { type: "text/plain" }) });
    }
  });
  for (const place of [main, composer]) {
    place.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      place.classList.add("dropping");
    });
    place.addEventListener("dragleave", () => place.classList.remove("dropping"));
    place.addEventListener("drop", (event) => {
      place.classList.remove("dropping");
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      giveFiles(event.dataTransfer.files);
    });
  }
}
