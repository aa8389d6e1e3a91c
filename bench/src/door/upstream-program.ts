/** A model server that answers at once, as a process of its own, so that nothing of it hides in what stands before it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const usage = { prompt_tokens: 10, completion_tokens: 100, total_tokens: 110 };
const head = { id: "c", created: 1, model: "scripted" };
const message = { role: "assistant", content: "At your service." };
const whole = JSON.stringify({
  ...head,
  object: "chat.completion",
  choices: [{ index: 0, message, finish_reason: "stop" }],
  usage,
});
const chunk = (fields: object) =>
  `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...fields })}\n\n`;
const words = Array.from({ length: 100 }, (_, index) =>
  chunk({ choices: [{ index: 0, delta: { content: `word ${index} ` }, finish_reason: null }] }),
);
const ends = [
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  chunk({ choices: [], usage }),
  "data: [DONE]\n\n",
];

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part: string) => (text += part));
  request.on("end", () => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(JSON.stringify({ object: "list", data: [{ id: "scripted", object: "model" }] }));
    }
    if (!text.includes('"stream":true')) {
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(whole) });
      return response.end(whole);
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const each of words) response.write(each);
    return response.end(ends.join(""));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ type: "ready", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.once("disconnect", () => process.exit());
