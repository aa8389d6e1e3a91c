/**
 * How calls reach a service: the gateway signs the caller's identity for one instance, one address, one body and half a minute. An instance accepts
 * nothing else, and no token twice.
 */
import { createHash } from "node:crypto";
import { createId, RoostError, type Clock } from "@roost/base";
import { principalKinds, type CallingRun, type Principal } from "@roost/contract";
import { formatLabels, parseLabels, withFewSources } from "@roost/contract/labels";
import { z } from "zod";
import type { Verifier } from "../signing/create-verifier.ts";
import type { Signer } from "../signing/open-signer.ts";

export const callHeader = "roost-call";
const purpose = "roost-call";
const callMsMax = 30_000;
/** Tokens that an instance remembers; more within half a minute are refused. */
const seenMax = 100_000;
/** A header has no room for more. */
const sourceLimits = { sourcesMax: 16, charsMax: 4_000 };

const Call = z.object({
  instance: z.uuid(),
  /** Hash of what is asked: a header has no room for an address. */
  asked: z.string(),
  principal: z.object({
    id: z.string(),
    kind: z.enum(principalKinds),
    scopes: z.array(z.string()),
    run: z.object({ id: z.string(), epoch: z.number(), labels: z.array(z.string()).optional() }).optional(),
  }),
  id: z.uuid(),
  expiresAtMs: z.number(),
});

export interface OutgoingCall {
  instance: string;
  method: string;
  path: string;
  principal: Principal;
  headers?: Headers | undefined;
  body?: Uint8Array | undefined;
}

/** Those that say what is asked. */
const signedHeaders = ["content-type", "idempotency-key", "if-match", "last-event-id"];

function hashOf({
  method,
  path,
  headers,
  body = new Uint8Array(),
}: Omit<OutgoingCall, "instance" | "principal">): string {
  const said = [method, path, ...signedHeaders.map((name) => headers?.get(name) ?? null)];
  return createHash("sha256").update(JSON.stringify(said)).update(body).digest("base64url");
}

export function signCall(signer: Signer, call: OutgoingCall, clock: Clock): Promise<string> {
  const { id, kind, scopes, run } = call.principal;
  const principal = {
    id,
    kind,
    scopes: [...scopes],
    ...(run === undefined ? {} : { run: { id: run.id, epoch: run.epoch, ...knowledgeOf(run) } }),
  };
  const expiresAtMs = clock.nowMs() + callMsMax;
  const { instance } = call;
  return signer.sign(purpose, { instance, asked: hashOf(call), principal, id: createId(), expiresAtMs });
}

/** Whence what the run knows comes, and how far that is trusted: a service keeps it with what the run says. */
function knowledgeOf({ labels }: CallingRun): { labels?: string[] } {
  if (labels === undefined) return {};
  return { labels: formatLabels({ ...withFewSources(labels, sourceLimits), audiences: [] }) };
}

export interface IncomingCall {
  method: string;
  path: string;
  headers: Headers;
  /** Called once its signature is known to be good. */
  readBody: () => Promise<Uint8Array | undefined>;
}

/** Verifies for one instance in whose name a request is made. @throws RoostError `unauthenticated` */
export type VerifyCall = (request: IncomingCall) => Promise<Principal>;

export function createVerifyCall(
  verifier: Verifier,
  { instance, clock }: { instance: string; clock: Clock },
): VerifyCall {
  const seen = new Map<string, number>();
  const forget = (nowMs: number) => {
    // In order of arrival, roughly that of expiry.
    for (const [id, expiresAtMs] of seen) {
      if (expiresAtMs > nowMs) return;
      seen.delete(id);
    }
  };
  return async ({ method, path, headers, readBody }) => {
    const word = headers.get(callHeader);
    if (word === null) throw refusal("it is not signed: call the gateway");
    const { message, signer } = await verifier.verify(purpose, word);
    const parsed = Call.safeParse(message);
    if (!parsed.success || signer.kind === "worker") throw refusal("it is not signed by a gateway or a service");
    const call = parsed.data;
    const { run, ...principal } = call.principal;
    // A service that calls another does so as itself.
    if (signer.kind === "service" && !(isOfService(principal, signer.name) && run === undefined))
      throw refusal(`service ${signer.name} used another caller's name`);
    const asked = hashOf({ method, path, headers, body: await readBody() });
    if (call.instance !== instance || call.asked !== asked)
      throw refusal("it is signed for another request: other instance, address, headers or body");
    const nowMs = clock.nowMs();
    forget(nowMs);
    if (call.expiresAtMs <= nowMs || call.expiresAtMs > nowMs + 2 * callMsMax) throw refusal("it has expired");
    if (seen.has(call.id)) throw refusal("it was already used");
    if (seen.size >= seenMax)
      throw new RoostError(
        "limit_exceeded",
        `The service was called ${seenMax} times within half a minute: call it later`,
      );
    seen.set(call.id, call.expiresAtMs);
    if (run === undefined) return principal;
    const { labels, ...called } = run;
    return { ...principal, run: { ...called, ...(labels !== undefined && { labels: parseLabels(labels) }) } };
  };
}

function isOfService({ id, kind }: Principal, name: string): boolean {
  return id === `service:${name}` && kind === "service";
}

function refusal(why: string): RoostError {
  return new RoostError("unauthenticated", `The call was refused: ${why}`);
}
