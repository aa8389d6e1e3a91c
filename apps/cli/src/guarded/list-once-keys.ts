import type { OnceEntry } from "@roost/contract/operations";
import type { CliContext } from "../cli-context.ts";
import { toneOf } from "../print/create-paint.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

const keysMax = 5_000;

/** `roost once --list`: what was done, is being done, or is of unknown outcome. */
export async function listOnceKeys(context: CliContext, scope: string | undefined): Promise<void> {
  const { terminal, clock } = context;
  const { client } = await context.connect();
  const keys = await readPages((page) => client.listOnce({ ...page, scope }), keysMax);
  if (terminal.isJson) return terminal.json({ keys });
  const nowMs = clock.nowMs();
  const columns: Column<OnceEntry>[] = [
    { title: "KEY", value: (entry) => entry.key },
    { title: "SCOPE", value: (entry) => entry.scope },
    {
      title: "STATE",
      value: ({ state }) => (state === "in_progress" ? "running" : state),
      tone: ({ state }) => toneOf(state),
    },
    { title: "BEGAN", value: ({ beganAt }) => relativeTime(beganAt, nowMs), tone: () => "dim" },
    { title: "BY", value: ({ holder }) => holder ?? "", widthMin: 8, importance: 2, label: "by" },
    { title: "PURPOSE", value: ({ purpose }) => purpose ?? "", widthMin: 8, importance: 3 },
  ];
  terminal.table(keys, columns, scope === undefined ? "There are no keys" : `There are no keys in ${scope}`);
}
