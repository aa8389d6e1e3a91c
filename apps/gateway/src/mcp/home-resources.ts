/**
 * What a client reads by address: files and daily notes of the home, and records of runs. As far as its scopes and its clearance go; what it may not
 * read does not exist for it.
 */
import {
  ResourceNotFoundError,
  ResourceTemplate,
  type McpServer,
  type ReadResourceResult,
  type Resource,
} from "@modelcontextprotocol/server";
import { RoostError } from "@roost/base";
import { getRun, listRuns, listSteps } from "@roost/kernel";
import { labelsOfAll, listHomeFiles, readMarkedFile, type Memory } from "@roost/memory";
import { toRunSummary } from "../records/to-run-summary.ts";
import { toStepRecord } from "../records/to-step.ts";
import { hasScope, isClearedFor, isHidden, type McpClient } from "./mcp-client.ts";
import { tellContent } from "./tell-content.ts";

const scheme = "roost://";
/** Named in lists; others are read by their address. */
const listedFilesMax = 1_000;
const listedRunsMax = 50;
const completedMax = 100;

export function fileAddress(path: string): string {
  return `${scheme}files/${path.split("/").map(encodeURIComponent).join("/")}`;
}

export function runAddress(runId: string): string {
  return `${scheme}runs/${runId}`;
}

const notePath = /^memory\/(\d{4}-\d{2}-\d{2})\.md$/;

/** The address of a daily note beside that of its file. */
export function noteAddress(path: string): string | undefined {
  const day = notePath.exec(path)?.[1];
  return day === undefined ? undefined : `${scheme}notes/${day}`;
}

export function offerHomeResources(mcp: McpServer, { memory, client }: { memory: Memory; client: McpClient }): void {
  const { viewer } = client;
  if (hasScope(client, "files:read")) {
    const listFiles = () => listHomeFiles(memory, { as: viewer });
    const read = (uri: URL, path: string) => readAs(uri, () => readFile(memory, client, { uri, path }));
    const pathsLike = async (given: string) =>
      (await listFiles()).map(({ path }) => path).filter((path) => path.startsWith(given));
    mcp.registerResource(
      "file",
      new ResourceTemplate(`${scheme}files/{+path}`, {
        list: async () => ({ resources: (await listFiles()).slice(0, listedFilesMax).map(toFileResource) }),
        complete: { path: async (given) => (await pathsLike(given)).slice(0, completedMax) },
      }),
      { title: "File of the home", description: "A text file by its path: AGENTS.md, memory/2026-01-31.md" },
      (uri) => read(uri, pathOf(uri)),
    );
    mcp.registerResource(
      "note",
      new ResourceTemplate(`${scheme}notes/{date}`, {
        list: undefined,
        complete: {
          date: async (given) =>
            (await pathsLike(`memory/${given}`)).flatMap((path) => notePath.exec(path)?.[1] ?? []).slice(-completedMax),
        },
      }),
      { title: "Daily note", description: "The note of a day, by its date: 2026-01-31", mimeType: "text/markdown" },
      (uri) => read(uri, `memory/${pathOf(uri)}.md`),
    );
  }
  if (hasScope(client, "runs:read")) {
    mcp.registerResource(
      "run",
      new ResourceTemplate(`${scheme}runs/{runId}`, {
        list: async () => ({ resources: await listRunResources(memory, client) }),
      }),
      { title: "Run", description: "What a run did, step by step, and its result", mimeType: "application/json" },
      (uri) => readAs(uri, () => readRun(memory, client, { uri, runId: pathOf(uri) })),
    );
  }
}

function toFileResource({ path, bytes, modifiedAt }: { path: string; bytes: number; modifiedAt: Date }): Resource {
  const annotations = { lastModified: modifiedAt.toISOString() };
  return { uri: fileAddress(path), name: path, size: bytes, mimeType: mediaTypeOf(path), annotations };
}

function mediaTypeOf(path: string): string {
  if (path.endsWith(".md")) return "text/markdown";
  if (path.endsWith(".json")) return "application/json";
  return /\.ya?ml$/.test(path) ? "application/yaml" : "text/plain";
}

async function readFile(memory: Memory, client: McpClient, { uri, path }: { uri: URL; path: string }) {
  const { text, marks, ...file } = await readMarkedFile(memory, path, { as: client.viewer });
  const labels = labelsOfAll(marks);
  if (!isClearedFor(client, labels)) throw new RoostError("forbidden", `${path} is not for this key`);
  const told = tellContent(text, { labels, from: path });
  return { uri: uri.href, mimeType: mediaTypeOf(file.path), text: told.text, _meta: told.meta };
}

async function listRunResources({ kernel }: Memory, client: McpClient): Promise<Resource[]> {
  const runs = await listRuns(kernel, { limit: listedRunsMax });
  const known = await Promise.all(
    runs.map(async (run) => isClearedFor(client, await kernel.labelSets.read(kernel.database, run.labels))),
  );
  return runs
    .filter((_run, index) => known[index])
    .map(({ id, state, createdAt }) => ({
      uri: runAddress(id),
      // Titles may be from outside: they stand in the run itself, where they are marked.
      name: `run ${id}`,
      description: `${state}, begun ${createdAt.toISOString()}`,
      mimeType: "application/json",
    }));
}

async function readRun({ kernel }: Memory, client: McpClient, { uri, runId }: { uri: URL; runId: string }) {
  const run = await getRun(kernel.database, runId);
  const labels = await kernel.labelSets.read(kernel.database, run.labels);
  if (!isClearedFor(client, labels)) throw new RoostError("forbidden", `run ${runId} is not for this key`);
  const steps = await listSteps(kernel.database, runId);
  const record = { run: { ...toRunSummary(run), output: run.output }, steps: steps.map(toStepRecord) };
  const told = tellContent(JSON.stringify(record, undefined, 1), { labels, from: `run ${runId}` });
  return { uri: uri.href, mimeType: "application/json", text: told.text, _meta: told.meta };
}

async function readAs(
  uri: URL,
  read: () => Promise<ReadResourceResult["contents"][number]>,
): Promise<ReadResourceResult> {
  try {
    return { contents: [await read()] };
  } catch (thrown) {
    throw isHidden(thrown) ? new ResourceNotFoundError(uri.href) : thrown;
  }
}

/** What stands behind the first part of an address. Addresses lead nowhere by `..`: the path is checked as each of the home is. */
function pathOf(uri: URL): string {
  try {
    return decodeURIComponent(uri.pathname.slice(1));
  } catch {
    throw new ResourceNotFoundError(uri.href);
  }
}
