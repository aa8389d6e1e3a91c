/** The tool that changes something at a URL. guarded-fetch.ts checks addresses; the effect class decides on repeats. */
import type { Tool } from "@roost/agent";
import { toRoostError } from "@roost/base";
import { z } from "zod";
import { labelsOfUrl } from "../http/labels-of-url.ts";
import { hostOf } from "../http/host-of.ts";
import { guardedFetch } from "../http/guarded-fetch.ts";
import { heldHosts } from "./policy-of.ts";
import type { ToolContext } from "./tool-context.ts";

const input = z.object({
  url: z.string().max(2_000),
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]).default("POST"),
  body: z.string().max(500_000).optional().describe("The request body, e.g. JSON text"),
  contentType: z.string().max(200).default("application/json"),
});

/**
 * Changes something at a URL. Each call carries an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), constant across attempts. On a
 * server that honours it the call is `idempotent` (settings: http.keyed), otherwise `unsafe`.
 */
export function httpSend(context: ToolContext, isKeyed: boolean): Tool<z.infer<typeof input>> {
  const name = isKeyed ? "http_send_keyed" : "http_send";
  return {
    name,
    description: isKeyed
      ? "Sends POST, PUT, PATCH or DELETE to a server listed in settings as honouring Idempotency-Key. A retry never repeats the effect."
      : "Sends POST, PUT, PATCH or DELETE. When the answer is lost the outcome is unknown and it is not sent again by itself.",
    input,
    effect: isKeyed ? "idempotent" : "unsafe",
    labelsOf: ({ url }) => labelsOfUrl(url),
    reach: ({ url }) => ({ target: hostOf(url), isOutside: true }),
    execute: async ({ url, method, body, contentType }, { signal, idempotencyKey, isAllowed }) => {
      if (isKeyed && !context.keyedHosts.has(hostOf(url))) {
        return {
          state: "failed",
          code: "forbidden",
          message: `${hostOf(url)} is not listed under http.keyed in roost.yaml; use http_send`,
        };
      }
      try {
        const { media: _notRead, ...reply } = await guardedFetch(
          {
            url,
            method,
            headers: { "content-type": contentType, "idempotency-key": idempotencyKey, "user-agent": "roost" },
            body,
          },
          {
            rules: context.addressRules,
            signal,
            keepsHost: true,
            heldHosts: heldHosts(context.agent.policies ?? {}, name, { target: hostOf(url), isAllowed }),
          },
        );
        return { state: "done", output: reply };
      } catch (error) {
        const failure = toRoostError(error);
        if (failure.details?.["wasSent"] === true) {
          return { state: "unknown", message: `${method} ${url}: ${failure.message}; it may have been carried out` };
        }
        return { state: "failed", code: failure.code, message: failure.message };
      }
    },
  };
}
