/** Services of other makers that a person has added by their OpenAPI documents. */
import { z } from "zod";
import { effects } from "../define-operation.ts";
import { Count, Name, text, Time } from "./fields.ts";
import { ServiceName } from "./service.ts";

/** As domain services are named: both are in the same list of an agent. */
export const ThirdPartyName = ServiceName;

/** Where a secret stands; never the secret. */
export const SecretReference = z
  .string()
  .max(1024)
  .regex(
    /^(?:env:[A-Za-z_][A-Za-z0-9_]*|(?:file|age|op):.+)$/,
    "must be env:NAME, file:PATH, age:PATH or op:VAULT/ITEM/FIELD: Roost does not store secrets",
  );

export const ThirdPartySecret = z
  .object({
    scheme: text(120).min(1).describe("A security scheme of the document, or bearer, basic, header:NAME, query:NAME"),
    reference: SecretReference,
  })
  .meta({ id: "ThirdPartySecret" });

export const ThirdParty = z
  .object({
    name: ThirdPartyName,
    title: Name,
    server: text(2048).min(1).describe("Where it is called"),
    source: text(2048).min(1).describe("Where its document is from: an address or a path"),
    sourceHash: text(64).describe("SHA-256 of that document"),
    hash: text(64).describe("SHA-256 of what was chosen of it"),
    operationCount: Count,
    secrets: z.array(ThirdPartySecret).max(20),
    addedAt: Time,
  })
  .meta({ id: "ThirdParty" });
export type ThirdPartyRecord = z.output<typeof ThirdParty>;

export const ThirdPartyOperation = z
  .object({
    id: text(64).min(1),
    method: text(10),
    path: text(2048),
    summary: text(1000),
    effect: z.enum(effects),
  })
  .meta({ id: "ThirdPartyOperation" });
export type ThirdPartyOperationRecord = z.output<typeof ThirdPartyOperation>;
