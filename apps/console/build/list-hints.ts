/** What a page needs first, by the first part of its address: its screen's chunk with styles, the font, and the first answers of the API. */
export interface ManifestChunk {
  file: string;
  css?: string[];
}

export type BundleManifest = Readonly<Record<string, ManifestChunk>>;

/** Address → the screen's source, and what it asks the gateway for at once. */
const screens: Readonly<Record<string, { source: string; asks?: string[] }>> = {
  "/": {
    source: "src/features/now/NowScreen.tsx",
    asks: ["activity?limit=500", "status"],
  },
  "/chat": { source: "src/features/chat/ChatScreen.tsx", asks: ["sessions?limit=200"] },
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
  for (const [path, { source, asks = [] }] of Object.entries(screens)) {
    const chunk = manifest[source];
    if (chunk === undefined) continue;
    const files = [
      always,
      link("modulepreload", chunk.file, ""),
      ...(chunk.css ?? []).map((file) => link("preload", file, 'as="style"')),
    ];
    const asked = asks.map((ask) => link("preload", `api/v1/${ask}`, 'as="fetch" crossorigin'));
    hints[path] = { files: files.join("\n    "), asks: asked.join("\n    ") };
  }
  return hints;
}

function link(rel: string, file: string, rest: string): string {
  return `<link rel="${rel}" href="/${file}"${rest === "" ? "" : ` ${rest}`} />`;
}
