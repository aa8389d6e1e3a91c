/** The page a browser is shown: what this is and where to go. No scripts, no secrets. */
export function startPage(version: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roost</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 34rem; margin: 3rem auto; padding: 0 1.25rem; }
  h1 { margin: 0; font-size: 1.6rem; }
  p.faint { margin: 0 0 2rem; opacity: .65; }
  pre { overflow-x: auto; padding: .8rem 1rem; border-radius: .5rem; background: color-mix(in srgb, currentColor 8%, transparent); }
  a { color: inherit; }
</style>
</head>
<body>
<h1>Roost is up</h1>
<p class="faint">version ${version}</p>
<p>This is the gateway of one home. It answers programs that have the home's token. From a terminal:</p>
<pre>roost ask "what can you do for me?"
roost ps
roost status</pre>
<p>Every operation stands in <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
</body>
</html>
`;
}
