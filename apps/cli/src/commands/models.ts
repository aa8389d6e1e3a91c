/** `roost models …`: the models that roost.yaml names, each tried before it is added. */
import { RoostError } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import type { ConfiguredModelRecord, NewModel } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readInput } from "../conversation/read-input.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { parseOptionCount } from "../parse-option.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

interface AddOptions {
  url?: string;
  openrouter?: boolean;
  key?: boolean;
  keyRef?: string;
  id?: string;
  contextTokens?: number;
  toolsAsText?: boolean;
  free?: boolean;
  try: boolean;
}

const modelsMax = 1_000;
/** A model that is loaded from a disk first takes its time. */
const tryMsMax = 75_000;

export function addModelsCommands(program: Command, context: CliContext): void {
  const models = program
    .command("models")
    .summary("say which models Roost thinks with")
    .description("Lists, adds and removes the models that roost.yaml names. The first that answers is used.");
  addList(models, context);
  addAdd(models, context);
  models
    .command("remove")
    .description("Takes a model out of roost.yaml, and removes a key that was kept for it.")
    .argument("<id>", "id from roost models list")
    .action(async (id: string) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.removeModel({ id });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(terminal.named(`Removed ${plainLine(answer.model.id)}`));
      terminal.note(appliesLater);
    });
  models
    .command("apply")
    .description(
      "Restarts the processes of the home, so that added and removed models take effect. Runs go on where they were.",
    )
    .action(async () => {
      const { terminal } = context;
      const { client } = await context.connect();
      const answer = await client.applySettings();
      if (terminal.isJson) return terminal.json(answer);
      terminal.note(answer.isRestarting ? "Roost starts anew" : "This gateway was started alone: restart it");
    });
}

const appliesLater = "It counts from the next start on: roost models apply";

function addList(models: Command, context: CliContext): void {
  models
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists models in the order in which they are tried.")
    .allowExcessArguments()
    .action(async (_options: object, list: Command) => {
      refuseUnknownCommand(models, list.args[0]);
      const { terminal } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listModels(page), modelsMax);
      if (terminal.isJson) return terminal.json({ models: rows });
      terminal.table(rows, columns, "roost.yaml names no model; add one with roost models add MODEL --url URL");
    });
}

function addAdd(models: Command, context: CliContext): void {
  models
    .command("add")
    .description(
      "Asks a model for one word, and adds it to roost.yaml before the others when it answers. A key is read from the standard input (--key) and kept in a file that only you can read.",
    )
    .argument("<model>", "as its server calls it")
    .option("--url <url>", "its server, which is OpenAI-compatible (default: OpenAI)")
    .option("--openrouter", "use OpenRouter as its server")
    .option("--key", "read its key from the standard input")
    .option("--key-ref <reference>", "where its key is: env:NAME, file:PATH, age:PATH or op:VAULT/ITEM/FIELD")
    .option("--id <id>", "its name here (default: made from the name of its server)")
    .option("--context-tokens <count>", "how much fits into its context", parseOptionCount)
    .option("--tools-as-text", "describe tools to it in text, because it cannot call them")
    .option("--free", "its tokens cost nothing")
    .option("--no-try", "add it without asking it")
    .action(async (name: string, options: AddOptions) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const given = await toModel(context, name, options);
      if (options.try) {
        const { check } = await client.tryModel(given, { timeoutMs: tryMsMax });
        if (check.state === "fails")
          throw new RoostError("unavailable", `${name} was not added: ${check.text} (--no-try adds it all the same)`);
        terminal.note(check.text);
      }
      const answer = await client.addModel({ ...given, ...(options.id !== undefined && { id: options.id }) });
      if (terminal.isJson) return terminal.json(answer);
      terminal.line(terminal.named(`Added ${plainLine(answer.model.id)}`));
      terminal.note(appliesLater);
    });
}

async function toModel({ stdin }: CliContext, model: string, options: AddOptions): Promise<NewModel> {
  const { url, openrouter = false, keyRef, contextTokens, toolsAsText = false, free = false } = options;
  const key = options.key === true ? (await readInput(stdin)).trim() : undefined;
  if (key === "")
    throw new RoostError(
      "invalid_input",
      "--key reads the key from the standard input, for example: … --key < key.txt",
    );
  return {
    kind: openrouter ? "openrouter" : "openai-compatible",
    model,
    baseUrl: url ?? null,
    isFree: free,
    key,
    keyRef,
    contextTokensMax: contextTokens,
    tools: toolsAsText ? "text" : undefined,
  };
}

const columns: Column<ConfiguredModelRecord>[] = [
  { title: "ID", value: ({ id }) => id },
  { title: "MODEL", value: ({ model }) => plainLine(model) },
  {
    title: "SERVER",
    value: ({ kind, baseUrl }) => plainLine(baseUrl ?? (kind === "openrouter" ? kind : "OpenAI")),
    importance: 2,
  },
  { title: "KEY", value: ({ key }) => plainLine(key ?? "none"), importance: 3 },
  { title: "COUNTS", value: ({ isApplied }) => (isApplied ? "now" : "from the next start on"), tone: () => "dim" },
];
