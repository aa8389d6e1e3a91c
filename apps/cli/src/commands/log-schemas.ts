/** `roost log schemas …`: lists registered event types and checks a schema's compatibility. */
import { readFile } from "node:fs/promises";
import { describeIssue, formatPath, RoostError } from "@roost/base";
import type { EventSchemaRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import { parse } from "yaml";
import { z } from "zod";
import { unreadable } from "../unreadable.ts";
import type { CliContext } from "../cli-context.ts";
import { readInput } from "../conversation/read-input.ts";
import { exitCodes } from "../exit-codes.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

const schemasMax = 10_000;
const fileBytesMax = 1_000_000;

export function addLogSchemasCommands(log: Command, context: CliContext): void {
  const schemas = log
    .command("schemas")
    .summary("list and check event schemas")
    .description("Lists registered event types with their versions and modes, or checks a schema.");
  addList(schemas, context);
  addCheck(schemas, context);
}

function addList(schemas: Command, context: CliContext): void {
  schemas
    .command("list", { isDefault: true })
    .description("Lists event types, or all versions of one.")
    .argument("[type]", "all versions of this type, as in run.created")
    .action(async (type: string | undefined) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listSchemas({ ...page, type }), schemasMax);
      if (type !== undefined && rows.length === 0)
        throw new RoostError("not_found", `no event type "${type}" is registered: roost log schemas lists them`);
      if (terminal.isJson) return terminal.json({ schemas: rows });
      const nowMs = clock.nowMs();
      terminal.table(
        type === undefined ? newestOf(rows) : rows,
        [
          { title: "TYPE", value: (row) => row.type },
          { title: "VERSION", value: (row) => String(row.version), alignRight: true, label: "version" },
          { title: "TOPIC", value: (row) => row.topic, importance: 3, label: "topic" },
          { title: "MODE", value: (row) => row.compatibility, importance: 2 },
          { title: "UPCASTER", value: (row) => (row.isUpcast ? "yes" : ""), importance: 2, label: "upcaster" },
          { title: "REGISTERED", value: (row) => relativeTime(row.registeredAt, nowMs), importance: 4 },
        ],
        "No event types are registered",
      );
    });
}

function newestOf(rows: readonly EventSchemaRecord[]): EventSchemaRecord[] {
  return rows.filter((row, index) => rows[index + 1]?.type !== row.type);
}

/** The content of a file: the operation's input; the gateway checks its limits. */
const SchemaFile = z.object({
  type: z.string().min(1),
  version: z.number().optional(),
  topic: z.string().optional(),
  compatibility: z.string().optional(),
  schema: z.record(z.string(), z.unknown()),
});

function addCheck(schemas: Command, context: CliContext): void {
  schemas
    .command("check")
    .description(
      "Checks whether a schema could be registered; exits with 1 if not. The file is YAML or JSON with type and schema, and with version, topic and compatibility where they differ from the newest version.",
    )
    .argument("<file>", "the file, or - for stdin")
    .action(async (path: string) => {
      const { terminal } = context;
      const file = await readSchemaFile(path, context.stdin);
      const { client } = await context.connect();
      const answer = await client.checkSchema(file as Parameters<typeof client.checkSchema>[0]);
      if (answer.verdict === "refused") context.exitWith(exitCodes.answerIsNo);
      if (terminal.isJson) return terminal.json(answer);
      const what = `${plainLine(file.type)} version ${answer.version} (${answer.compatibility})`;
      if (answer.verdict === "refused")
        return terminal.line(`${what}: ${terminal.paint("refused", "bad")}: ${plainLine(answer.reason ?? "")}`);
      terminal.line(`${what}: ${terminal.paint(meaningOf[answer.verdict], "good")}`);
    });
}

const meaningOf = {
  new: "the first of its type",
  same: "registered already",
  compatible: "compatible",
} as const;

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause as NodeJS.ErrnoException);
  }
}

/** @throws RoostError `invalid_input`, naming the file and the error */
async function readSchemaFile(path: string, stdin: AsyncIterable<Buffer>): Promise<z.output<typeof SchemaFile>> {
  const text = path === "-" ? await readInput(stdin) : await readText(path);
  if (text.length > fileBytesMax)
    throw new RoostError("invalid_input", `${path} has ${text.length} characters (limit ${fileBytesMax})`);
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new RoostError("invalid_input", `${path} is neither YAML nor JSON: ${(cause as Error).message}`, { cause });
  }
  const file = SchemaFile.safeParse(value);
  if (file.success) return file.data;
  const issue = file.error.issues[0]!;
  throw new RoostError("invalid_input", `${path}: ${formatPath(issue.path) || "it"} ${describeIssue(issue)}`);
}
