/** One call of one model behind a custom server. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLogger, systemClock } from "@roost/base";
import type { ModelDelta, ModelLimits, ModelRequest } from "./models.ts";
import { openModels } from "./open-models.ts";

export const request: ModelRequest = {
  sections: [],
  messages: [{ role: "user", text: "Hello" }],
  tools: [],
  outputTokensMax: 50,
};

export async function askOnce(
  baseUrl: string,
  limits: Partial<ModelLimits> = {},
  remarks: string[] = [],
  change: Partial<ModelRequest> = {},
) {
  const models = openModels({
    providers: [{ kind: "openai-compatible", id: "a", baseUrl, model: "m" }],
    clock: systemClock,
    logger: silentLogger,
    limits: { roundsMax: 1, ...limits },
  });
  const onDelta = (delta: ModelDelta) => {
    if (delta.type === "remark") remarks.push(delta.text);
  };
  return await models.call(
    { ...request, ...change },
    { signal: new AbortController().signal, step: "model#1", onDelta },
  );
}

/** Answers each request once its body has been read. */
export async function serveRaw(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.once("end", () => answer(incoming, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** One event of a streamed reply. */
export const chunkOf = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
