/** What a page needs first, by the first part of its address: its screen's chunk with styles, the font, and the first answers of the API. */
import assert from "node:assert/strict";
import { addressOfCall } from "@roost/contract/client";
import { roostOperations } from "@roost/contract/operations";
import { feedAsks, sessionsAsk } from "../src/live/feed-asks.ts";

export interface ManifestChunk {
  file: string;
  css?: string[];
}

export type BundleManifest = Readonly<Record<string, ManifestChunk>>;

/** Operation → the input with which a screen calls it. */
type Asks = Readonly<Record<string, Record<string, unknown>>>;

/** Address → the screen's source, and what it asks the gateway for at once. */
const screens: Readonly<Record<string, { source: string; asks?: Asks }>> = {
  "/": { source: "src/features/now/NowScreen.tsx", asks: feedAsks },
  "/chat": { source: "src/features/chat/ChatScreen.tsx", asks: { listSessions: sessionsAsk } },
  "/needs": { source: "src/features/needs/NeedsScreen.tsx" },
  "/runs": { source: "src/features/runs/RunsScreen.tsx" },
  "/jobs": { source: "src/features/jobs/JobsScreen.tsx" },
};

/** By address. `asks` is of use to a browser that is signed in, and else does harm: it keeps the refusal. */
interface PageHints {
  files: string;
  asks: string;
}

export function listHints(manifest: BundleManifest): Record<string, PageHints> {
  const font = Object.keys(manifest).find((name) => name.endsWith("geist.woff2"));
  const always =
    font === undefined ? "" : link("preload", manifest[font]?.file ?? "", 'as="font" type="font/woff2" crossorigin');
  const hints: Record<string, PageHints> = { "*": { files: always, asks: "" } };
  for (const [path, { source, asks = {} }] of Object.entries(screens)) {
    const chunk = manifest[source];
    if (chunk === undefined) continue;
    const files = [
      link("modulepreload", chunk.file, ""),
      ...(chunk.css ?? []).map((file) => link("preload", file, 'as="style"')),
      always,
    ];
    const asked = Object.entries(asks).map(([id, given]) =>
      link("preload", addressOf(id, given), 'as="fetch" crossorigin'),
    );
    hints[path] = { files: files.join("\n    "), asks: asked.join("\n    ") };
  }
  return hints;
}

/** As the console's client asks for it, to the letter: any other is fetched twice. */
function addressOf(id: string, given: Record<string, unknown>): string {
  const operation = roostOperations.find((one) => one.id === id);
  assert(operation !== undefined, `${id} is no operation`);
  return addressOfCall(operation, given, { baseUrl: "api/v1" }).replaceAll("&", "&amp;");
}

function link(rel: string, file: string, rest: string): string {
  return `<link rel="${rel}" href="/${file}"${rest === "" ? "" : ` ${rest}`} />`;
}
