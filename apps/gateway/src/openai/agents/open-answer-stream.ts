/** Writes answers of agents as server-sent events, at the pace of their reader. */
import type { ServerResponse } from "node:http";
import { answerHeaders } from "@roost/proxy";

export interface AnswerStream {
  /** Resolves when the connection takes more. */
  send(data: object, event?: string): Promise<void>;
  end(last?: string): void;
}

/** So that nothing between takes a quiet stream for a dead one. */
const signOfLifeMs = 15_000;

export function openAnswerStream(response: ServerResponse): AnswerStream {
  response.writeHead(200, { ...answerHeaders, "content-type": "text/event-stream" });
  response.flushHeaders();
  const timer = setInterval(() => response.write(": still at work\n\n"), signOfLifeMs).unref();
  response.once("close", () => clearInterval(timer));
  return {
    async send(data, event) {
      if (response.destroyed) return;
      const name = event === undefined ? "" : `event: ${event}\n`;
      if (response.write(`${name}data: ${JSON.stringify(data)}\n\n`)) return;
      await new Promise<void>((resolve) => {
        response.once("drain", resolve);
        response.once("close", resolve);
      });
    },
    end(last) {
      clearInterval(timer);
      response.end(last === undefined ? undefined : `data: ${last}\n\n`);
    },
  };
}
