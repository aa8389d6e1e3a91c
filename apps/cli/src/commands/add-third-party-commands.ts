/** `roost service add|remove|show`: services of other makers, by their OpenAPI documents. */
import { readFile } from "node:fs/promises";
import { limitBytes, RoostError, toRoostError } from "@roost/base";
import type { Effect } from "@roost/contract";
import type { ThirdPartyOperationRecord, ThirdPartyRecord } from "@roost/contract/operations";
import { readDocument, reduceDocument, type LeftOut } from "@roost/openapi/reduce";
import type { Command } from "commander";
import { unreadable } from "../unreadable.ts";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { collectOption } from "../parse-option.ts";
import { formatPairs } from "../print/format-pairs.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";

interface AddOptions {
  name?: string;
  only?: string[] | undefined;
  effect?: string[];
  secret?: string[] | undefined;
  server?: string | undefined;
}

const documentBytesMax = 32 * 1024 * 1024;
const fetchMsMax = 60_000;
const reasonsShownMax = 10;

export function addThirdPartyCommands(service: Command, context: CliContext): void {
  addAdd(service, context);
  addShow(service, context);
  addRemove(service, context);
}

function addAdd(service: Command, context: CliContext): void {
  service
    .command("add")
    .summary("add a service of another maker by its OpenAPI document")
    .description(
      "Adds a service of another maker by its OpenAPI 3.0 or 3.1 document, or replaces it: agents whose definition names it have its operations as tools. Reading counts as readonly, PUT and DELETE as idempotent, all else as unsafe, unless --effect says otherwise. Adding it again keeps what was chosen.",
    )
    .argument("<document>", "address or file of the document, JSON or YAML")
    .option("--name <name>", "its name here: agents name it, and its tools begin with it (default: from its title)")
    .option("--only <ids>", "operations to take, with commas; * stands for any characters (repeatable)", collectOption)
    .option("--effect <id=class>", "readonly, idempotent or unsafe, for an operation (repeatable)", collectOption)
    .option(
      "--secret <scheme=reference>",
      "where the secret for a scheme of the document is: env:NAME, file:PATH, age:PATH or op:VAULT/ITEM/FIELD; without a scheme there: bearer, basic, header:NAME or query:NAME; client:SCHEME for a program's ID:SECRET, by which tokens are asked for (repeatable)",
      collectOption,
    )
    .option("--server <url>", "where to call it (default: the document's first server)")
    .action(async (source: string, given: AddOptions) => {
      const { terminal } = context;
      const { client } = await context.connect();
      using progress = terminal.progress(`reading ${source}`);
      const { document, hash } = await readDocument(await readSource(source));
      const name = given.name ?? nameOf(document["info"]);
      const known = await findKnown(client, name);
      progress.update("choosing operations");
      const reduced = reduceDocument(document, {
        name,
        ...chosenOf(given, known),
        ...(given.server !== undefined && { server: given.server }),
      });
      const secrets = given.secret?.map(readSecretOption) ?? known?.thirdParty.secrets ?? [];
      const { title, server, document: small } = reduced;
      const { thirdParty, change } = await client.putThirdParty({
        name,
        title,
        server,
        source,
        sourceHash: hash,
        document: small,
        secrets,
      });
      const { operations } = await client.getThirdParty({ name });
      if (terminal.isJson) return terminal.json({ thirdParty, change, operations, leftOut: reduced.leftOut });
      tellAdded(context, { thirdParty, change, operations, leftOut: reduced.leftOut });
    });
}

interface Known {
  thirdParty: ThirdPartyRecord;
  operations: readonly ThirdPartyOperationRecord[];
}

async function findKnown(client: RoostClient, name: string): Promise<Known | undefined> {
  try {
    return await client.getThirdParty({ name });
  } catch (error) {
    if (toRoostError(error).code === "not_found") return undefined;
    throw error;
  }
}

/** What is said now, and what was said before of what is not. */
function chosenOf({ only, effect = [] }: AddOptions, known: Known | undefined) {
  const effects: Record<string, Effect> = Object.fromEntries(effect.map(readEffectOption));
  const ids = only?.flatMap((each) => each.split(",").map((id) => id.trim())).filter((id) => id !== "");
  return { kept: known?.operations ?? [], effects, only: ids };
}

function readEffectOption(text: string): [string, Effect] {
  const [id, effect] = splitAt(text, "=");
  if (effect === "readonly" || effect === "idempotent" || effect === "unsafe") return [id, effect];
  throw new RoostError("invalid_input", `--effect ${text}: give ID=readonly, ID=idempotent or ID=unsafe`);
}

function readSecretOption(text: string): { scheme: string; reference: string } {
  const [scheme, reference] = splitAt(text, "=");
  if (scheme !== "" && reference !== undefined) return { scheme, reference };
  throw new RoostError("invalid_input", "--secret: give SCHEME=REFERENCE, as in --secret bearer=env:TOKEN");
}

