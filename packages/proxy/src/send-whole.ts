/** Answers that are sent at once, each with the headers of all answers. */
import type { ServerResponse } from "node:http";

/** Nothing between keeps an answer, or takes it for another type than it says. */
export const answerHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

export interface WholeAnswer {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
}

/** Where nothing was answered yet. */
export function sendWhole(response: ServerResponse, { status, contentType, body, headers }: WholeAnswer): void {
  response.writeHead(status, {
    ...answerHeaders,
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export function sendJson(response: ServerResponse, status: number, answer: object): void {
  sendWhole(response, { status, contentType: "application/json", body: JSON.stringify(answer) });
}
