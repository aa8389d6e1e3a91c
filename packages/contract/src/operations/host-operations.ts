/** Hosts: which there are, and what a joined one tells. A code brings one in (createPairing), revokeToken puts it out. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { HomePath } from "../records/file.ts";
import { Host, HostLogins, HostNeeds } from "../records/host.ts";
import { Name, WrittenName, pageFields, pageOf, text, Time } from "../records/fields.ts";

const diffCharsMax = 4_000;

export const listHosts = defineOperation({
  id: "listHosts",
  method: "GET",
  path: "/hosts",
  summary: "Hosts of the home, with clock skew, version, and what they run",
  input: z.object(pageFields),
  output: pageOf(Host).extend({
    statements: z
      .array(z.string().max(1_000))
      .max(10)
      .describe("What an administrator of the database should run first for workers on other hosts; empty: nothing"),
  }),
  effect: "readonly",
});

export const reportHost = defineOperation({
  id: "reportHost",
  method: "POST",
  path: "/hosts/report",
  summary: "What a joined host says of itself, every now and then",
  input: z.object({
    version: WrittenName,
    at: Time.describe("By its clock"),
    doing: z.array(WrittenName).max(20),
  }),
  output: z.object({
    at: Time.describe("By the home's clock"),
    version: Name.describe("Of the gateway"),
    isDrained: z.boolean().describe("It has another minor version: it takes and brings nothing until it is upgraded"),
  }),
  effect: "idempotent",
  access: { audience: ["host"] },
});

const changed = {
  input: z.object({ name: WrittenName.describe("Name of a host") }),
  output: z.object({ host: Host }),
  effect: "idempotent",
  errors: ["not_found"],
  access: { audience: decidingKinds },
} as const;

export const drainHost = defineOperation({
  id: "drainHost",
  method: "POST",
  path: "/hosts/{name}/drain",
  summary: "Lets the workers of a host end what they have and take no new run, also after they are started again",
  ...changed,
});

export const undrainHost = defineOperation({
  id: "undrainHost",
  method: "POST",
  path: "/hosts/{name}/undrain",
  summary: "Lets the workers of a drained host take runs again",
  ...changed,
});

export const reportDivergence = defineOperation({
  id: "reportDivergence",
  method: "POST",
  path: "/hosts/divergences",
  summary: "Tells the person that a file was changed in two places, and what is kept",
  input: z.object({
    path: HomePath,
    keptAs: HomePath.nullable().describe(
      "Where the host's version stands; null: it was deleted in one place and edited in the other, and the edit stays",
    ),
    diff: text(diffCharsMax).describe("From the home's version to the host's, cut at its limit"),
  }),
  output: z.object({}),
  effect: "unsafe",
  access: { audience: ["host"] },
});

export const renewHostLogins = defineOperation({
  id: "renewHostLogins",
  method: "POST",
  path: "/hosts/logins",
  summary:
    "Gives the host that asks new logins for what it runs, for the database that the home has now; the ones before count no more",
  input: z.object({}),
  output: z.object({ needs: HostNeeds, logins: HostLogins }),
  effect: "queryable",
  needs: "home",
  query: listHosts,
  errors: ["conflict"],
  answersSecret: true,
  access: { audience: ["host"] },
});

export const hostOperations = [
  listHosts,
  reportHost,
  drainHost,
  undrainHost,
  reportDivergence,
  renewHostLogins,
] as const;
