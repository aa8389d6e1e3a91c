/** Changes of what clients read, from the log: one reader for all subscriptions, and none while there are none. */
import { toRoostError, type Logger } from "@roost/base";
import { parseLabels } from "@roost/contract/labels";
import { tailEvents, type StoredEvent } from "@roost/kernel";
import type { McpChange, McpChanges } from "@roost/mcp";
import { classifyPath, maySeeFile, type Memory } from "@roost/memory";
import { fileAddress, noteAddress, runAddress } from "./home-resources.ts";
import { hasScope, isClearedFor, type McpClient } from "./mcp-client.ts";

const topics = ["home", "runs"];

interface Follower {
  client: McpClient;
  listener: (change: McpChange) => void;
}

export function followChanges(memory: Memory, { logger }: { logger: Logger }): McpChanges<McpClient> {
  const { kernel } = memory;
  const followers = new Set<Follower>();
  let reading: AbortController | undefined;

  async function read(signal: AbortSignal): Promise<void> {
    for await (const event of tailEvents(kernel, { topics, signal })) {
      const changes = event.topic === "runs" ? changesOfRun(event) : changesOfFile(event);
      if (changes === undefined) continue;
      for (const { client, listener } of followers)
        if (changes.isFor(client)) for (const change of changes.told) listener(change);
    }
  }
  return {
    subscribe(client, listener) {
      const follower = { client, listener };
      followers.add(follower);
      if (reading === undefined) {
        const own = (reading = new AbortController());
        read(own.signal).catch((thrown: unknown) => {
          if (reading === own) reading = undefined;
          logger.warn("Changes for clients are not read any more", { error: toRoostError(thrown) });
        });
      }
      return () => {
        followers.delete(follower);
        if (followers.size > 0) return;
        reading?.abort();
        reading = undefined;
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
