// An answer as nodes: paragraphs, lists, tables and numbered sources. Text stays text: nothing here parses markup.
// `web/answers.py` does the same on the server; keep the two alike.

const BULLET = /^\s*[-*•・]\s+/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|(?:\s*:?-{3,}:?\s*\|)+\s*$/;

export function answerNodes(text, anchor, numbers) {
  return blocks(text).map((lines) => block(lines, anchor, numbers));
}

function kind(line) {
  return BULLET.test(line) ? "item" : ROW.test(line) ? "row" : "text";
}

function block(lines, anchor, numbers) {
  if (lines.length > 1 && RULE.test(lines[1]) && kind(lines[0]) === "row") return table(lines, anchor, numbers);
  return kind(lines[0]) === "item" ? list(lines, anchor, numbers) : paragraph(lines, anchor, numbers);
}

function blocks(text) {
  const found = [];
  let run = [];
  for (const line of [...text.split("\n"), ""]) {
    if (run.length && (!line.trim() || kind(line) !== kind(run.at(-1)))) {
      found.push(run);
      run = [];
    }
    if (line.trim()) run.push(line);
  }
  return found;
}

// The first line names the columns, the first cell of each other one its row.
function table([head, , ...rows], anchor, numbers) {
  const made = element("table", "table");
  const names = cells(head).map((cell) => (cell ? scoped("col", pieces(cell, anchor, numbers)) : element("td")));
  made.append(element("thead"), element("tbody"));
  made.tHead.append(row(names));
  for (const line of rows) {
    const [first, ...rest] = cells(line).map((cell) => pieces(cell, anchor, numbers));
    made.tBodies[0].append(row([scoped("row", first), ...rest.map((parts) => element("td", "", parts))]));
  }
  const box = element("div", "answer-table", [made]);
  box.tabIndex = 0;
  return box;
}

function row(parts) {
  return element("tr", "", parts);
}

function scoped(scope, parts) {
  const th = element("th", "", parts);
  th.scope = scope;
  return th;
}

function cells(line) {
  return line.trim().replace(/^\|/, "").replace(/\|$/, "").split("|").map((cell) => cell.trim());
}

function element(name, className = "", parts = []) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...parts);
  return made;
}

function list(lines, anchor, numbers) {
  const ul = document.createElement("ul");
  for (const line of lines) {
    const li = document.createElement("li");
    li.append(...pieces(line.replace(BULLET, ""), anchor, numbers));
    ul.append(li);
  }
  return ul;
}

function paragraph(lines, anchor, numbers) {
  const p = document.createElement("p");
  lines.forEach((line, i) => {
    if (i) p.append(document.createElement("br"));
    p.append(...pieces(line, anchor, numbers));
  });
  return p;
}

function pieces(line, anchor, numbers) {
  return line.split(/\[(\d{1,2})\]/).map((part, i) => (i % 2 ? chip(part, anchor, numbers) : part));
}

function chip(number, anchor, numbers) {
  if (!numbers.has(Number(number))) return `[${number}]`;
  const a = document.createElement("a");
  a.className = "chip";
  a.href = `#${anchor}-${number}`;
  a.textContent = number;
  return a;
}
