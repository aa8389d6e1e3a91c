/** Asks a server with OpenAI's `/embeddings` for vectors of texts. A failure is an error that says whether to try again; nothing is retried here. */
import { createHash } from "node:crypto";
import { limitBytes, RoostError } from "@roost/base";
import { z } from "zod";
import { prefixesOf, type TextPrefixes } from "./text-prefixes.ts";

export interface EmbedderConfig {
  /** Up to and including `/v1`. */
  baseUrl: string;
  model: string;
  apiKey?: string | undefined;
  /** Asked of the model. Default: what it gives. */
  dimensions?: number | undefined;
  /** Default: what the model is known to have learned with. */
  prefixes?: TextPrefixes | undefined;
}

export interface Embedded {
  /** In the order of the texts, all of one length. */
  vectors: Float32Array[];
  /** As the server counts them; undefined: it does not say. */
  tokenCount: number | undefined;
}

export interface EmbedOptions {
  /** What is asked, or what may answer it. Texts that are alike on both sides are all questions. */
  as: keyof TextPrefixes;
  signal: AbortSignal;
}

export interface Embedder {
  /** Vectors of another id are not compared with these. */
  id: string;
  /** @throws RoostError `unavailable`, `timeout`, `unauthenticated`, `invalid_input` */
  embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded>;
}

const bodyBytesMax = 32 * 1024 * 1024;
const errorCharsMax = 300;
const dimensionsMax = 4_096;

const Answer = z.object({
  data: z.array(z.object({ index: z.number().int().min(0), embedding: z.array(z.number()).min(1).max(dimensionsMax) })),
  usage: z.object({ total_tokens: z.number().int().min(0) }).optional(),
});

export function createEmbedder(config: EmbedderConfig): Embedder {
  const { baseUrl, model, apiKey, dimensions, prefixes = prefixesOf(model) } = config;
  const url = `${baseUrl.replace(/\/+$/, "")}/embeddings`;
  const id = createHash("sha256")
    .update(JSON.stringify([url, model, dimensions ?? null, prefixes.question, prefixes.line]))
    .digest("base64url")
    .slice(0, 16);
  return {
    id,
    async embed(texts, { as, signal }) {
      const response = await ask(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify({
          model,
          input: texts.map((text) => prefixes[as] + text),
          encoding_format: "float",
          dimensions,
        }),
        redirect: "error",
        signal,
      });
      return readAnswer(response, { url, count: texts.length });
    },
  };
}

async function ask(url: string, init: RequestInit): Promise<string> {
  try {
    const response = await fetch(url, init);
    const text = await readText(response);
    if (response.ok) return text;
    const why = `${url} answered ${response.status}: ${text.slice(0, errorCharsMax).toWellFormed()}`;
    throw new RoostError(codeOf(response.status), why);
  } catch (error) {
    if (error instanceof RoostError) throw error;
    const isLate = init.signal?.aborted === true;
    const what = isLate ? "did not answer in time" : "cannot be reached";
    throw new RoostError(isLate ? "timeout" : "unavailable", `${url} ${what}: check embeddings in roost.yaml`, {
      cause: error,
    });
  }
}

function codeOf(status: number) {
  if (status === 401 || status === 403) return "unauthenticated";
  return status === 429 || status >= 500 ? "unavailable" : "invalid_input";
}

async function readText({ body, url }: Response): Promise<string> {
  const refuse = () =>
    new RoostError("limit_exceeded", `${url} answered with more than ${bodyBytesMax} bytes: name fewer dimensions`);
  const chunks = await Array.fromAsync(limitBytes(body ?? [], { bytesMax: bodyBytesMax, refuse }));
  return Buffer.concat(chunks).toString();
}

function readAnswer(text: string, { url, count }: { url: string; count: number }): Embedded {
  const refuse = (what: string) => new RoostError("unavailable", `${url} answered with ${what}`);
  let answer: z.output<typeof Answer>;
  try {
    answer = Answer.parse(JSON.parse(text));
  } catch (error) {
    throw new RoostError("unavailable", `${url} did not answer with embeddings: ${text.slice(0, errorCharsMax)}`, {
      cause: error,
    });
  }
  const { data, usage } = answer;
  const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => Float32Array.from(embedding));
  if (vectors.length !== count) throw refuse(`${vectors.length} vectors for ${count} texts`);
  if (vectors.some(({ length }) => length !== vectors[0]!.length)) throw refuse("vectors of different lengths");
  return { vectors, tokenCount: usage?.total_tokens };
}
