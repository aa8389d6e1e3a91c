/** `roost config`, `roost openapi` and `roost graphql`: the gateway's configuration, and documents of its API. */
import { RoostError } from "@roost/base";
import type { ConfigEntry } from "@roost/contract/operations";
import type { Command } from "commander";
import type { z } from "zod";
import type { CliContext } from "../cli-context.ts";
import type { Column } from "../print/table.ts";

export function addShowConfigCommands(program: Command, context: CliContext): void {
  program
    .command("config")
    .summary("show the configuration in force")
    .description("Shows the gateway's configuration and where each value comes from. Secrets are never shown.")
    .action(async () => {
      const { client } = await context.connect();
      const answer = await client.getConfig();
      if (context.terminal.isJson) return context.terminal.json(answer);
      context.terminal.table(answer.entries, columns, "Nothing is configured");
    });
  program
    .command("openapi")
    .summary("print the gateway's OpenAPI document")
    .description("Prints the OpenAPI 3.1 document of the gateway's HTTP API, as JSON.")
    .action(async () => context.terminal.json(await (await fetchDocument(context, "/openapi.json")).json()));
  const graphql = program.command("graphql").summary("the GraphQL API").description("Shows what /graphql takes.");
  graphql
    .command("schema")
    .summary("print the GraphQL schema")
    .description("Prints the GraphQL schema of Roost and its present services, as SDL.")
    .action(async () => context.terminal.write(await (await fetchDocument(context, "/graphql/schema.graphql")).text()));
}

async function fetchDocument(context: CliContext, path: string): Promise<Response> {
  const { url, token } = await context.connect();
  const headers = { authorization: `Bearer ${token}`, accept: "*/*" };
  const response = await fetch(url + path, { headers, redirect: "error" }).catch((cause: unknown) => {
    throw new RoostError("unavailable", `${url} cannot be reached: is it running?`, { cause });
  });
  if (response.ok) return response;
  throw new RoostError("unavailable", `${url}${path} answered with status ${response.status}: is it a Roost gateway?`);
}

type Entry = z.output<typeof ConfigEntry>;

const columns: Column<Entry>[] = [
  { title: "NAME", value: (entry) => entry.name },
  { title: "VALUE", value: (entry) => entry.value ?? "-", widthMin: 12 },
  { title: "FROM", value: (entry) => entry.source, tone: () => "dim", importance: 2 },
];
