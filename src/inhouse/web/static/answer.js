// An answer as nodes: paragraphs, lists and numbered sources. Text stays text: nothing here parses markup.
// `web/answers.py` does the same on the server; keep the two alike.

const BULLET = /^\s*[-*•・]\s+/;

export function answerNodes(text, anchor, numbers) {
  return blocks(text).map((lines) => (BULLET.test(lines[0]) ? list(lines, anchor, numbers) : paragraph(lines, anchor, numbers)));
}

function blocks(text) {
  const found = [];
  let run = [];
  for (const line of [...text.split("\n"), ""]) {
    if (run.length && (!line.trim() || BULLET.test(line) !== BULLET.test(run.at(-1)))) {
      found.push(run);
      run = [];
    }
    if (line.trim()) run.push(line);
  }
  return found;
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
