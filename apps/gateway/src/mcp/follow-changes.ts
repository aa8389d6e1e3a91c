/** Changes of what clients read, from the log: one reader for all subscriptions, and none while there are none. */
import { toRoostError, type Logger } from "@roost/base";
import { parseLabels } from "@roost/contract/labels";
import { tailPages, type StoredEvent } from "@roost/kernel";
import type { McpChange, McpChanges } from "@roost/mcp";
import { classifyPath, maySeeFile, type Memory } from "@roost/memory";
import { fileAddress, noteAddress, runAddress } from "./home-resources.ts";
import { hasScope, isClearedFor, type McpClient } from "./mcp-client.ts";

const topics = ["home", "runs"];

interface Reading {
  stop: AbortController;
  stands: Promise<void>;
}

interface Follower {
  client: McpClient;
  listener: (change: McpChange) => void;
}

export function followChanges(memory: Memory, { logger }: { logger: Logger }): McpChanges<McpClient> {
  const { kernel } = memory;
  const followers = new Set<Follower>();
  let reading: Reading | undefined;

  function begin(): Reading {
    const stop = new AbortController();
    const { promise: stands, resolve: stand } = Promise.withResolvers<void>();
    const begun = { stop, stands };
    read(stop.signal, stand)
      .catch((thrown: unknown) => {
        if (reading === begun) reading = undefined;
        logger.warn("Changes for clients are not read any more", { error: toRoostError(thrown) });
      })
      .finally(stand);
    return begun;
  }
  async function read(signal: AbortSignal, stand: () => void): Promise<void> {
    // The first page, perhaps an empty one, comes when the place is known.
    for await (const { events } of tailPages(kernel, { topics, signal })) {
      stand();
      for (const event of events) tell(event);
    }
  }
  function tell(event: StoredEvent): void {
    const changes = event.topic === "runs" ? changesOfRun(event) : changesOfFile(event);
    if (changes === undefined) return;
    for (const { client, listener } of followers)
      if (changes.isFor(client)) for (const change of changes.told) listener(change);
  }
  return {
    subscribe(client, listener) {
      const follower = { client, listener };
      followers.add(follower);
      reading ??= begin();
      return {
        stands: reading.stands,
        end() {
          followers.delete(follower);
          if (followers.size > 0) return;
          reading?.stop.abort();
          reading = undefined;
        },
      };
    },
  };
}

interface Changes {
  told: McpChange[];
  isFor(client: McpClient): boolean;
}

function changesOfFile({ type, data }: StoredEvent): Changes | undefined {
  const { path, change, previousSha256 } = data as { path?: string; change?: string; previousSha256?: string };
  if (!type.startsWith("file.") || path === undefined) return undefined;
  const note = noteAddress(path);
  const isOfList =
    change === "created" || change === "deleted" || (change === undefined && previousSha256 === undefined);
  const told: McpChange[] = [{ kind: "resource_updated", uri: fileAddress(path) }];
  if (note !== undefined) told.push({ kind: "resource_updated", uri: note });
  if (isOfList) told.push({ kind: "resources_list_changed" });
  if (["skill", "job"].includes(classifyPath(path).class)) told.push({ kind: "prompts_list_changed" });
  return { told, isFor: (client) => hasScope(client, "files:read") && maySeeFile(client.viewer, path) };
}

function changesOfRun({ subject, data, labels }: StoredEvent): Changes | undefined {
  const { runId = subject } = data as { runId?: string };
  if (runId === undefined || runId === null) return undefined;
  const told: McpChange[] = [{ kind: "resource_updated", uri: runAddress(runId) }];
  return { told, isFor: (client) => hasScope(client, "runs:read") && isClearedFor(client, parseLabels(labels)) };
}
