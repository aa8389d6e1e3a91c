import type { ConsoleState } from "./open-console.ts";

const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/** The page while there is no console: it is being built, or why it could not be. */
export function describeConsole(state: Exclude<ConsoleState, { kind: "ready" }>): Response {
  const isFailed = state.kind === "failed";
  const body = isFailed
    ? `<h1>The console could not be built</h1><p>Roost itself is up: roost ps, roost chat. Mend what is said here, then start it again.</p><pre>${escape(state.why)}</pre>`
    : "<h1>The console is being built</h1><p>This takes a few seconds after its sources have changed. The page comes by itself.</p>";
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${isFailed ? "" : '<meta http-equiv="refresh" content="1">'}<title>Roost</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:38rem;margin:3rem auto;padding:0 1.25rem}h1{font-size:1.4rem}pre{overflow:auto;padding:.8rem 1rem;border-radius:.5rem;background:color-mix(in srgb,currentColor 8%,transparent)}</style>
</head><body>${body}</body></html>
`;
  return new Response(page, {
    status: isFailed ? 500 : 503,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": policy,
      ...(isFailed ? {} : { "retry-after": "1" }),
    },
  });
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
