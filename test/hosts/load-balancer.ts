/**
 * A load balancer as people put before gateways: it ends TLS (so it says), passes a call to the first gateway that takes the connection, and what a
 * gateway cuts off is cut off for the caller.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface LoadBalancer extends AsyncDisposable {
  /** Of the home, as browsers see it. */
  name: string;
  url: string;
  /** Where gateways are, the preferred ones first. */
  gateways: string[];
  /** In turns: which of them gets the next call. */
  nextTurn(index: number): void;
}

/** `name`: in the settings' listen.names, with 127.0.0.1 as listen.proxy. `isInTurns`: each call goes to the next gateway first. */
export async function startLoadBalancer(name: string, { isInTurns = false } = {}): Promise<LoadBalancer> {
  const gateways: string[] = [];
  let turn = 0;
  const server = createServer((asked, answer) => {
    const first = isInTurns ? turn++ % gateways.length : 0;
    const ordered = [...gateways.slice(first), ...gateways.slice(0, first)];
    void buffer(asked).then((body) => pass(asked, { body, answer, name, gateways: ordered }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    gateways,
    nextTurn: (index) => (turn = index),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As a browser does; returns its cookie. */
export async function signIn({ name, url }: Pick<LoadBalancer, "name" | "url">, code: string): Promise<string> {
  const headers = { "content-type": "application/json", origin: `https://${name}` };
  const answer = await fetch(`${url}/session`, { method: "POST", headers, body: JSON.stringify({ code }) });
  assert.equal(answer.status, 204, await answer.text());
  return answer.headers.getSetCookie()[0]!.split(";")[0]!;
}

interface Passed {
  body: Buffer;
  answer: ServerResponse;
  name: string;
  gateways: string[];
}

function pass(asked: IncomingMessage, { body, answer, name, gateways }: Passed): void {
  const [gateway, ...others] = gateways;
  if (gateway === undefined) return void answer.destroy();
  const { method, url, headers } = asked;
  const forwarded = { ...headers, host: name, "x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.9" };
  const sent = request(`${gateway}${url}`, { method, headers: forwarded, agent: false });
  answer.on("close", () => sent.destroy());
  sent.on("response", (got) => {
    answer.writeHead(got.statusCode!, got.headers);
    got.pipe(answer);
    got.on("error", () => answer.destroy());
    got.on("aborted", () => answer.destroy());
  });
  sent.on("error", (error: NodeJS.ErrnoException) => {
    // Where one stops, what waits in its queue is reset before anything has read it; only what changes nothing may be asked again.
    const isAskedAgain = error.code === "ECONNREFUSED" || (method === "GET" && !answer.headersSent);
    if (isAskedAgain && !answer.destroyed) pass(asked, { body, answer, name, gateways: others });
    else answer.destroy();
  });
  sent.end(body);
}
