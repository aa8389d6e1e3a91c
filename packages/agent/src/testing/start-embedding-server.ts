/**
 * A server of embeddings for tests and benchmarks: the vector of a text is made of its letter triples and of the groups of words that it is given as the
 * same. Deterministic; it knows no language. Never part of the product.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";

export interface EmbeddingServer extends AsyncDisposable {
  /** Up to and including /v1. */
  url: string;
  /** The texts of each request. */
  requests: string[][];
  /** Answers with this status while it is set. */
  status: number | undefined;
}

export interface EmbeddingServerOptions {
  dimensions?: number;
  same?: readonly (readonly string[])[];
  /** Added to each number: as with real models, all texts lie in one corner of the space. */
  corner?: number;
}

export async function startEmbeddingServer({
  dimensions = 256,
  same = [],
  corner = 0,
}: EmbeddingServerOptions = {}): Promise<EmbeddingServer> {
  const groups = new Map(same.flatMap((words, group) => words.map((word) => [word, `group ${group}`] as const)));
  const state: Pick<EmbeddingServer, "requests" | "status"> = { requests: [], status: undefined };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { input } = JSON.parse(await readText(request)) as { input: string[] };
    state.requests.push(input);
    response.writeHead(state.status ?? 200, { "content-type": "application/json" });
    const data = input.map((each, index) => ({
      index,
      embedding: [...vectorOf(each, { dimensions, groups })].map((number) => number + corner),
    }));
    const usage = { total_tokens: input.reduce((sum, { length }) => sum + Math.ceil(length / 4), 0) };
    response.end(JSON.stringify(state.status === undefined ? { data, usage } : { error: { message: "not now" } }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function vectorOf(
  text: string,
  { dimensions, groups }: { dimensions: number; groups: ReadonlyMap<string, string> },
): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const group = groups.get(word);
    const padded = ` ${word} `;
    const features = group === undefined ? padded.split("").map((_letter, at) => padded.slice(at, at + 3)) : [group];
    for (const feature of features) {
      const hash = createHash("md5").update(feature).digest();
      // Several places with a sign each: a random projection.
      for (let at = 0; at < 8; at += 1)
        vector[hash.readUInt8(at) % dimensions]! += (hash.readUInt8(at + 8) % 2 === 0 ? 1 : -1) / features.length;
    }
  }
  return vector;
}
