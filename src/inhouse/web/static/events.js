// Reads server-sent events from a fetch: EventSource can neither post nor say where it was.

export async function* readEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const data = frame.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}

export const csrf = () => document.querySelector('meta[name="csrf"]').content;

export function post(url, fields = {}, accept = "application/json") {
  return fetch(url, {
    method: "POST",
    headers: { "X-CSRF-Token": csrf(), Accept: accept },
    body: new URLSearchParams(fields),
  });
}
