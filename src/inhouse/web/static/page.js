// What all pages share: times in the reader's zone, questions before what can't be undone, rows, live parts, keys.

const zone = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

function enliven(root) {
  for (const time of root.querySelectorAll("time[data-moment]")) time.textContent = zone.format(new Date(time.dateTime));
  for (const part of root.querySelectorAll("[data-live]")) watch(part);
  for (const field of root.querySelectorAll("[data-timezone]")) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

// A live part is drawn by the server; its stream only says when to draw it again.
function watch(part) {
  const source = new EventSource(part.dataset.live);
  part.removeAttribute("data-live");
  source.addEventListener("changed", () => {
    if (!part.isConnected) source.close();
    else htmx.trigger(part, "changed");
  });
  source.addEventListener("ended", () => {
    source.close();
    location.reload();
  });
}

function addRow(button) {
  const list = document.getElementById(button.dataset.add);
  const blank = document.getElementById(`${button.dataset.add}-blank`);
  const row = blank.content.firstElementChild.cloneNode(true);
  const stamp = `n${Date.now()}`;
  for (const part of row.querySelectorAll("[id], [for]")) {
    if (part.id) part.id = part.id.replace("new", stamp);
    if (part.htmlFor) part.htmlFor = part.htmlFor.replace("new", stamp);
  }
  list.append(row);
  row.querySelector("input, textarea")?.focus();
}

function removeRow(button) {
  const list = button.closest(".rows");
  button.closest(".entry").remove();
  (list.querySelector("input, textarea") ?? document.querySelector(`[data-add="${list.id}"]`))?.focus();
}

// Uploads show how far they are; everything else about them is a plain form.
function upload(form) {
  const bar = form.querySelector("progress");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-CSRF-Token", document.querySelector('meta[name="csrf"]').content);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  request.addEventListener("load", () => {
    const reply = JSON.parse(request.responseText);
    if (request.status < 400) location.assign(reply.next);
    else refuse(form, reply.message);
  });
  request.addEventListener("error", () => refuse(form, form.dataset.broken));
  bar.hidden = false;
  form.querySelector("button:not([type])").disabled = true;
  request.send(new FormData(form));
}

function refuse(form, message) {
  form.querySelector("progress").hidden = true;
  form.querySelector("button:not([type])").disabled = false;
  const note = form.querySelector("[data-refusal]");
  note.textContent = message;
  note.hidden = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) event.preventDefault();
  else if (form.matches("[data-upload]")) {
    event.preventDefault();
    upload(form);
  }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add], [data-remove], [data-open], [data-copy]");
  if (!button) return;
  if (button.dataset.add) addRow(button);
  else if (button.hasAttribute("data-remove")) removeRow(button);
  else if (button.dataset.copy) navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  else {
    event.preventDefault();
    const details = document.getElementById(button.dataset.open);
    details.open = true;
    details.querySelector("textarea, input:not([type=hidden])").focus();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select")) return;
  const wanted = event.key === "/" ? document.querySelector("#question, [type=search]") : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (event.key === "/") wanted.focus();
  else wanted.click();
});
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector('meta[name="csrf"]').content;
});
document.addEventListener("htmx:load", (event) => enliven(event.detail.elt));
enliven(document);
document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