function splitAt(text: string, mark: string): [string, string | undefined] {
  const at = text.lastIndexOf(mark);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** @throws RoostError `not_found`, `unavailable`, `limit_exceeded` */
async function readSource(source: string): Promise<string> {
  if (!/^https?:\/\//.test(source)) {
    const bytes = await readFile(source).catch((cause: NodeJS.ErrnoException) => {
      throw unreadable(source, cause);
    });
    return bytes.toString("utf8");
  }
  const signal = AbortSignal.timeout(fetchMsMax);
  const response = await fetch(source, {
    signal,
    headers: { accept: "application/json, application/yaml, */*" },
  }).catch((cause: unknown) => {
    throw new RoostError("unavailable", `${source} cannot be read: ${toRoostError(cause).message}`, { cause });
  });
  if (!response.ok) throw new RoostError("unavailable", `${source} answered with status ${response.status}`);
  const refuse = () => new RoostError("limit_exceeded", `${source} is longer than ${documentBytesMax} bytes`);
  const parts = await Array.fromAsync(limitBytes(response.body ?? [], { bytesMax: documentBytesMax, refuse }));
  return Buffer.concat(parts).toString("utf8");
}

function nameOf(info: unknown): string {
  const title = String((info as { title?: unknown } | undefined)?.title ?? "").toLowerCase();
  const words = title.split(/[^a-z0-9]+/).filter((word) => word !== "" && word !== "api" && word !== "the");
  const name = words.slice(0, 2).join("-").slice(0, 31).replace(/-+$/, "");
  if (/^[a-z]/.test(name)) return name;
  throw new RoostError(
    "invalid_input",
    `the document's title "${title.slice(0, 60)}" makes no name: give one with --name`,
  );
}

function tellAdded(
  { terminal }: CliContext,
  { thirdParty, change, operations, leftOut }: Known & { change: string; leftOut: readonly LeftOut[] },
): void {
  const count = operations.length;
  terminal.line(`${thirdParty.name} ${change}: ${count} operation${count === 1 ? "" : "s"} at ${thirdParty.server}`);
  for (const { id, why } of leftOut.slice(0, reasonsShownMax)) terminal.note(`left out ${id}: ${why}`);
  if (leftOut.length > reasonsShownMax) terminal.note(`and ${leftOut.length - reasonsShownMax} more`);
  const unsafe = operations.filter(({ effect }) => effect === "unsafe").length;
  if (unsafe > 0)
    terminal.note(
      `${unsafe} of them count as unsafe: when an answer is lost, they are not repeated. --effect ID=CLASS corrects one`,
    );
  terminal.note(`Agents have them when their definition says services: [${thirdParty.name}]`);
}

function addShow(service: Command, context: CliContext): void {
  service
    .command("show")
    .description(
      "Shows a service of another maker: its operations with their effect classes, and where its secrets are kept.",
    )
    .argument("<name>", "name of the service")
    .action(async (name: string) => {
      const { client } = await context.connect();
      const { terminal, clock } = context;
      const { thirdParty, operations, document } = await client.getThirdParty({ name });
      if (terminal.isJson) return terminal.json({ thirdParty, operations, document });
      const { title, server, source, sourceHash, secrets, addedAt } = thirdParty;
      const pairs: [string, string][] = [
        ["service", `${name}: ${title}`],
        ["server", server],
        ["document", `${source}, SHA-256 ${sourceHash.slice(0, 12)}…`],
        ["added", relativeTime(addedAt, clock.nowMs())],
        ...secrets.map(({ scheme, reference }): [string, string] => ["secret", `${scheme} from ${reference}`]),
      ];
      for (const line of formatPairs(pairs, terminal)) terminal.line(line);
      terminal.table(operations, columns, "It has no operations");
    });
}

const columns: Column<ThirdPartyOperationRecord>[] = [
  { title: "OPERATION", value: ({ id }) => id, widthMin: 12 },
  { title: "EFFECT", value: ({ effect }) => effect },
  { title: "CALL", value: ({ method, path }) => `${method} ${path}`, widthMin: 12, importance: 3 },
  { title: "SUMMARY", value: ({ summary }) => summary, widthMin: 12, importance: 2 },
];

function addRemove(service: Command, context: CliContext): void {
  service
    .command("remove")
    .description("Removes a service of another maker. Agents lose its tools from their next run on.")
    .argument("<name>", "name of the service")
    .action(async (name: string) => {
      const { client } = await context.connect();
      const { thirdParty } = await client.removeThirdParty({ name });
      if (context.terminal.isJson) return context.terminal.json({ thirdParty });
      context.terminal.line(`${name} removed`);
    });
}
